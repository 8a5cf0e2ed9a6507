// The cluster's log: one order for all who write and read it, whatever the brokers do.
#include "io/cluster_log.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "io/kafka_support.hpp"

namespace tocsin::cluster_log_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct heard {
  std::vector<std::string> texts;
  std::vector<std::int64_t> offsets, gone;
  std::vector<std::uint64_t> written;
  std::vector<std::string> troubles;
  std::vector<test::test_clock::time_point> at; ///< of texts
  bool at_end = false;
  int ends = 0;
};

class cluster_logs : public testing::Test {
protected:
  std::unique_ptr<cluster_log> open() {
    auto opened = open_cluster_log(kafka.output(), "log");
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }
  static void listen(cluster_log& log, test::told<heard>& to, std::int64_t from = -1) {
    cluster_log_callbacks c;
    c.read = [&to](std::vector<cluster_log_entry>&& entries, bool at_end) {
      to.say([&](heard& h) {
        for (auto& e : entries) {
          h.texts.push_back(e.bytes);
          h.offsets.push_back(e.offset);
          h.at.push_back(test::test_clock::now());
        }
        h.at_end = at_end;
        h.ends += at_end;
      });
    };
    c.gone = [&to](std::int64_t first) { to.say([&](heard& h) { h.gone.push_back(first); }); };
    c.written = [&to](std::uint64_t mark) { to.say([&](heard& h) { h.written.push_back(mark); }); };
    c.trouble = [&to](const std::string& text) { to.say([&](heard& h) { h.troubles.push_back(text); }); };
    log.start(from, std::move(c));
  }
  static bool reads(test::told<heard>& to, std::size_t count) {
    return to.wait([&](const heard& h) { return h.texts.size() >= count && h.at_end; });
  }

  test::mock_kafka kafka;
  test::told<heard> first, second;
};

TEST_F(cluster_logs, are_read_in_one_order_by_all_who_write_them) {
  kafka.create("log", 1);
  auto a = open(), b = open();
  listen(*a, first);
  listen(*b, second);
  for (int i = 0; i < 500; ++i) {
    EXPECT_TRUE(a->write("a" + std::to_string(i)));
    EXPECT_TRUE(b->write("b" + std::to_string(i)));
  }
  ASSERT_TRUE(reads(first, 1000));
  ASSERT_TRUE(reads(second, 1000));
  const auto one = first.get(), other = second.get();
  EXPECT_EQ(one.texts, other.texts);
  EXPECT_EQ(one.offsets, other.offsets);
  std::vector<std::int64_t> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(one.offsets, expected);
  std::vector<std::string> of_a;
  std::ranges::copy_if(one.texts, std::back_inserter(of_a), [](const std::string& t) { return t[0] == 'a'; });
  for (int i = 0; i < 500; ++i) EXPECT_EQ(of_a[static_cast<std::size_t>(i)], "a" + std::to_string(i));
  EXPECT_TRUE(test::eventually([&] { return a->status().lag() == 0 && a->status().offset == 1000 && a->status().connected; }));
}

TEST_F(cluster_logs, tell_the_marks_of_what_the_brokers_have) {
  kafka.create("log", 1);
  auto log = open();
  listen(*log, first);
  log->write("x", 7);
  log->write("nobody asks", 0);
  log->write("y", 8);
  EXPECT_TRUE(first.wait([](const heard& h) { return h.written.size() == 2; }));
  EXPECT_THAT(first.get().written, ElementsAre(7, 8));
  EXPECT_TRUE(log->flush(20s));
  EXPECT_EQ(log->status().queued, 0);
  EXPECT_EQ(log->status().written, 3);
}

TEST_F(cluster_logs, are_read_from_the_offset_that_is_asked_for) {
  kafka.create("log", 1);
  for (int i = 0; i < 5; ++i) kafka.produce("log", 0, "", std::to_string(i));
  auto log = open();
  listen(*log, first, 3);
  ASSERT_TRUE(reads(first, 2));
  EXPECT_THAT(first.get().texts, ElementsAre("3", "4"));
  EXPECT_THAT(first.get().gone, IsEmpty());
}

TEST_F(cluster_logs, say_when_they_are_empty) {
  kafka.create("log", 1);
  auto log = open();
  const auto kept = log->kept(std::chrono::seconds{10});
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, std::pair(std::int64_t{0}, std::int64_t{0}));
  listen(*log, first);
  EXPECT_TRUE(first.wait([](const heard& h) { return h.at_end; }));
  EXPECT_EQ(first.get().ends, 1);
}

TEST_F(cluster_logs, say_that_the_offset_is_gone_and_go_on_at_the_earliest) {
  kafka.create("log", 1);
  const std::string big(600'000, 'x'); // the mock keeps 5 MiB
  for (int i = 0; i < 12; ++i) kafka.produce("log", 0, "", big + std::to_string(i));
  auto log = open();
  const auto kept = log->kept(std::chrono::seconds{10});
  ASSERT_TRUE(kept);
  listen(*log, first, 1);
  ASSERT_TRUE(first.wait([](const heard& h) { return !h.gone.empty() && h.at_end; }));
  const auto h = first.get();
  ASSERT_EQ(h.gone.size(), 1);
  EXPECT_GT(h.gone[0], 1);
  EXPECT_EQ(h.offsets.front(), h.gone[0]);
  EXPECT_EQ(h.offsets.back(), 11);
  EXPECT_EQ(*kept, std::pair(h.gone[0], std::int64_t{12}));
}

TEST_F(cluster_logs, say_that_another_log_stands_there) {
  kafka.create("log", 1);
  kafka.produce("log", 0, "", "new");
  auto log = open();
  listen(*log, first, 1000);
  ASSERT_TRUE(first.wait([](const heard& h) { return !h.gone.empty() && h.texts.size() == 1; }));
  EXPECT_THAT(first.get().gone, ElementsAre(0));
}

TEST_F(cluster_logs, refuse_a_topic_of_several_partitions) {
  kafka.create("log", 4);
  const auto opened = open_cluster_log(kafka.output(), "log");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, errc::invalid);
  EXPECT_THAT(opened.error().text, HasSubstr("'log' has 4 partitions, 1 are configured; the cluster's log needs exactly one"));
}

TEST_F(cluster_logs, keep_what_is_written_while_the_brokers_are_away) {
  kafka.create("log", 1);
  auto log = open();
  listen(*log, first);
  log->write("before");
  ASSERT_TRUE(reads(first, 1));
  kafka.down();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(log->write(std::to_string(i)));
  EXPECT_FALSE(log->flush(100ms));
  EXPECT_TRUE(test::eventually([&] { return !log->status().connected; }));
  kafka.up();
  ASSERT_TRUE(reads(first, 101));
  const auto h = first.get();
  ASSERT_EQ(h.texts.size(), 101);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(h.texts[static_cast<std::size_t>(i) + 1], std::to_string(i));
}

TEST_F(cluster_logs, go_on_with_another_producer_when_one_is_refused) {
  kafka.create("log", 1);
  auto log = open();
  listen(*log, first);
  log->write("before");
  ASSERT_TRUE(reads(first, 1));
  kafka.refuse_produce(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(log->write(std::to_string(i), static_cast<std::uint64_t>(i) + 1));
  ASSERT_TRUE(first.wait([](const heard& h) { return h.written.size() >= 50; }));
  ASSERT_TRUE(reads(first, 51));
  const auto h = first.get();
  EXPECT_GE(log->status().rewritten, 1);
  EXPECT_THAT(h.troubles, testing::Contains(HasSubstr("TOPIC_AUTHORIZATION_FAILED")));
  // Each came at least once, and no one before the one ahead of it had come.
  std::vector<std::string> once;
  for (const auto& t : h.texts)
    if (std::ranges::find(once, t) == once.end()) once.push_back(t);
  ASSERT_EQ(once.size(), 51);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(once[static_cast<std::size_t>(i) + 1], std::to_string(i));
}

TEST_F(cluster_logs, take_no_more_than_they_may_hold) {
  kafka.create("log", 1);
  auto log = open();
  listen(*log, first);
  log->write("before");
  ASSERT_TRUE(reads(first, 1));
  EXPECT_FALSE(log->write(std::string(cluster_log::entry_bytes_max + 1, 'x'))) << "too large for a broker";
  EXPECT_EQ(log->status().dropped, 1);
  kafka.down();
  const std::string large(800'000, 'x');
  int taken = 0;
  while (taken < 1000 && log->write(large)) ++taken;
  EXPECT_EQ(taken, (64 << 20) / 800'000);
  EXPECT_EQ(log->status().dropped, 2);
}

TEST_F(cluster_logs, hand_an_entry_from_writer_to_reader_within_milliseconds) {
  kafka.create("log", 1);
  auto writer = open(), reader = open();
  listen(*writer, first);
  listen(*reader, second);
  ASSERT_TRUE(first.wait([](const heard& h) { return h.at_end; }));
  ASSERT_TRUE(second.wait([](const heard& h) { return h.at_end; }));
  constexpr std::size_t count = 500;
  std::vector<double> took_ms;
  for (std::size_t i = 0; i < count; ++i) {
    const auto begun = test::test_clock::now();
    writer->write("entry " + std::to_string(i));
    ASSERT_TRUE(second.wait([&](const heard& h) { return h.texts.size() > i; }));
    took_ms.push_back(std::chrono::duration<double, std::milli>(second.get().at[i] - begun).count());
  }
  const auto slowest = std::ranges::max_element(took_ms) - took_ms.begin();
  std::ranges::sort(took_ms);
  std::printf("write to read: p50 %.2f ms, p99 %.2f ms, most %.2f ms (entry %d)\n", took_ms[count / 2], took_ms[count * 99 / 100], took_ms.back(), static_cast<int>(slowest));
  EXPECT_LT(took_ms[count / 2], 50.0);
}

} // namespace
} // namespace tocsin::cluster_log_test

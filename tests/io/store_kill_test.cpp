// kill -9 at any moment: whatever was acknowledged is there, nothing is torn, and nothing comes
// twice.
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "store_support.hpp"
#include "support.hpp"

namespace tocsin::store_kill_test {

using namespace test;

namespace {

struct acknowledged {
  unsigned long long offset = 0, notifications = 0, delivered = 0;
};

/// What must hold after a kill; `known` is the last line the writer got out. Returns the number of
/// notifications.
std::uint64_t check(const std::string& path, const acknowledged& known) {
  auto opened = open_sqlite_store(path);
  if (!opened) {
    ADD_FAILURE() << opened.error().text;
    return 0;
  }
  store& s = **opened;
  EXPECT_GE(s.next_offset(), known.offset);
  std::uint64_t expected = 0;
  const auto done = s.replay(0, [&](record_batch&& batch) {
    if (expected == 0) expected = batch.first_offset; // older ones were trimmed
    EXPECT_EQ(batch.first_offset, expected);
    EXPECT_TRUE(is_as_written(batch));
    expected = batch.first_offset + batch.records.size();
  });
  EXPECT_TRUE(done) << (done ? "" : done.error().text);
  EXPECT_EQ(expected, s.next_offset());

  const auto snap = s.load_snapshot();
  EXPECT_TRUE(snap);
  if (snap && *snap) {
    EXPECT_LE((*snap)->next_offset, s.next_offset());
    EXPECT_EQ((*snap)->bytes, std::string(200'000, static_cast<char>((*snap)->next_offset % 251)));
  }

  // Journal and outbox belong together: the last notification names the last offset.
  std::uint64_t count = known.notifications, last_offset = 0;
  const auto exists = [&](std::uint64_t i) { return *s.ledger("i" + std::to_string(i)) != "[]"; };
  for (std::uint64_t i = 0; i < known.notifications; ++i) EXPECT_TRUE(exists(i)) << i;
  while (exists(count)) ++count;
  EXPECT_LE(count, known.notifications + 1)
      << "at most the one whose acknowledgement did not get out";
  const auto waiting = s.waiting(never, 1'000'000);
  EXPECT_TRUE(waiting);
  for (const auto& e : waiting.value_or(std::vector<outbox_entry>{})) {
    EXPECT_GE(std::stoull(e.id.substr(1)), known.delivered) << "delivered ones do not wait again";
    last_offset = std::max<std::uint64_t>(last_offset, std::stoull(e.body));
  }
  EXPECT_EQ(last_offset, s.next_offset());
  return count;
}

TEST(store_kill, loses_nothing_acknowledged) {
  const temporary_directory directory;
  const std::string path = directory.file("tocsin.db");
  std::mt19937 random{20261121};
  acknowledged known;
  std::uint64_t lines = 0, notifications = 0;
  for (int round = 0; round < 10; ++round) {
    child writer{{STORE_WRITER, path, std::to_string(round), std::to_string(notifications),
                  std::to_string(known.delivered)}};
    const auto take = [&](const std::string& line) {
      ASSERT_EQ(std::sscanf(line.c_str(), "%llu %llu %llu", &known.offset, &known.notifications,
                            &known.delivered),
                3);
      ++lines;
    };
    const auto first = writer.line();
    ASSERT_TRUE(first) << "the writer did not start";
    take(*first);
    const auto until = test_clock::now() + std::chrono::microseconds{random() % 100'000};
    while (const auto line = writer.line(until)) take(*line);
    writer.kill();
    while (const auto line = writer.line()) take(*line); // said before it died
    notifications = check(path, known);
    if (HasFailure()) FAIL() << "in round " << round;
  }
  EXPECT_GT(lines, 50u) << "the rounds were too short to mean anything";
  RecordProperty("acknowledged_commits", static_cast<int>(lines));
}

} // namespace

} // namespace tocsin::store_kill_test

// Stream sources: every byte of a file, a pipe or a peer reaches the decoder once, in order, and
// only with credit.
#include "io/stream_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "core/limits.hpp"
#include "io/clock.hpp"
#include "support.hpp"

namespace tocsin::stream_source_test {

using namespace test;
using testing::HasSubstr;

namespace {

std::string line(int up, const std::string& host = "10.0.0.1") {
  return R"({"at": 1700000000, "subject": "_RV.INFO.SYSTEM.HOST.STATUS.0A000001", "message": {"hostaddr": ")" +
         host + R"(", "up": )" + std::to_string(up) + "}}\n";
}

/// What a source handed on, collected across threads.
class collector {
public:
  source_callbacks callbacks() {
    return {[this](record_batch&& batch) {
              const std::lock_guard guard{mutex_};
              largest = std::max(largest, batch.records.size());
              for (const auto& r : batch.records) records.push_back(r);
              kept_.push_back(std::move(batch));
              changed_.notify_all();
            },
            [this](std::vector<decode_error>&& list) {
              const std::lock_guard guard{mutex_};
              for (auto& e : list) errors.push_back(std::move(e));
              changed_.notify_all();
            },
            [this] {
              const std::lock_guard guard{mutex_};
              ended = true;
              changed_.notify_all();
            }};
  }
  template <class Condition>
  bool wait(Condition holds) {
    std::unique_lock guard{mutex_};
    return changed_.wait_for(guard, patience, holds);
  }
  bool wait_records(std::size_t n) {
    return wait([&] { return records.size() >= n; });
  }
  bool wait_end() {
    return wait([&] { return ended.load(); });
  }
  std::size_t batches() {
    const std::lock_guard guard{mutex_};
    return kept_.size();
  }
  std::vector<std::uint64_t> uptimes() {
    const std::lock_guard guard{mutex_};
    std::vector<std::uint64_t> out;
    for (const auto& r : records) out.push_back(r.get(counter::uptime));
    return out;
  }

  std::vector<record> records;
  std::vector<decode_error> errors;
  std::size_t largest = 0;
  std::atomic<bool> ended{false};

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<record_batch> kept_;
};

std::vector<std::uint64_t> counted_to(std::size_t n) {
  std::vector<std::uint64_t> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = i;
  return out;
}

class streaming : public testing::Test {
protected:
  source& start_source(const std::string& path, const std::string& address = "",
                       const std::string& time = "arrival") {
    source_settings s;
    s.name = "fab";
    s.kind = "jsonl";
    s.path = path;
    s.address = address;
    s.time = time;
    running = make_stream_source(s, 5);
    running->start(got.callbacks());
    return *running;
  }
  /// Listens on a free port and returns it.
  int listen() {
    start_source("", "127.0.0.1:0");
    EXPECT_TRUE(eventually([&] { return running->status().state == "listening"; }));
    const std::string detail = running->status().detail;
    return std::stoi(detail.substr(detail.find("127.0.0.1:") + 10));
  }
  temporary_directory directory;
  collector got;
  std::unique_ptr<source> running; // last: its thread calls `got`
};

TEST_F(streaming, a_file_comes_whole_and_in_order) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += line(i);
  text.pop_back(); // the last line has no end
  auto& s = start_source(directory.write("in.jsonl", text));
  s.grant(1000);
  ASSERT_TRUE(got.wait_end());
  EXPECT_EQ(got.uptimes(), counted_to(20'000));
  EXPECT_LE(got.largest, limits::batch_records_max);
  EXPECT_GT(got.largest, limits::batch_records_max / 2) << "big blocks make big batches";
  EXPECT_EQ(got.records[0].vantage, 5);
  const auto status = s.status();
  EXPECT_EQ(status.state, "ended");
  EXPECT_EQ(status.records, 20'000u);
  EXPECT_EQ(status.bytes, text.size());
}

TEST_F(streaming, without_credit_nothing_comes) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += line(i);
  auto& s = start_source(directory.write("in.jsonl", text));
  s.grant(2);
  ASSERT_TRUE(got.wait([&] { return got.records.size() > 0; }));
  ASSERT_TRUE(eventually([&] { return got.batches() == 2; }));
  const auto so_far = s.status().records;
  EXPECT_LT(so_far, 5'000u);
  s.grant(1);
  ASSERT_TRUE(eventually([&] { return got.batches() == 3; }));
  EXPECT_FALSE(got.ended);
  s.grant(100);
  ASSERT_TRUE(got.wait_end());
  EXPECT_EQ(got.uptimes(), counted_to(5'000));
}

TEST_F(streaming, time_is_that_of_reading_or_of_the_message) {
  const auto before = wall_clock();
  const auto path = directory.write("in.jsonl", line(1));
  start_source(path).grant(9);
  ASSERT_TRUE(got.wait_end());
  EXPECT_GE(got.records[0].at, before);
  EXPECT_LE(got.records[0].at, wall_clock());
  running->stop();
  start_source(path, "", "message").grant(9);
  ASSERT_TRUE(got.wait_records(2));
  EXPECT_EQ(got.records[1].at, from_milliseconds(1'700'000'000'000));
}

TEST_F(streaming, bad_lines_are_told_and_the_rest_goes_on) {
  auto& s = start_source(directory.write(
      "in.jsonl", line(0) + "{broken\n" + line(1) + std::string(2 << 20, 'x') + "\n" + line(2)));
  s.grant(9);
  ASSERT_TRUE(got.wait_end());
  EXPECT_EQ(got.uptimes(), counted_to(3));
  ASSERT_GE(got.errors.size(), 2u);
  EXPECT_EQ(got.errors[0].position, 2u);
  EXPECT_EQ(s.status().errors, got.errors.size());
}

TEST_F(streaming, a_flood_of_garbage_is_counted_but_not_handed_on_without_bound) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "x\n";
  auto& s = start_source(directory.write("in.jsonl", text));
  s.grant(9);
  ASSERT_TRUE(got.wait_end());
  EXPECT_EQ(s.status().errors, 300'000u);
  EXPECT_GE(got.errors.size(), 1000u);
  EXPECT_LT(got.errors.size(), 100'000u);
}

TEST_F(streaming, a_missing_file_ends_it_with_an_error) {
  auto& s = start_source(directory.file("nothing"));
  ASSERT_TRUE(got.wait_end());
  ASSERT_EQ(got.errors.size(), 1u);
  EXPECT_THAT(got.errors[0].text, HasSubstr("No such file"));
  EXPECT_EQ(s.status().state, "lost");
  EXPECT_EQ(s.status().errors, 1u);
}

TEST_F(streaming, a_directory_ends_it_with_an_error) {
  start_source(std::filesystem::path{directory.file("x")}.parent_path().string()).grant(1);
  ASSERT_TRUE(got.wait_end());
  ASSERT_EQ(got.errors.size(), 1u);
  EXPECT_THAT(got.errors[0].text, HasSubstr("directory"));
}

TEST_F(streaming, a_named_pipe_waits_for_its_writer_and_gives_at_once_what_it_gets) {
  const auto path = directory.file("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  auto& s = start_source(path);
  s.grant(100);
  ASSERT_TRUE(eventually([&] { return s.status().state == "reading"; }));
  std::ofstream writer{path};
  for (int i = 0; i < 3; ++i) {
    writer << line(i) << std::flush;
    ASSERT_TRUE(got.wait_records(static_cast<std::size_t>(i) + 1))
        << "not kept back until more comes";
  }
  EXPECT_FALSE(got.ended);
  writer.close();
  ASSERT_TRUE(got.wait_end());
  EXPECT_EQ(got.uptimes(), counted_to(3));
}

TEST_F(streaming, standard_input) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const int before = ::dup(0);
  ::dup2(ends[0], 0);
  ::close(ends[0]);
  auto& s = start_source("-");
  s.grant(100);
  const std::string text = line(0) + line(1);
  ASSERT_EQ(::write(ends[1], text.data(), 30), 30) << "half a line";
  ASSERT_EQ(::write(ends[1], text.data() + 30, text.size() - 30),
            static_cast<ssize_t>(text.size() - 30));
  EXPECT_TRUE(got.wait_records(2));
  EXPECT_EQ(s.status().detail, "standard input");
  ::close(ends[1]);
  EXPECT_TRUE(got.wait_end());
  running.reset();
  EXPECT_NE(::fcntl(0, F_GETFD), -1) << "not ours to close";
  ::dup2(before, 0);
  ::close(before);
}

TEST_F(streaming, stop_ends_a_source_that_waits) {
  const auto path = directory.file("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  start_source(path).grant(1);
  running->stop();
  running->stop();
  EXPECT_FALSE(got.ended) << "stopped is not ended";
}

TEST_F(streaming, stop_from_within_a_callback) {
  source_settings settings;
  settings.kind = "jsonl";
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += line(i);
  settings.path = directory.write("in.jsonl", text);
  running = make_stream_source(settings, 0);
  std::atomic<int> batches{0};
  // The test lets go of `running` while this callback may still run.
  running->start({[&batches, stopped = running.get()](record_batch&&) {
                    ++batches;
                    stopped->stop();
                  },
                  [](auto&&) {}, [] {}});
  running->grant(100);
  ASSERT_TRUE(eventually([&] { return batches == 1; }));
  running.reset();
  EXPECT_EQ(batches, 1);
}

// -- a listening address --

TEST_F(streaming, peers_are_read_side_by_side_each_with_its_own_decoder) {
  const int port = listen();
  running->grant(1000);
  peer a{port}, b{port};
  const std::string one = line(1, "10.0.0.1"), two = line(2, "10.0.0.2");
  ASSERT_TRUE(a.send(one.substr(0, 40)));
  ASSERT_TRUE(b.send(two.substr(0, 20)));
  ASSERT_TRUE(a.send(one.substr(40)));
  ASSERT_TRUE(got.wait_records(1)) << "the half line of the other is not in the way";
  ASSERT_TRUE(b.send(two.substr(20)));
  ASSERT_TRUE(got.wait_records(2));
  EXPECT_EQ(got.uptimes(), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(running->status().state, "reading");
  EXPECT_THAT(running->status().detail, HasSubstr("2 connections"));
  EXPECT_EQ(running->status().reconnects, 2u);
}

TEST_F(streaming, a_peer_that_leaves_is_no_end) {
  const int port = listen();
  running->grant(1000);
  {
    peer a{port};
    ASSERT_TRUE(
        a.send(line(0) + line(1).substr(0, line(1).size() - 1))); // no line end before it leaves
  }
  ASSERT_TRUE(got.wait_records(2));
  ASSERT_TRUE(eventually([&] { return running->status().state == "listening"; }));
  peer b{port};
  ASSERT_TRUE(b.send(line(2)));
  ASSERT_TRUE(got.wait_records(3));
  b.reset();
  ASSERT_TRUE(eventually([&] { return running->status().state == "listening"; }));
  EXPECT_FALSE(got.ended);
  EXPECT_EQ(got.uptimes(), counted_to(3));
}

TEST_F(streaming, a_flooding_peer_does_not_starve_the_others) {
  const int port = listen();
  peer loud{port};
  std::string block;
  for (int i = 0; i < 2000; ++i) block += line(7);
  std::atomic<bool> stop{false};
  std::jthread flood{[&] {
    while (!stop && loud.send(block)) {
    }
  }};
  peer quiet{port};
  ASSERT_TRUE(quiet.send(line(1)));
  // Every grant lets one batch through; the quiet one must be heard within a few rounds.
  std::size_t granted = 0;
  const bool heard = eventually([&] {
    if (got.batches() == granted) {
      running->grant(1);
      ++granted;
    }
    const auto all = got.uptimes();
    return std::find(all.begin(), all.end(), 1u) != all.end();
  });
  EXPECT_TRUE(heard);
  EXPECT_LT(granted, 50u);
  stop = true;
  running->stop();
  running.reset(); // closes, so that the flood ends
}

TEST_F(streaming, too_many_peers_are_turned_away_and_the_rest_is_served) {
  const int port = listen();
  running->grant(1000);
  std::vector<std::unique_ptr<peer>> idle;
  for (std::size_t i = 0; i < limits::stream_connections_max; ++i)
    idle.push_back(std::make_unique<peer>(port));
  ASSERT_TRUE(
      eventually([&] { return running->status().reconnects == limits::stream_connections_max; }));
  peer extra{port};
  EXPECT_EQ(extra.receive_all(), "") << "closed by the other side";
  ASSERT_TRUE(got.wait([&] { return !got.errors.empty(); }));
  EXPECT_THAT(got.errors[0].text, HasSubstr("refused"));
  ASSERT_TRUE(idle.back()->send(line(0)));
  ASSERT_TRUE(got.wait_records(1));
  idle.front()->close();
  ASSERT_TRUE(eventually(
      [&] { return running->status().detail.find("63 connections") != std::string::npos; }));
  peer next{port};
  ASSERT_TRUE(next.send(line(1)));
  ASSERT_TRUE(got.wait_records(2));
}

TEST_F(streaming, an_address_in_use_is_told_once_and_tried_again) {
  const int port = listen();
  source_settings s;
  s.kind = "jsonl";
  s.address = "127.0.0.1:" + std::to_string(port);
  collector second_got;
  auto second = make_stream_source(s, 0);
  second->start(second_got.callbacks());
  ASSERT_TRUE(second_got.wait([&] { return !second_got.errors.empty(); }));
  EXPECT_THAT(second_got.errors[0].text, HasSubstr("in use"));
  EXPECT_EQ(second->status().state, "lost");
  running.reset();
  ASSERT_TRUE(eventually([&] { return second->status().state == "listening"; }))
      << "after a second or so";
  EXPECT_EQ(second_got.errors.size(), 1u);
}

} // namespace

} // namespace tocsin::stream_source_test

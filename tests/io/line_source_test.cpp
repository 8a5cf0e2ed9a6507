// The line as a source: readings of the seed, in order, as many batches as there is credit for, and an end when it is told.
#include "io/line_source.hpp"

#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

#include "core/limits.hpp"
#include "core/line_plant.hpp"
#include "io/clock.hpp"
#include "support.hpp"

namespace tocsin::line_source_test {

using namespace test;

namespace {

source_settings settings_of(std::uint32_t units, std::uint32_t channels) {
  source_settings s;
  s.name = "line";
  s.kind = "line";
  s.plant_seed = 7;
  s.line = {units, channels, 1ms, {"step etch1.pressure 50 sd at 0s for 1h"}};
  return s;
}

class collector {
public:
  source_callbacks callbacks() {
    return {[this](record_batch&& b) {
              const std::lock_guard lock{guard_};
              batches_.push_back(std::move(b));
              changed_.notify_all();
            },
            {}, {}};
  }
  /// The batches once there are so many; fewer when they do not come.
  const std::vector<record_batch>& wait(std::size_t n) {
    std::unique_lock lock{guard_};
    changed_.wait_for(lock, patience, [&] { return batches_.size() >= n; });
    return batches_;
  }

private:
  std::mutex guard_;
  std::condition_variable changed_;
  std::vector<record_batch> batches_;
};

TEST(line_source, gives_the_readings_of_the_line_in_real_time) {
  collector seen;
  const timestamp before = wall_clock();
  auto line = make_line_source(settings_of(2, 3), 0);
  line->start(seen.callbacks());
  line->grant(20);
  const auto& batches = seen.wait(20);
  line->stop();
  ASSERT_EQ(batches.size(), 20u);
  auto options = line_options_of(settings_of(2, 3).line, 7);
  options->start = batches[0].samples[0].at;
  EXPECT_GE(options->start, before);
  auto expected = *line_plant::make(*options);
  for (const record_batch& b : batches) {
    EXPECT_TRUE(b.records.empty());
    record_batch want;
    expected.next(want, limits::batch_records_max);
    ASSERT_EQ(b.samples.size(), want.samples.size());
    for (std::size_t i = 0; i < want.samples.size(); ++i) {
      EXPECT_EQ(b.samples[i].at, want.samples[i].at);
      EXPECT_EQ(b.samples[i].value, want.samples[i].value);
      EXPECT_EQ(b.samples[i].equipment, want.samples[i].equipment);
      EXPECT_EQ(b.samples[i].channel, want.samples[i].channel);
    }
  }
  EXPECT_LE(batches.back().samples[0].at, wall_clock()) << "no reading comes before its time";
  EXPECT_EQ(line->status().records, 20u * 6u);
  EXPECT_EQ(line->status().state, "reading");
}

TEST(line_source, hands_on_no_more_than_it_has_credit_for_and_leaves_nothing_out) {
  collector seen;
  auto line = make_line_source(settings_of(100, 64), 0); // 6400 readings a row: seven batches
  line->start(seen.callbacks());
  line->grant(3);
  EXPECT_EQ(seen.wait(3).size(), 3u);
  line->grant(11);
  const auto& batches = seen.wait(14);
  line->stop();
  ASSERT_EQ(batches.size(), 14u);
  std::size_t readings = 0;
  for (const record_batch& b : batches) {
    EXPECT_LE(b.samples.size(), limits::batch_records_max);
    readings += b.samples.size();
  }
  EXPECT_EQ(readings, 2u * 6400u);
  EXPECT_EQ(batches[13].samples[0].at - batches[0].samples[0].at, 1ms);
}

TEST(line_source, says_why_it_cannot_play) {
  source_settings s = settings_of(1, 1);
  s.line.faults = {"step etch9.pressure 4 sd at 1m for 1m"};
  auto line = make_line_source(s, 0);
  line->start({});
  ASSERT_TRUE(eventually([&] { return line->status().state == "lost"; }));
  EXPECT_NE(line->status().detail.find("no unit 'etch9'"), std::string::npos);
}

} // namespace

} // namespace tocsin::line_source_test

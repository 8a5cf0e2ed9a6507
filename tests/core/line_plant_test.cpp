// The simulated line: the same readings however they are asked for, faults where and when the schedule says, and nonsense named.
#include "core/line_plant.hpp"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

namespace tocsin::line_plant_test {
namespace {

/// "unit.channel" to its values, row by row.
using recording = std::map<std::string, std::vector<double>>;

recording record_line(std::vector<std::string> faults, std::size_t rows, std::size_t most = 1024, std::uint64_t seed = 1, std::uint32_t units = 5) {
  auto options = line_options_of({units, 4, 1s, std::move(faults)}, seed);
  EXPECT_TRUE(options) << options.error().text;
  auto line = line_plant::make(*options);
  EXPECT_TRUE(line) << line.error().text;
  recording out;
  while (line->next_due() < timestamp{} + static_cast<std::int64_t>(rows) * 1s) {
    record_batch batch;
    const timestamp due = line->next_due();
    line->next(batch, most);
    EXPECT_LE(batch.samples.size(), most);
    for (const sample& s : batch.samples) {
      EXPECT_EQ(s.at, due);
      EXPECT_EQ(s.key_hash, hash_key(s.equipment, s.channel));
      out[std::string{s.equipment} + "." + std::string{s.channel}].push_back(s.value);
    }
  }
  return out;
}

double mean(const std::vector<double>& x, std::size_t from, std::size_t to) {
  double sum = 0;
  for (std::size_t i = from; i < to; ++i) sum += x[i] / static_cast<double>(to - from);
  return sum;
}

TEST(line_plant, gives_the_same_readings_however_they_are_cut) {
  const recording whole = record_line({"step etch1.pressure 4 sd at 20s for 10s"}, 50);
  ASSERT_EQ(whole.size(), 20u);
  EXPECT_TRUE(whole.contains("etch2.temperature"));
  for (const auto& [name, values] : whole) EXPECT_EQ(values.size(), 50u) << name;
  for (const std::size_t most : {1u, 3u, 7u, 20u}) EXPECT_EQ(record_line({"step etch1.pressure 4 sd at 20s for 10s"}, 50, most), whole) << most;
  EXPECT_NE(record_line({}, 50, 1024, 2), whole);
}

TEST(line_plant, a_fault_is_where_and_when_the_schedule_says_and_nowhere_else) {
  const recording calm = record_line({}, 400);
  const recording faulty = record_line({"step cvd1.pressure 5 sd at 100s for 50s every 200s", "spike etch1.rf_power 20 sd at 70s", "drift clean1.temperature -10 sd at 0s for 400s"}, 400);
  for (const auto& [name, values] : calm) {
    const auto& other = faulty.at(name);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool in_step = name == "cvd1.pressure" && ((i >= 100 && i < 150) || (i >= 300 && i < 350));
      const double by = in_step ? 5 * 0.08 : name == "etch1.rf_power" && i == 70 ? 60 : name == "clean1.temperature" ? -10 * 0.05 * static_cast<double>(i) / 400 : 0;
      ASSERT_NEAR(other[i] - values[i], by, 1e-9) << name << ", row " << i;
    }
  }
}

TEST(line_plant, every_kind_of_fault_changes_its_channel_in_its_own_way) {
  const std::size_t rows = 900;
  const recording calm = record_line({}, rows);
  const auto with = [&](const std::string& fault) { return record_line({fault + " at 300s for 300s"}, rows).at("etch1.pressure"); };
  const auto spread = [](const std::vector<double>& x) {
    double sum = 0;
    for (std::size_t i = 300; i < 600; ++i) sum += std::fabs(x[i] - 12.5);
    return sum;
  };
  const auto& quiet = calm.at("etch1.pressure");
  EXPECT_NEAR(spread(with("noise etch1.pressure 3 times")) / spread(quiet), 3, 0.6);
  EXPECT_NEAR(spread(with("gain etch1.pressure 2 times")) / spread(quiet), 2, 1e-9);
  const auto stuck = with("stuck etch1.pressure");
  EXPECT_EQ(stuck[300], stuck[599]);
  EXPECT_NE(stuck[600], stuck[601]);
  EXPECT_GT(spread(with("oscillation etch1.pressure 3 sd")), 1.3 * spread(quiet));
  const auto bursts = with("intermittent etch1.pressure 5 sd");
  EXPECT_NEAR(mean(bursts, 300, 600) - mean(quiet, 300, 600), 5 * 0.08 / 5, 1e-9);
}

TEST(line_plant, two_faults_of_a_channel_add_up) {
  const recording calm = record_line({}, 100), both = record_line({"step etch1.pressure 2 sd at 10s for 50s", "step etch1.pressure 3 sd at 30s for 50s"}, 100);
  EXPECT_NEAR(both.at("etch1.pressure")[20] - calm.at("etch1.pressure")[20], 0.16, 1e-9);
  EXPECT_NEAR(both.at("etch1.pressure")[40] - calm.at("etch1.pressure")[40], 0.4, 1e-9);
  EXPECT_NEAR(both.at("etch1.pressure")[70] - calm.at("etch1.pressure")[70], 0.24, 1e-9);
}

TEST(line_plant, what_is_no_fault_is_named_with_a_remedy) {
  for (const char* bad : {"", "quake etch1.pressure 4 sd at 1m for 1m", "step etch1 4 sd at 1m for 1m", "step .pressure 4 sd at 1m for 1m", "step etch1.pressure at 1m for 1m",
                          "step etch1.pressure 4 times at 1m for 1m", "noise etch1.pressure 4 sd at 1m for 1m", "noise etch1.pressure -1 times at 1m for 1m",
                          "step etch1.pressure 4 sd for 1m", "step etch1.pressure 4 sd at 1m", "step etch1.pressure 4 sd at soon for 1m", "step etch1.pressure nan sd at 1m for 1m",
                          "step etch1.pressure 4 sd at 1m for 1m every 30s", "spike etch1.pressure 4 sd at 1m for 1m", "stuck etch1.pressure 4 sd at 1m for 1m",
                          "step etch1.pressure 4 sd at 1m for 1m until 3m", "step etch1.pressure 4 sd at 1m for"}) {
    const auto fault = parse_line_fault(bad);
    ASSERT_FALSE(fault) << bad;
    EXPECT_NE(fault.error().text.find("; "), std::string::npos) << fault.error().text;
  }
  for (const char* nobody : {"step etch9.pressure 4 sd at 1m for 1m", "step etch1.helium 4 sd at 1m for 1m"}) {
    auto options = line_options_of({5, 4, 1s, {nobody}}, 1);
    ASSERT_TRUE(options);
    EXPECT_FALSE(line_plant::make(*options)) << nobody;
  }
  EXPECT_FALSE(line_plant::make({.units = 0}));
  EXPECT_FALSE(line_plant::make({.channels = 65}));
  EXPECT_FALSE(line_plant::make({.interval = 0s}));
}

} // namespace
} // namespace tocsin::line_plant_test

// The monitor of raw samples: causal, the same after a restart, deaf to bad values, and it names what it found.
#include "core/detectors/sample_monitor.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/sensor_plant.hpp"

namespace tocsin::sample_monitor_test {
namespace {

std::vector<double> noise(std::size_t n, double ar = 0.5, std::uint64_t seed = 1) {
  sensor_options o;
  o.ar = ar;
  auto plant = sensor_plant::make({.sensors = {o}, .seed = seed});
  std::vector<double> x(n);
  for (double& v : x) v = plant->next().values[0];
  return x;
}

bool same(const sample_verdict& a, const sample_verdict& b) {
  return a.alert == b.alert && a.alarming == b.alarming && a.detector == b.detector && a.score == b.score && a.confidence == b.confidence;
}

struct seen {
  int alerts = 0;
  std::size_t row = 0;
  sample_verdict first;
};
seen look(const std::vector<double>& x, sample_options options = {}) {
  sample_monitor m{std::make_shared<const sample_limits>(options)};
  seen s;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (const sample_verdict v = m.next(x[i]); v.alert && s.alerts++ == 0) s.row = i, s.first = v;
  return s;
}

TEST(sample_monitor, each_fault_is_named_by_the_detector_made_for_it) {
  const std::vector<double> x = noise(5000, 0);
  const auto with = [&](auto change) {
    std::vector<double> y = x;
    for (std::size_t i = 4000; i < 4600; ++i) y[i] = change(i - 4000, y[i]);
    return look(y);
  };
  EXPECT_EQ(look(x).alerts, 0);
  EXPECT_EQ(with([](std::size_t i, double v) { return i == 0 ? v + 12 : v; }).first.detector, sample_detector::spike);
  EXPECT_EQ(with([](std::size_t, double v) { return v + 2; }).first.detector, sample_detector::shift);
  EXPECT_EQ(with([](std::size_t, double v) { return v + 0.6; }).first.detector, sample_detector::small_shift);
  EXPECT_EQ(with([](std::size_t, double v) { return 100 + 1.7 * (v - 100); }).first.detector, sample_detector::spread_up);
  EXPECT_EQ(with([](std::size_t, double v) { return 100 + 0.6 * (v - 100); }).first.detector, sample_detector::spread_down);
  EXPECT_EQ(with([](std::size_t, double) { return 100.25; }).first.detector, sample_detector::stuck);
  const seen tone = with([](std::size_t i, double v) { return v + 1.2 * std::sin(static_cast<double>(i) * 0.314); });
  EXPECT_EQ(tone.first.detector, sample_detector::oscillation);
  EXPECT_GE(tone.row, 4000u);
  EXPECT_GT(tone.first.confidence, 0.9f);
}

TEST(sample_monitor, a_prefix_of_the_input_gives_a_prefix_of_the_output) {
  const std::vector<double> x = noise(4000);
  for (const std::size_t cut : {1u, 700u, 1999u, 2001u, 3000u}) {
    sample_monitor whole, part;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto a = whole.next(x[i]), b = part.next(i < cut ? x[i] : -7e5 * static_cast<double>(i));
      ASSERT_TRUE(i >= cut || same(a, b)) << i;
    }
  }
}

TEST(sample_monitor, what_is_saved_and_loaded_goes_on_as_if_nothing_had_been) {
  std::vector<double> x = noise(5000);
  for (std::size_t i = 3000; i < 3300; ++i) x[i] += 3;
  for (const std::size_t cut : {0u, 1u, 499u, 500u, 1999u, 2000u, 3020u}) {
    sample_monitor first, second;
    for (std::size_t i = 0; i < cut; ++i) first.next(x[i]);
    writer w;
    first.save(w);
    reader r{w.bytes()};
    ASSERT_TRUE(second.load(r));
    EXPECT_TRUE(r.empty());
    for (std::size_t i = cut; i < x.size(); ++i) ASSERT_TRUE(same(first.next(x[i]), second.next(x[i]))) << cut << ", row " << i;
  }
  sample_monitor m;
  writer w;
  m.save(w);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, w.bytes().size() - 1}) {
    reader r{std::string_view(w.bytes()).substr(0, size)};
    EXPECT_FALSE(sample_monitor{}.load(r)) << size;
  }
}

TEST(sample_monitor, bad_values_are_not_learnt_and_huge_ones_do_no_harm) {
  const double nan = std::nan(""), infinite = std::numeric_limits<double>::infinity();
  sample_monitor m;
  const std::vector<double> x = noise(3000);
  for (const double v : x) m.next(v);
  const std::uint32_t rows = m.rows();
  for (const double bad : {nan, infinite, -infinite}) EXPECT_EQ(m.next(bad).score, 0);
  EXPECT_EQ(m.rows(), rows);
  EXPECT_TRUE(m.next(1e308).alert);
  for (int i = 0; i < 200; ++i) m.next(x[static_cast<std::size_t>(i)]);
  EXPECT_FALSE(m.next(x[200]).alarming);
}

TEST(sample_monitor, a_constant_channel_is_stuck_or_silent_but_never_divides_by_zero) {
  sample_monitor m;
  for (int i = 0; i < 10000; ++i) ASSERT_FALSE(m.next(42).alert) << "it always was constant: row " << i;
  EXPECT_TRUE(m.next(43).alert);
}

TEST(sample_monitor, a_level_that_stays_is_accepted_in_the_end_and_one_that_maintenance_made_at_once) {
  std::vector<double> x = noise(16000, 0);
  for (std::size_t i = 3000; i < x.size(); ++i) x[i] += 6;
  sample_monitor m;
  int late = 0;
  for (std::size_t i = 0; i < x.size(); ++i) late += m.next(x[i]).alarming && i > 6500 ? 1 : 0;
  EXPECT_EQ(late, 0);
  sample_monitor maintained;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i == 3000) maintained.rebase();
    ASSERT_FALSE(maintained.next(x[i]).alert) << i;
  }
}

/// One sample that is off by `magnitude` in row 4000 of noise of that law.
seen spiked(noise_law law, double ar, double magnitude, std::uint64_t seed) {
  sensor_options o;
  o.noise = law, o.ar = ar;
  auto plant = sensor_plant::make({.sensors = {o}, .seed = seed});
  std::vector<double> x(5000);
  for (double& v : x) v = plant->next().values[0];
  x[4000] += magnitude;
  return look(x);
}

TEST(sample_monitor, a_spike_in_autocorrelated_heavy_noise_is_known_by_its_echo) {
  int alone = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const seen s = spiked(noise_law::student5, 0.7, 18, seed);
    EXPECT_EQ(s.first.detector, sample_detector::spike) << seed;
    EXPECT_LE(s.row, 4001u) << seed;
    alone += spiked(noise_law::student5, 0, 18, seed).alerts; // below what the noise itself does once in a million rows
  }
  EXPECT_LT(alone, 10);
}

TEST(sample_monitor, the_long_side_of_skew_noise_has_a_limit_of_its_own) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    found += spiked(noise_law::lognormal, 0, 40, seed).row == 4000 ? 1 : 0;
    EXPECT_EQ(spiked(noise_law::lognormal, 0, 8, seed).alerts, 0) << seed;
  }
  EXPECT_GE(found, 38); // 2000 rows are few to know the shape by
}

TEST(sample_monitor, missing_samples_do_not_make_autocorrelated_noise_look_shifted) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<double> x = noise(20000, 0.9, seed);
    for (std::size_t i = 0; i < x.size(); ++i)
      if (i % 3 == 0) x[i] = std::nan("");
    EXPECT_EQ(look(x).alerts, 0) << seed;
  }
}

TEST(sensor_plant, equal_seeds_give_equal_rows_and_other_seeds_others) {
  EXPECT_EQ(noise(100), noise(100));
  EXPECT_NE(noise(100), noise(100, 0.5, 2));
}

TEST(sensor_plant, noise_has_the_variance_and_the_correlation_that_were_asked_for) {
  for (const noise_law law : {noise_law::gaussian, noise_law::student5, noise_law::lognormal}) {
    sensor_options o;
    o.noise = law, o.ar = 0.7, o.mean = 5, o.sigma = 2;
    auto plant = sensor_plant::make({.sensors = {o}, .seed = 3});
    double sum = 0, squares = 0, lagged = 0, before = 0;
    constexpr int n = 400'000;
    for (int i = 0; i < n; ++i) {
      const double d = plant->next().values[0] - 5;
      sum += d, squares += d * d, lagged += d * before;
      before = d;
    }
    EXPECT_NEAR(sum / n, 0, 0.06);
    EXPECT_NEAR(squares / n, 4 / (1 - 0.49), 0.25);
    EXPECT_NEAR(lagged / squares, 0.7, 0.01);
  }
}

TEST(sensor_plant, converter_recipe_and_missing_samples_are_as_told) {
  sensor_options o;
  o.adc_bits = 8, o.adc_range = 64, o.recipe = 10, o.missing = 0.1, o.sigma = 1, o.mean = 0;
  auto plant = sensor_plant::make({.sensors = {o}, .step_rows = 100, .step_jitter = 20, .seed = 4});
  int missing = 0, high = 0, changes = 0;
  std::uint32_t step = 0;
  for (int i = 0; i < 20000; ++i) {
    const sensor_row row = plant->next();
    changes += row.step != step ? 1 : 0;
    step = row.step;
    if (std::isnan(row.values[0])) {
      ++missing;
      continue;
    }
    EXPECT_EQ(row.values[0] * 4, std::floor(row.values[0] * 4)) << "steps of 64 / 256";
    high += (row.values[0] > 5) == (row.step == 1) ? 1 : 0;
  }
  EXPECT_NEAR(missing, 2000, 200);
  EXPECT_EQ(high, 20000 - missing);
  EXPECT_NEAR(changes, 200, 10);
}

TEST(sensor_plant, options_out_of_range_are_named) {
  sensor_options o;
  o.ar = 1;
  const auto made = sensor_plant::make({.sensors = {sensor_options{}, o}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, errc::invalid);
  EXPECT_NE(made.error().text.find("sensor 1: ar"), std::string::npos);
}

} // namespace
} // namespace tocsin::sample_monitor_test

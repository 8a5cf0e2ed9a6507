// The detectors of single channels against numpy, scipy and pandas, and what each must see and must not.
#include <cmath>
#include <iterator>
#include <random>

#include <gtest/gtest.h>

#include "core/detectors/cusum.hpp"
#include "core/detectors/ew_zscore.hpp"
#include "core/detectors/first_difference.hpp"
#include "core/detectors/mean_shift.hpp"
#include "core/detectors/modified_z.hpp"
#include "core/detectors/new_extreme.hpp"
#include "core/detectors/oscillation.hpp"
#include "core/detectors/page_hinkley.hpp"
#include "core/detectors/power_tail.hpp"
#include "core/detectors/record_rule.hpp"
#include "core/detectors/seasonal_baseline.hpp"
#include "core/detectors/stuck.hpp"
#include "core/detectors/tail_model.hpp"
#include "core/detectors/two_window.hpp"
#include "core/detectors/variance_change.hpp"
#include "detector_vectors.hpp"

namespace tocsin::detectors_test {
using namespace tocsin::detectors;
namespace {

constexpr std::size_t rows = std::size(vectors::series);

double near(double value) { return 1e-12 * std::max(1.0, std::fabs(value)); }

TEST(detectors, moments_are_those_of_numpy_and_then_of_pandas) {
  ew_moments m;
  for (std::size_t i = 0; i < rows; ++i) {
    m.add(vectors::series[i], alpha_of_half_life(20));
    ASSERT_NEAR(m.mean, vectors::ew_mean[i], near(vectors::ew_mean[i])) << i;
    // pandas' side is a difference of squares, which costs digits there.
    ASSERT_NEAR(m.var, vectors::ew_variance[i], 1e-11 * (1 + vectors::ew_mean[i] * vectors::ew_mean[i])) << i;
  }
}

TEST(detectors, a_z_score_is_the_distance_from_the_moments_before) {
  ew_zscore d{20};
  for (std::size_t i = 0; i < rows; ++i) {
    const double score = d.next(vectors::series[i]);
    if (i < 2) continue;
    const double expected = std::fabs(vectors::series[i] - vectors::ew_mean[i - 1]) / std::sqrt(vectors::ew_variance[i - 1]);
    ASSERT_NEAR(score, expected, 1e-9 * expected) << i;
  }
}

TEST(detectors, cusum_is_the_largest_sum_of_a_run_that_ends_here) {
  cusum c{0.5};
  for (std::size_t i = 0; i < rows; ++i)
    ASSERT_NEAR(c.next_z(vectors::standardised[i]), std::min(vectors::cusum_half[i], c.most), near(vectors::cusum_half[i])) << i;
}

TEST(detectors, two_windows_give_welchs_t_of_scipy) {
  two_window<6, 18> w;
  for (std::size_t i = 0; i < rows; ++i) {
    const double expected = vectors::welch_6_18[i];
    ASSERT_NEAR(w.next(vectors::series[i]), expected, 2e-5 * (1 + expected)) << i; // its ring is of floats
  }
}

TEST(detectors, median_and_mad_are_within_a_tenth_after_a_thousand_rows) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    std::mt19937_64 random{seed};
    std::normal_distribution<double> noise{50, 4};
    modified_z d;
    for (int i = 0; i < 1000; ++i) d.next(noise(random));
    EXPECT_NEAR(d.median, 50, 0.1 * 4);
    EXPECT_NEAR(d.mad, 0.67448975 * 4, 0.1 * 0.67448975 * 4) << "the exact MAD of 1000 rows has an error of 4 %, too";
  }
}

TEST(detectors, a_tail_model_states_the_frequency_of_exponential_scores) {
  std::mt19937_64 random{7};
  std::exponential_distribution<double> scores;
  tail_model t;
  int beyond_3 = 0;
  constexpr int n = 400'000;
  for (int i = 0; i < n; ++i) {
    const double said = t.next(scores(random));
    if (i > 10'000) beyond_3 += said > 3;
  }
  EXPECT_NEAR(beyond_3 / static_cast<double>(n), 1e-3, 4e-4);
}

TEST(detectors, a_record_beats_all_of_the_last_rows_and_equal_is_no_news) {
  record_rule r{16};
  EXPECT_TRUE(r.next(2));
  EXPECT_FALSE(r.next(2));
  EXPECT_FALSE(r.next(1));
  EXPECT_TRUE(r.next(3));
  for (int i = 0; i < 16; ++i) EXPECT_FALSE(r.next(0.5 * (i == 0))) << i;
  EXPECT_TRUE(r.next(0.1)) << "what is long ago is forgotten";
}

TEST(detectors, a_power_tail_says_how_rare_a_score_with_a_heavy_tail_is) {
  std::mt19937_64 random{8};
  std::uniform_real_distribution<double> uniform;
  power_tail t;
  int beyond_3 = 0;
  const int n = 100'000;
  for (int i = 0; i < n + 10'000; ++i) {
    const double said = t.next(std::pow(1 - uniform(random), -0.5)); // Pareto, xi = 0.5
    if (i > 10'000) beyond_3 += said > 3;
  }
  EXPECT_NEAR(beyond_3 / static_cast<double>(n), 1e-3, 4e-4);
  EXPECT_NEAR(t.quantile, std::pow(0.02, -0.5), 1);
}

TEST(detectors, differences_extremes_and_runs_are_counted_plainly) {
  first_difference d;
  new_extreme e{1e9};
  stuck s;
  EXPECT_EQ(d.next(3), 0);
  EXPECT_EQ(d.next(-1), 4);
  e.next(0), e.next(10);
  EXPECT_NEAR(e.next(15), 0.5, 1e-6);
  EXPECT_NEAR(e.next(-3), 0.2, 1e-6);
  EXPECT_EQ(e.next(7), 0);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(s.next(i), 0);
  for (int i = 1; i < 9; ++i) EXPECT_NEAR(s.next(999), i / 3.0, 1e-12) << "a run must not become its own measure";
  EXPECT_EQ(s.next(2), 0);
  EXPECT_LE(s.next(2), 1.0 / 8 + 1e-3) << "the longest run so far is";
}

TEST(detectors, shift_drift_and_page_hinkley_see_a_step_of_two_deviations) {
  std::mt19937_64 random{11};
  std::normal_distribution<double> noise;
  mean_shift m{10, 300};
  page_hinkley p{0.5};
  cusum c;
  double before_m = 0, before_p = 0, before_c = 0, after_m = 0, after_p = 0, after_c = 0;
  for (int i = 0; i < 2000; ++i) {
    const double x = noise(random) + (i >= 1950 ? 2 : 0);
    const double a = m.next(x), b = p.next(x), s = c.next(x);
    if (i < 500) continue;
    (i < 1950 ? before_m : after_m) = std::max(i < 1950 ? before_m : after_m, a);
    (i < 1950 ? before_p : after_p) = std::max(i < 1950 ? before_p : after_p, b);
    (i < 1950 ? before_c : after_c) = std::max(i < 1950 ? before_c : after_c, s);
  }
  EXPECT_GT(after_m, before_m);
  EXPECT_GT(after_p, 1.5 * before_p);
  EXPECT_GT(after_c, 1.5 * before_c);
}

TEST(detectors, variance_ratio_is_about_one_and_then_that_of_the_wider_noise) {
  std::mt19937_64 random{5};
  std::normal_distribution<double> noise;
  variance_change<2> v{{20, 40}, 3000};
  double sum = 0;
  for (int i = 0; i < 6000; ++i) {
    v.next(noise(random));
    if (i >= 1000) sum += v.ratio(0);
  }
  EXPECT_NEAR(sum / 5000, 1, 0.05);
  for (int i = 0; i < 200; ++i) v.next(3 * noise(random));
  EXPECT_NEAR(v.ratio(1), 9 * 0.72, 3) << "the slow window has begun to learn it";
}

TEST(detectors, an_oscillation_turns_less_often_than_noise) {
  std::mt19937_64 random{9};
  std::normal_distribution<double> noise;
  oscillation o;
  double usual = 0;
  for (int i = 0; i < 3000; ++i) {
    const double score = o.next(noise(random));
    if (i > 200) usual = std::max(usual, score);
  }
  EXPECT_NEAR(o.slow, 2.0 / 3, 0.04) << "turning points of white noise";
  double hunting = 0;
  for (int i = 0; i < 100; ++i) hunting = std::max(hunting, o.next(10 * std::sin(i * 0.3)));
  EXPECT_GT(hunting, 1.5 * usual);
}

TEST(detectors, the_season_of_a_day_is_taken_away_and_noise_is_left_alone) {
  std::mt19937_64 random{3};
  std::normal_distribution<double> noise;
  seasonal_baseline with, without;
  double left = 0, there = 0, changed = 0;
  constexpr int per_day = 96;
  for (int i = 0; i < 21 * per_day; ++i) {
    const timestamp at = from_nanoseconds(i * seasonal_baseline::day / per_day);
    const double e = noise(random), season = 10 * std::sin(6.283185307 * i / per_day);
    const double r = with.next(at, season + e), s = without.next(at, e);
    if (i < 14 * per_day) continue;
    left += r * r, there += (season + e) * (season + e), changed += (s - e) * (s - e);
  }
  EXPECT_LT(left, 0.05 * there);
  EXPECT_LT(changed, 0.1 * 7 * per_day);
  EXPECT_EQ(with.bucket_of(from_nanoseconds(-1)), 47u) << "before 1970 is a Wednesday";
  EXPECT_EQ(with.bucket_of(from_nanoseconds(2 * seasonal_baseline::day)), 48u) << "a Saturday";
}

} // namespace
} // namespace tocsin::detectors_test

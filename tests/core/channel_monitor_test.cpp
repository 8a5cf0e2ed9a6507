// The composite of a channel: causal, the same after a restart, deaf to bad values, and it sees what is injected.
#include "core/detectors/channel_monitor.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace tocsin::channel_monitor_test {
namespace {

timestamp minute(int i) { return from_nanoseconds(i * 60'000'000'000LL); }

std::vector<double> noise(int n, std::uint64_t seed = 1) {
  std::mt19937_64 random{seed};
  std::student_t_distribution<double> t{5};
  std::vector<double> x(static_cast<std::size_t>(n));
  double level = 100;
  for (double& v : x) v = (level += 0.02 * t(random)) + t(random);
  return x;
}

bool same(const row_verdict& a, const row_verdict& b) { return a.score == b.score && a.alert == b.alert && a.change_point == b.change_point; }

/// Rows from `begin` on in which the monitor alerts, with the strongest detector of the first.
struct found {
  int alerts = 0, first = -1;
  detector_kind strongest{};
};
found look(const std::vector<double>& x, int begin, channel_options options = {}) {
  channel_monitor m{std::make_shared<const channel_options>(options)};
  found f;
  for (int i = 0; i < static_cast<int>(x.size()); ++i) {
    const bool alert = m.next(minute(i), x[static_cast<std::size_t>(i)]).alert;
    if (i < begin || !alert) continue;
    if (f.alerts++ == 0) f.first = i, f.strongest = m.strongest()[0].kind;
  }
  return f;
}

TEST(channel_monitor, a_prefix_of_the_input_gives_a_prefix_of_the_output) {
  std::vector<double> x = noise(3000);
  for (std::size_t cut : {1u, 700u, 1999u}) {
    channel_monitor whole, part;
    std::vector<double> other = x;
    for (std::size_t i = cut; i < other.size(); ++i) other[i] = -5e6 * static_cast<double>(i);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto a = whole.next(minute(static_cast<int>(i)), x[i]), b = part.next(minute(static_cast<int>(i)), other[i]);
      ASSERT_EQ(same(a, b) || i >= cut, true) << i;
    }
  }
}

TEST(channel_monitor, what_is_saved_and_loaded_goes_on_as_if_nothing_had_been) {
  channel_options all;
  all.weights.fill(1);
  const auto options = std::make_shared<const channel_options>(all);
  const std::vector<double> x = noise(1200);
  for (int cut : {0, 1, 20, 777}) {
    channel_monitor first{options}, second{options};
    for (int i = 0; i < cut; ++i) first.next(minute(i), x[static_cast<std::size_t>(i)]);
    writer w;
    first.save(w);
    reader r{w.bytes()};
    ASSERT_TRUE(second.load(r));
    EXPECT_TRUE(r.empty());
    for (int i = cut; i < 1200; ++i)
      ASSERT_TRUE(same(first.next(minute(i), x[static_cast<std::size_t>(i)]), second.next(minute(i), x[static_cast<std::size_t>(i)]))) << i;
    writer again;
    second.save(again);
    writer once;
    first.save(once);
    EXPECT_EQ(again.bytes(), once.bytes());
  }
}

TEST(channel_monitor, broken_bytes_are_refused) {
  channel_monitor m;
  writer w;
  m.save(w);
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, w.bytes().size() - 1}) {
    reader r{std::string_view{w.bytes()}.substr(0, size)};
    EXPECT_FALSE(channel_monitor{}.load(r)) << size;
  }
  std::string other = w.bytes();
  other[0] = 9;
  reader r{other};
  EXPECT_FALSE(m.load(r)) << "another version";
}

TEST(channel_monitor, a_value_that_is_no_number_is_as_if_it_had_not_come) {
  const std::vector<double> x = noise(800);
  channel_monitor plain, disturbed;
  for (int i = 0; i < 800; ++i) {
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(), HUGE_VAL, -HUGE_VAL}) EXPECT_TRUE(same(disturbed.next(minute(i), bad), {}));
    ASSERT_TRUE(same(plain.next(minute(i), x[static_cast<std::size_t>(i)]), disturbed.next(minute(i), x[static_cast<std::size_t>(i)])));
  }
  EXPECT_EQ(disturbed.rows(), 800u);
}

TEST(channel_monitor, extreme_numbers_leave_it_in_order) {
  channel_monitor m;
  const double most = std::numeric_limits<double>::max(), least = std::numeric_limits<double>::denorm_min();
  for (int i = 0; i < 400; ++i)
    for (double x : {0.0, most, -most, least, 1e-300, 5.0}) ASSERT_TRUE(std::isfinite(m.next(minute(i), x).score));
  EXPECT_TRUE(std::isfinite(m.next(from_nanoseconds(INT64_MIN), 1).score));
  EXPECT_TRUE(std::isfinite(m.next(from_nanoseconds(INT64_MAX), 1).score));
}

TEST(channel_monitor, a_constant_and_a_pattern_of_shifts_that_was_learnt_raise_next_to_nothing) {
  EXPECT_EQ(look(std::vector<double>(5000, 42.0), 0).alerts, 0);
  std::vector<double> shifts(14 * 1440);
  for (int i = 0; i < 14 * 1440; ++i) shifts[static_cast<std::size_t>(i)] = i / 60 % 24 >= 9 && i / 60 % 24 < 18 ? 80 : 20;
  EXPECT_LE(look(shifts, 7 * 1440).alerts, 1) << "in a week with 14 changes of the level by three times the mean";
}

TEST(channel_monitor, unit_and_offset_do_not_matter) {
  const std::vector<double> x = noise(1500);
  channel_monitor a, b;
  for (int i = 0; i < 1500; ++i) {
    const double v = x[static_cast<std::size_t>(i)];
    const auto p = a.next(minute(i), v), q = b.next(minute(i), 1024 * v);
    ASSERT_NEAR(p.score, q.score, 1e-3 * (1 + p.score)) << i;
  }
}

TEST(channel_monitor, faults_that_matter_are_said_within_their_time) {
  struct {
    const char* name;
    int within;
    double (*fault)(double x, int since);
  } const cases[] = {{"spike of 20", 1, [](double x, int i) { return i == 0 ? x + 20 : x; }},
                     {"step of 6", 30, [](double x, int) { return x + 6; }},
                     {"noise times 5", 40, [](double x, int i) { return x + 5 * std::sin(37.0 * i * i); }},
                     {"stuck", 60, [](double, int) { return 101.0; }}};
  for (const auto& c : cases) {
    int seen = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      std::vector<double> x = noise(2100, seed);
      for (int i = 2000; i < 2100; ++i) x[static_cast<std::size_t>(i)] = c.fault(x[static_cast<std::size_t>(i)], i - 2000);
      const found f = look(x, 2000);
      seen += f.alerts > 0 && f.first < 2000 + c.within;
    }
    EXPECT_GE(seen, 4) << c.name;
  }
}

TEST(channel_monitor, a_stuck_sensor_is_named_by_the_detector_of_stuck_sensors) {
  std::vector<double> x = noise(2100);
  for (std::size_t i = 2000; i < 2100; ++i) x[i] = x[1999];
  const found f = look(x, 2000);
  ASSERT_GT(f.alerts, 0);
  EXPECT_EQ(to_text(f.strongest), "stuck");
}

TEST(channel_monitor, shares_add_up_and_weights_of_zero_have_none) {
  channel_options only;
  only.weights.fill(0);
  only.weights[static_cast<std::size_t>(detector_kind::z_score)] = 1;
  channel_monitor m{std::make_shared<const channel_options>(only)};
  for (int i = 0; i < 300; ++i) m.next(minute(i), std::sin(i));
  EXPECT_EQ(m.strongest()[0].kind, detector_kind::z_score);
  EXPECT_DOUBLE_EQ(m.strongest()[0].share, 1);
  EXPECT_DOUBLE_EQ(m.strongest()[1].share, 0);
}

channel_options only(detector_kind k) {
  channel_options o;
  o.weights.fill(0);
  o.weights[static_cast<std::size_t>(k)] = 1;
  o.limit = 1;
  return o;
}

TEST(channel_monitor, an_extreme_counts_by_the_orders_of_magnitude_of_its_excess_in_ranges) {
  channel_monitor m{std::make_shared<const channel_options>(only(detector_kind::extreme))};
  for (int i = 0; i < 200; ++i) m.next(minute(i), i % 11); // 0 to 10
  EXPECT_NEAR(m.next(minute(200), 10.1).score, 2, 0.1) << "a hundredth of the range";
  EXPECT_NEAR(m.next(minute(201), 20).score, 4, 0.1) << "a whole range";
  EXPECT_LT(m.next(minute(202), -0.01).score, 0.5) << "no record of the composite";
}

TEST(channel_monitor, a_usual_level_at_an_unusual_time_of_the_day_is_seen) {
  channel_monitor m{std::make_shared<const channel_options>(only(detector_kind::log_season_10))};
  std::mt19937_64 random{3};
  std::normal_distribution<double> noise{0, 0.1};
  const auto day = [](int row) { return 10 + 5 * std::sin(row * 2 * M_PI / 144); };
  double usual = 0, at_night = 0;
  for (int i = 0; i < 28 * 144 + 60; ++i) {
    const bool swapped = i >= 28 * 144 + 30;
    const double score = m.next(minute(10 * i), (swapped ? day(i + 72) : day(i)) + noise(random)).score;
    if (i >= 27 * 144) (swapped ? at_night : usual) = std::max(swapped ? at_night : usual, score);
  }
  EXPECT_GE(at_night, 2);
  EXPECT_LT(usual, 1);
}

TEST(channel_monitor, learning_rows_give_no_alert) {
  std::vector<double> x = noise(600);
  x[200] += 50;
  channel_options longer;
  longer.learn_rows = 300;
  EXPECT_GT(look(x, 150).alerts, 0);
  EXPECT_EQ(look(std::vector<double>(x.begin(), x.begin() + 300), 0, longer).alerts, 0);
}

TEST(channel_monitor, a_step_is_a_change_point_once) {
  std::vector<double> x = noise(1500);
  for (std::size_t i = 1000; i < x.size(); ++i) x[i] += 15;
  channel_monitor m;
  int after = 0;
  for (int i = 0; i < 1060; ++i) {
    const bool change = m.next(minute(i), x[static_cast<std::size_t>(i)]).change_point;
    if (i >= 1000) after += change;
  }
  EXPECT_EQ(after, 1);
}

} // namespace
} // namespace tocsin::channel_monitor_test

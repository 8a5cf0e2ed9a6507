// Analyses of a series: what a report says, and what it does not say of noise.
#include <gtest/gtest.h>

#include <cmath>

#include "core/analysis/analyses.hpp"
#include "core/analysis/signature_library.hpp"
#include "core/detectors/trend.hpp"
#include "core/splitmix.hpp"
#include "tests/core/simulated_group.hpp"

namespace tocsin::analysis_test {
namespace {

const double nan_ = std::nan("");

series series_of(table rows, duration step = 60s) {
  series out{"s.csv", {}, {}, std::move(rows), {}};
  for (std::size_t c = 0; c < out.rows.columns; ++c) out.channels.push_back("c" + std::to_string(c));
  for (std::size_t i = 0; i < out.rows.rows(); ++i) out.at.push_back(timestamp{} + static_cast<std::int64_t>(i) * step);
  return out;
}

double number(const report& r, std::size_t row, const std::string& column) {
  const auto at = static_cast<std::size_t>(std::find(r.columns.begin(), r.columns.end(), column) - r.columns.begin());
  const report_cell& c = r.findings.at(row).at(at);
  return std::holds_alternative<std::int64_t>(c) ? static_cast<double>(std::get<std::int64_t>(c)) : std::get<double>(c);
}
std::string text(const report& r, std::size_t row, const std::string& column) {
  const auto at = static_cast<std::size_t>(std::find(r.columns.begin(), r.columns.end(), column) - r.columns.begin());
  return std::get<std::string>(r.findings.at(row).at(at));
}
double fact(const report& r, const std::string& name) {
  for (const auto& [key, value] : r.facts)
    if (key == name) return std::holds_alternative<double>(value) ? std::get<double>(value) : static_cast<double>(std::get<std::int64_t>(value));
  ADD_FAILURE() << "no fact " << name;
  return nan_;
}

TEST(trend_analysis, allows_for_rows_that_follow_the_one_before) {
  splitmix64 random(1);
  int plain = 0, corrected = 0;
  constexpr int series_tried = 400;
  for (int s = 0; s < series_tried; ++s) {
    std::vector<double> x;
    double v = 0;
    for (int i = 0; i < 300; ++i) x.push_back(v = 0.7 * v + random.bell());
    const auto rank = mann_kendall(x);
    ASSERT_TRUE(rank);
    plain += rank->p_value < 0.05 ? 1 : 0;
    corrected += corrected_p_value(*rank, x) < 0.05 ? 1 : 0;
  }
  EXPECT_GT(plain, series_tried / 4); // AR 0.7: more than five times what is promised
  EXPECT_LT(corrected, series_tried / 10);
}

TEST(trend_analysis, names_what_rises_and_leaves_noise_alone) {
  splitmix64 random(2);
  table rows{3, {}};
  for (int i = 0; i < 5000; ++i) {
    const double row[] = {random.bell(), 0.001 * i + random.bell(), i < 4995 ? nan_ : 1.0};
    rows.push(row);
  }
  const auto said = trend_report(series_of(std::move(rows)), 24h);
  ASSERT_TRUE(said) << said.error().text;
  EXPECT_EQ(fact(*said, "trends"), 1);
  EXPECT_EQ(text(*said, 0, "channel"), "c1");
  EXPECT_EQ(text(*said, 0, "trend"), "rises");
  EXPECT_NEAR(number(*said, 0, "slope"), 1.44, 0.03); // 1440 rows of a minute
  EXPECT_NEAR(number(*said, 0, "theil_sen"), 1.44, 0.03);
  EXPECT_EQ(said->findings.size(), 2u);
  EXPECT_NE(said->notes.at(0).find("c2 is left out: 5 values"), std::string::npos);
}

TEST(trend_analysis, refuses_a_series_without_time) {
  series still = series_of(table{1, std::vector<double>(50, 1)}, 0s);
  const auto said = trend_report(still, 1h);
  ASSERT_FALSE(said);
  EXPECT_NE(said.error().text.find("s.csv: no time passes"), std::string::npos);
}

TEST(season_analysis, measures_strength_and_finds_the_peak) {
  splitmix64 random(3);
  table rows{2, {}};
  for (int i = 0; i < 480; ++i) {
    const double row[] = {i == 100 ? nan_ : 10 * std::sin(2 * 3.14159265 * i / 24) + random.bell(), random.bell()};
    rows.push(row);
  }
  const series of = series_of(std::move(rows), 3600s);
  for (const bool classic : {false, true}) {
    const auto said = season_report(of, {.length = 24h, .classic = classic});
    ASSERT_TRUE(said) << said.error().text;
    EXPECT_EQ(fact(said->said, "period_rows"), 24);
    EXPECT_GT(number(said->said, 0, "season_strength"), 0.95);
    EXPECT_LT(number(said->said, 1, "season_strength"), 0.5);
    EXPECT_NEAR(number(said->said, 0, "highest_at_row"), 6, 1.01);
    EXPECT_NEAR(number(said->said, 0, "season_height"), 20, 2.5);
    EXPECT_EQ(number(said->said, 0, "holes"), 1);
    EXPECT_EQ(said->parts[0].trend.size(), 480u);
  }
  EXPECT_FALSE(season_report(of, {.rows = 300}));
  EXPECT_FALSE(season_report(of, {.length = 90min})); // no whole number of rows
}

TEST(yield_analysis, says_plainly_that_nothing_survives) {
  const table rows = simulated_group(200, 12, 4);
  std::vector<outcome> outcomes;
  splitmix64 random(5);
  for (int i = 0; i < 200; ++i) outcomes.push_back(random.unit() < 0.2 ? outcome::failed : i % 7 == 0 ? outcome::unknown : outcome::passed);
  const auto said = yield_report(series_of(rows), outcomes, 5);
  ASSERT_TRUE(said) << said.error().text;
  EXPECT_EQ(fact(*said, "of_them_stable"), 0);
  EXPECT_EQ(said->findings.size(), 5u);
  EXPECT_EQ(said->notes.at(0).substr(0, 16), "nothing survives");
  EXPECT_FALSE(yield_report(series_of(rows), std::vector<outcome>(200, outcome::passed), 5));
}

TEST(yield_analysis, reads_outcomes_in_the_words_people_use) {
  for (const char* word : {"0", "PASS", "ok", "False", "-1"}) EXPECT_EQ(*parse_outcome(word), outcome::passed) << word;
  for (const char* word : {"1", "Fail", "nok", "TRUE"}) EXPECT_EQ(*parse_outcome(word), outcome::failed) << word;
  EXPECT_EQ(*parse_outcome(""), outcome::unknown);
  EXPECT_FALSE(parse_outcome("0.37"));
}

TEST(component_analysis, keeps_its_promise_on_normal_rows_and_finds_a_broken_correlation) {
  const series normal = series_of(simulated_group(2000, 6, 6));
  table later = simulated_group(1000, 6, 7);
  shift(later, 3, 3, 800, 1000);
  const series judged = series_of(std::move(later));
  const auto said = components_report(normal, judged, {.components = 2}, 10);
  ASSERT_TRUE(said) << said.error().text;
  int before = 0, during = 0;
  for (int i = 0; i < 1000; ++i) (i < 800 ? before : during) += said->rows[static_cast<std::size_t>(i)].alert ? 1 : 0;
  EXPECT_LT(before, 800 * 0.05);
  EXPECT_GT(during, 200 * 0.9);
  EXPECT_EQ(text(said->said, 0, "spe_carried_by").substr(0, 2), "c3");
  EXPECT_EQ(said->said.findings.size(), 10u);
  series other = judged;
  other.channels[2] = "x";
  const auto refused = components_report(normal, other, {}, 10);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("channel 3 is 'x' instead of 'c2'"), std::string::npos);
}

TEST(forest_analysis, has_the_share_of_alarms_it_says) {
  const auto said = forest_report(series_of(simulated_group(3000, 4, 8)), series_of(simulated_group(3000, 4, 9)), {}, 0.02, 5);
  ASSERT_TRUE(said) << said.error().text;
  EXPECT_NEAR(fact(said->said, "alarm_share"), 0.02, 0.012);
}

TEST(chart_analysis, judges_each_context_by_limits_of_its_own) {
  splitmix64 random(10);
  series of = series_of(table{1, {}});
  of.texts.emplace_back();
  for (int i = 0; i < 3000; ++i) {
    const bool b = i / 30 % 2 == 1;
    of.rows.values.push_back((b ? 50 : 10) + random.bell() + (b && i >= 2400 ? 2 : 0));
    of.at.push_back(timestamp{} + i * 1s);
    of.texts[0].push_back(b ? "B" : "A");
  }
  const auto said = spc_report(of, {.subgroup = 5, .learn = 100, .rules = "cusum", .most = 1000});
  ASSERT_TRUE(said) << said.error().text;
  EXPECT_EQ(fact(*said, "contexts"), 2);
  EXPECT_EQ(fact(*said, "points_judged"), 400);
  int late = 0, else_where = 0;
  for (std::size_t i = 0; i < said->findings.size(); ++i) (number(*said, i, "row") >= 2400 && text(*said, i, "context") == "B" ? late : else_where)++;
  EXPECT_GT(late, 10);
  EXPECT_LT(else_where, 6);
  EXPECT_FALSE(spc_report(of, {.subgroup = 200}));
}

TEST(signatures, are_recognised_at_another_size_and_not_mistaken) {
  const auto faulty = [](std::uint64_t seed, double a, double b, double c) {
    table rows = simulated_group(600, 5, seed);
    shift(rows, 0, a, 400, 600);
    shift(rows, 1, b, 400, 600);
    shift(rows, 4, c, 400, 600);
    return series_of(std::move(rows));
  };
  const row_range fault{400, 599}, normal{0, 399};
  signature_library library;
  for (const auto& [name, of] : {std::pair{"pump", faulty(1, 6, -6, 0)}, {"heater", faulty(2, 0, 0, 9)}}) {
    auto seen = capture_signature(of, fault, normal, name);
    ASSERT_TRUE(seen) << seen.error().text;
    ASSERT_TRUE(add_signature(library, of, {std::move(*seen), "test"}));
  }
  const auto again = capture_signature(faulty(3, 12, -12, 0), fault, normal, "seen");
  ASSERT_TRUE(again);
  const auto said = recognise_report(library, faulty(3, 12, -12, 0), *again);
  ASSERT_TRUE(said);
  EXPECT_EQ(std::get<std::string>(said->facts.at(0).second), "pump");
  const auto reverse = capture_signature(faulty(4, -6, 6, 0), fault, normal, "seen");
  ASSERT_TRUE(reverse);
  const auto no = recognise_report(library, faulty(4, -6, 6, 0), *reverse);
  ASSERT_TRUE(no);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(no->facts.at(0).second));
}

TEST(signatures, of_noise_are_refused_and_so_are_bad_ranges) {
  splitmix64 random(12);
  table rows{5, {}};
  for (int i = 0; i < 600 * 5; ++i) rows.values.push_back(random.bell());
  const series of = series_of(std::move(rows));
  for (const auto& [fault, why] : {std::pair{row_range{400, 599}, "no channel deviates"}, {row_range{400, 700}, "ends at row 599"}, {row_range{400, 403}, "at least 8"}, {row_range{300, 420}, "overlap"}}) {
    const auto seen = capture_signature(of, fault, {0, 399}, "x");
    ASSERT_FALSE(seen);
    EXPECT_NE(seen.error().text.find(why), std::string::npos) << seen.error().text;
  }
  for (const char* bad : {"", "5", "9-3", "a-b", "3-", "-3", "1-2x"}) EXPECT_FALSE(parse_row_range(bad)) << bad;
  EXPECT_EQ(parse_row_range("3-9")->size(), 7u);
}

} // namespace
} // namespace tocsin::analysis_test

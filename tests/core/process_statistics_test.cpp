#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/detectors/correlation.hpp"
#include "core/detectors/fault_signature.hpp"
#include "core/detectors/isolation_forest.hpp"
#include "core/detectors/pca.hpp"
#include "core/detectors/seasonal.hpp"
#include "core/detectors/spc.hpp"
#include "core/detectors/trend.hpp"
#include "core/detectors/yield_correlation.hpp"
#include "tests/core/simulated_group.hpp"

namespace tocsin::process_statistics_test {
namespace {

const double nan_ = std::nan("");

/// The 0-based points at which one rule fires on a chart with centre 0 and deviation 1.
std::vector<std::size_t> fires(spc_rule rule, const std::vector<double>& points) {
  shewhart_chart chart({0, 1}, bit(rule));
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (chart.next(points[i]) != 0) out.push_back(i);
  return out;
}

using at = std::vector<std::size_t>;

TEST(ShewhartChart, FiresEachRuleAtTheExactPoint) {
  EXPECT_EQ(fires(spc_rule::beyond_3, {0, 3.0, 3.1, -2, -3.01}), (at{2, 4}));
  EXPECT_EQ(fires(spc_rule::run_of_9, {-1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1}), (at{9, 10}));
  EXPECT_EQ(fires(spc_rule::run_of_8, {1, 1, 1, 1, 1, 1, 1, 1, -1}), (at{7}));
  EXPECT_EQ(fires(spc_rule::steady_6, {0, 0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0}), (at{6, 11}));
  std::vector<double> turns;
  for (int i = 0; i < 15; ++i) turns.push_back(i % 2 == 0 ? 0.1 : -0.1);
  EXPECT_EQ(fires(spc_rule::alternating_14, turns), (at{13, 14}));
  EXPECT_EQ(fires(spc_rule::two_of_3, {2.1, 0, 2.1, 0, 0, -2.1, 2.1, 2.1}), (at{2, 7}));
  EXPECT_EQ(fires(spc_rule::four_of_5, {1.1, 1.1, 0, 1.1, 1.1, 0.5, 1.1}), (at{4}));
  EXPECT_EQ(fires(spc_rule::fifteen_within, std::vector<double>(16, 0.9)), (at{14, 15}));
  EXPECT_EQ(fires(spc_rule::eight_outside, {2, -2, 2, -2, 2, -2, 2, -2, 0}), (at{7}));
}

TEST(ShewhartChart, AHoleBreaksARun) {
  EXPECT_EQ(fires(spc_rule::run_of_8, {1, 1, 1, 1, nan_, 1, 1, 1, 1, 1, 1, 1}), at{});
}

TEST(ShewhartChart, ContinuesFromASnapshot) {
  shewhart_chart whole({0, 1}, nelson), part({0, 1}, nelson);
  splitmix64 random(1);
  std::vector<double> points;
  for (int i = 0; i < 400; ++i) points.push_back(random.bell() + (i > 300 ? 1 : 0));
  for (std::size_t i = 0; i < points.size(); ++i) {
    writer out;
    part.save(out);
    shewhart_chart again({0, 1}, nelson);
    reader in(out.bytes());
    ASSERT_TRUE(again.load(in));
    ASSERT_EQ(again.next(points[i]), whole.next(points[i]));
    part.next(points[i]);
  }
}

/// Mean run length to the first signal over `runs` series of white noise.
template <class Chart, class Signal>
double run_length(Chart&& make, Signal&& signal, double shift_by, int runs) {
  splitmix64 random(7);
  double sum = 0;
  for (int r = 0; r < runs; ++r) {
    auto chart = make();
    for (int i = 1;; ++i)
      if (signal(chart, random.bell() + shift_by)) {
        sum += i;
        break;
      }
  }
  return sum / runs;
}

TEST(CusumAndEwmaCharts, HaveTheRunLengthsOfTheirMarkovChains) {
  const auto cusum = [] { return cusum_chart({0, 1}, 0.5, 4.77); };
  const auto signal = [](cusum_chart& c, double x) { return c.next(x) != 0; };
  // R's spc: 368.99 and 9.93 for this h, with a standard error of about 1/sqrt(runs); bell() is
  // nearly normal.
  EXPECT_NEAR(run_length(cusum, signal, 0, 3000), 370, 25);
  EXPECT_NEAR(run_length(cusum, signal, 1, 3000), 9.9, 0.4);
  const auto ewma = [] { return ewma_chart({0, 1}, 0.1, 2.7); };
  const auto beyond = [](ewma_chart& c, double x) { return c.next(x); };
  EXPECT_NEAR(run_length(ewma, beyond, 0, 3000), 369, 25);
  EXPECT_NEAR(run_length(ewma, beyond, 1, 3000), 9.7, 0.5);
}

TEST(ContextLimits, LearnEachContextAloneAndRobustly) {
  context_limits limits(25);
  splitmix64 random(3);
  for (int i = 0; i < 25; ++i) {
    EXPECT_EQ(*limits.add("A/etch", i == 5 ? 1e6 : 10 + random.bell()), nullptr);
    EXPECT_EQ(*limits.add("B/etch", 500 + 3 * random.bell()), nullptr);
  }
  const auto a = limits.add("A/etch", 10), b = limits.add("B/etch", 500);
  ASSERT_TRUE(a && *a && b && *b);
  EXPECT_NEAR((*a)->centre, 10, 0.8);
  EXPECT_NEAR((*a)->deviation, 1, 0.6);
  EXPECT_NEAR((*b)->centre, 500, 2.5);
  EXPECT_FALSE(limits.add("A/etch", nan_));
  limits.forget("A/etch");
  EXPECT_EQ(*limits.add("A/etch", 10), nullptr);
}

TEST(FaultLibrary, RecognisesAFaultItHasSeenAndNoOther) {
  fault_library library;
  const auto heater = fault_signature::capture("heater", {5, 0, 0, -2}),
             pump = fault_signature::capture("pump", {0, 3, 3, 0});
  ASSERT_TRUE(heater && pump && library.add(*heater) && library.add(*pump));
  const auto again = library.recognise(*fault_signature::capture("?", {9.5, 0.5, 0, -4.2}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->name, "heater");
  EXPECT_GT(again->similarity, 0.99);
  EXPECT_GT(again->margin, 0.9);
  EXPECT_FALSE(library.recognise(*fault_signature::capture("?", {-5, 0, 0, 2})))
      << "the other direction";
  EXPECT_FALSE(library.recognise(*fault_signature::capture("?", {1, 1, 1, 1}))) << "like none";
  EXPECT_FALSE(library.recognise(*fault_signature::capture("?", {4, 2.9, 2.9, -2}), 0.6, 0.1))
      << "like both";
  EXPECT_FALSE(library.add(*fault_signature::capture("narrow", {1, 2})));
  EXPECT_FALSE(fault_signature::capture("nothing", std::vector<double>{0, nan_}));
  EXPECT_FALSE(fault_signature::capture("beyond", {{7, 1.0}}, 4));
  writer out;
  library.save(out);
  fault_library other;
  reader in(out.bytes());
  ASSERT_TRUE(other.load(in));
  EXPECT_EQ(other.recognise(*heater)->name, "heater");
}

TEST(YieldCorrelation, FindsTheParameterThatMattersAndSaysWhetherItLasts) {
  table rows = simulated_group(600, 20, 11);
  std::vector<bool> failed;
  splitmix64 random(5);
  for (std::size_t i = 0; i < 600; ++i) failed.push_back(random.below(10) == 0);
  for (std::size_t i = 0; i < 600; ++i)
    if (failed[i]) {
      rows.values[i * 20 + 4] += 2;              // throughout
      if (i < 300) rows.values[i * 20 + 7] += 3; // at first only
    }
  const auto found = correlate_yield(rows, failed);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 20u);
  for (const auto& f : *found) {
    if (f.parameter == 4) {
      EXPECT_TRUE(f.stable && f.q_value < 0.01 && f.test.auc > 0.7);
    }
    if (f.parameter == 7) {
      EXPECT_TRUE(!f.stable && f.auc_early > 0.7);
    }
    EXPECT_GE(f.q_value, f.test.p_value);
  }
  EXPECT_FALSE(correlate_yield(rows, std::vector<bool>(600, false)));
  EXPECT_FALSE(correlate_yield(rows, std::vector<bool>(5, true)));
}

TEST(ParameterCorrelation, FindsThePairThatGoesTogether) {
  table rows = simulated_group(300, 5, 12);
  splitmix64 random(6);
  for (std::size_t i = 0; i < 300; ++i) {
    rows.values[i * 5 + 3] = std::exp(0.5 * rows.values[i * 5]) + 0.01 * random.bell();
    rows.values[i * 5 + 4] = 1; // cannot be tested
  }
  const auto found = correlate_parameters(rows);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 6u);
  EXPECT_EQ(found->front().first, 0u);
  EXPECT_EQ(found->front().second, 3u);
  EXPECT_GT(found->front().rank.coefficient, found->front().linear.coefficient);
}

TEST(PrincipalComponents, ContributionsSumToOneAndNameTheChannel) {
  const auto model = pca::train(simulated_group(400, 6, 13), {2, 0.9, 0.01});
  ASSERT_TRUE(model);
  std::vector<double> row{0, 100, 200, 300, 400, 500};
  row[2] += 9;
  const auto spe = model->spe_contributions(row), t2 = model->t2_contributions(row);
  EXPECT_EQ(spe[0].channel, 2u);
  EXPECT_GT(model->distance(row).spe, model->spe_limit_jackson());
  double spe_sum = 0, t2_sum = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    spe_sum += spe[i].share;
    t2_sum += t2[i].share;
  }
  EXPECT_NEAR(spe_sum, 1, 1e-12);
  EXPECT_NEAR(t2_sum, 1, 1e-12);
  writer out;
  model->save(out);
  reader in(out.bytes());
  const auto again = pca::load(in);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->distance(row).t2, model->distance(row).t2);
  EXPECT_EQ(again->distance(row).spe, model->distance(row).spe);
}

TEST(PrincipalComponents, TolerateCollinearFewAndMissing) {
  table rows = simulated_group(20, 30, 14); // fewer rows than channels
  for (std::size_t i = 0; i < 20; ++i) rows.values[i * 30 + 1] = -rows.values[i * 30];
  const auto model = pca::train(rows, {0, 1.0, 0.01});
  ASSERT_TRUE(model);
  EXPECT_LE(model->components(), 18u);
  std::vector<double> row(30, nan_);
  EXPECT_EQ(model->distance(row).t2, 0);
  EXPECT_TRUE(std::isfinite(model->distance(rows.row(3)).t2));
  EXPECT_TRUE(std::isfinite(model->t2_limit_f()) && std::isfinite(model->spe_limit_jackson()));
  EXPECT_FALSE(pca::train(table{2, {1, 2, 1, 2, 1, 2}}));
  EXPECT_FALSE(pca::train(table{1, {1, 2, nan_, 4}}));
}

TEST(IsolationForest, IsTheSameForASeedAndAfterASnapshot) {
  const table rows = simulated_group(300, 5, 15);
  const auto a = isolation_forest::train(rows), b = isolation_forest::train(rows);
  ASSERT_TRUE(a && b);
  writer out;
  a->save(out);
  reader in(out.bytes());
  const auto c = isolation_forest::load(in);
  ASSERT_TRUE(c);
  for (std::size_t i = 0; i < 300; ++i) {
    EXPECT_EQ(a->score(rows.row(i)), b->score(rows.row(i)));
    EXPECT_EQ(a->score(rows.row(i)), c->score(rows.row(i)));
  }
  const double hole[] = {1, 2, nan_, 4, 5};
  EXPECT_EQ(a->score(hole), 0);
  EXPECT_EQ(a->score(std::span(hole).first(3)), 0);
  const auto same = isolation_forest::train(table{2, std::vector<double>(20, 1.0)});
  ASSERT_TRUE(same);
  EXPECT_TRUE(std::isfinite(same->score(std::span(hole).first(2))));
  reader broken(std::string_view(out.bytes()).substr(0, out.bytes().size() / 2));
  EXPECT_FALSE(isolation_forest::load(broken));
}

TEST(SeriesStatistics, RefuseWhatTheyCannotJudge) {
  const std::vector<double> line{1, 2, 3, 4}, hole{1, nan_, 3, 4}, still{2, 2, 2, 2};
  EXPECT_FALSE(linear_regression(line, std::span(line).first(3)));
  EXPECT_FALSE(linear_regression(still, line));
  EXPECT_FALSE(linear_regression(line, hole));
  EXPECT_EQ(linear_regression(line, still)->p_value, 1);
  EXPECT_EQ(linear_regression(line, line)->p_value, 0);
  EXPECT_EQ(mann_kendall(still)->p_value, 1);
  EXPECT_FALSE(theil_sen(still, line));
  EXPECT_FALSE(pearson(still, line));
  EXPECT_FALSE(mann_whitney(line, {}));
  EXPECT_EQ(mann_whitney(still, still)->p_value, 1);
  EXPECT_FALSE(classic_decomposition(line, 3));
  EXPECT_FALSE(stl_decomposition(hole, 2));
  EXPECT_FALSE(stl_decomposition(line, 2, {4, 0, 0, 5, 0}));
}

} // namespace
} // namespace tocsin::process_statistics_test

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/detectors/correlation.hpp"
#include "core/detectors/isolation_forest.hpp"
#include "core/detectors/pca.hpp"
#include "core/detectors/seasonal.hpp"
#include "core/detectors/trend.hpp"
#include "core/detectors/yield_correlation.hpp"
#include "core/statistics/distributions.hpp"
#include "core/statistics/order.hpp"
#include "tests/core/oracle.hpp"

namespace tocsin::multivariate_oracle_test {
namespace {

void expect_near(double value, double expected, double relative) {
  EXPECT_NEAR(value, expected, relative * std::max(1e-300, std::abs(expected)));
}

TEST(Distributions, AgreeWithScipy) {
  const auto& rows = oracle("distributions");
  ASSERT_EQ(rows.size() % 5, 0u);
  for (std::size_t i = 0; i < rows.size(); i += 5) {
    const double x = rows[i + 1], a = rows[i + 2], b = rows[i + 3];
    SCOPED_TRACE(::testing::Message()
                 << "kind " << rows[i] << " of " << x << ", " << a << ", " << b);
    double value = 0;
    switch (static_cast<int>(rows[i])) {
    case 0:
      value = normal_tail(x);
      break;
    case 1:
      value = normal_quantile(x);
      break;
    case 2:
      value = chi2_tail(x, a);
      break;
    case 3:
      value = chi2_quantile(x, a);
      break;
    case 4:
      value = student_tail(x, a);
      break;
    case 5:
      value = f_tail(x, a, b);
      break;
    default:
      value = f_quantile(x, a, b);
    }
    EXPECT_NEAR(value, rows[i + 4], 1e-10 * std::abs(rows[i + 4]) + 1e-13);
  }
}

TEST(Trend, AgreesWithScipy) {
  const auto &x = oracle("trend_x"), &y = oracle("trend_y");
  const auto line = linear_regression(x, y);
  ASSERT_TRUE(line);
  const auto& expected = oracle("trend_line");
  expect_near(line->slope, expected[0], 1e-10);
  expect_near(line->intercept, expected[1], 1e-10);
  expect_near(line->slope_error, expected[2], 1e-10);
  EXPECT_NEAR(line->p_value, expected[3], 1e-8);
  expect_near(line->r_squared, expected[4], 1e-10);
  const auto kendall = mann_kendall(y);
  ASSERT_TRUE(kendall);
  expect_near(kendall->tau, oracle("trend_kendall")[0], 1e-10);
  EXPECT_NEAR(kendall->p_value, oracle("trend_kendall")[1], 1e-8);
  const auto sen = theil_sen(x, y);
  ASSERT_TRUE(sen);
  expect_near(sen->slope, oracle("trend_sen")[0], 1e-10);
  expect_near(sen->intercept, oracle("trend_sen")[1], 1e-10);
}

void expect_parts(const decomposition& d, const std::vector<double>& expected, double tolerance) {
  const std::size_t n = d.trend.size();
  ASSERT_EQ(expected.size(), 3 * n);
  for (std::size_t i = 0; i < n; ++i) {
    const double parts[] = {d.trend[i], d.season[i], d.remainder[i]};
    for (std::size_t p = 0; p < 3; ++p) {
      const double e = expected[p * n + i];
      if (std::isnan(e))
        EXPECT_TRUE(std::isnan(parts[p])) << i;
      else
        EXPECT_NEAR(parts[p], e, tolerance) << "part " << p << " at " << i;
    }
  }
}

TEST(SeasonalDecomposition, AgreesWithStatsmodels) {
  const auto& y = oracle("season_y");
  for (std::size_t period : {6u, 7u}) {
    const auto classic = classic_decomposition(y, period);
    ASSERT_TRUE(classic);
    expect_parts(*classic, oracle("season_classic_" + std::to_string(period)), 1e-10);
    const auto stl = stl_decomposition(y, period);
    ASSERT_TRUE(stl);
    expect_parts(*stl, oracle("season_stl_" + std::to_string(period)), 1e-6);
  }
  const auto robust = stl_decomposition(y, 7, {9, 15, 0, 2, 15});
  ASSERT_TRUE(robust);
  expect_parts(*robust, oracle("season_stl_robust"), 1e-6);
}

TEST(Correlation, AgreesWithScipyAndStatsmodels) {
  const auto &x = oracle("pair_x"), &y = oracle("pair_y");
  const auto linear = pearson(x, y), rank = spearman(x, y);
  ASSERT_TRUE(linear && rank);
  expect_near(linear->coefficient, oracle("pair_pearson")[0], 1e-12);
  EXPECT_NEAR(linear->p_value, oracle("pair_pearson")[1], 1e-9);
  expect_near(rank->coefficient, oracle("pair_spearman")[0], 1e-12);
  EXPECT_NEAR(rank->p_value, oracle("pair_spearman")[1], 1e-9);
  const auto u = mann_whitney(std::span(x).first(11), std::span(y).subspan(11));
  ASSERT_TRUE(u);
  expect_near(u->u, oracle("rank_sum")[0], 1e-12);
  EXPECT_NEAR(u->p_value, oracle("rank_sum")[1], 1e-9);
  const auto q = false_discovery_q(oracle("many_p"));
  for (std::size_t i = 0; i < q.size(); ++i) EXPECT_NEAR(q[i], oracle("many_q")[i], 1e-12);
}

TEST(PrincipalComponents, AgreeWithScikitLearn) {
  const table rows{6, oracle("pca_rows")};
  const auto model = pca::train(rows, {3, 0.9, 0.01});
  ASSERT_TRUE(model);
  ASSERT_EQ(model->components(), 3u);
  for (std::size_t k = 0; k < 3; ++k)
    expect_near(model->eigenvalues()[k], oracle("pca_eigenvalues")[k], 1e-10);
  for (std::size_t i = 0; i < 18; ++i)
    EXPECT_NEAR(model->loadings()[i], oracle("pca_loadings")[i], 1e-8);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto d = model->distance(rows.row(i));
    expect_near(d.t2, oracle("pca_t2")[i], 1e-8);
    expect_near(d.spe, oracle("pca_spe")[i], 1e-8);
  }
  const auto& limits = oracle("pca_limits");
  expect_near(model->t2_limit_f(), limits[0], 1e-10);
  expect_near(model->t2_limit_chi2(), limits[1], 1e-10);
  expect_near(model->spe_limit_jackson(), limits[2], 1e-8);
  expect_near(model->spe_limit_chi2(), limits[3], 1e-8);
}

TEST(IsolationForest, RanksRowsAsScikitLearnDoes) {
  const table rows{4, oracle("forest_rows")};
  const auto forest = isolation_forest::train(rows, {100, 256, 1});
  ASSERT_TRUE(forest);
  std::vector<double> scores;
  for (std::size_t i = 0; i < rows.rows(); ++i) scores.push_back(forest->score(rows.row(i)));
  const auto rank = spearman(scores, oracle("forest_scores"));
  ASSERT_TRUE(rank);
  EXPECT_GE(rank->coefficient, 0.94);
  const auto auc = mann_whitney(std::span(scores).subspan(380), std::span(scores).first(380));
  ASSERT_TRUE(auc);
  EXPECT_NEAR(auc->auc, oracle("forest_auc")[0], 0.01);
}

TEST(IsolationForest, PathLengthsAreExact) {
  EXPECT_EQ(isolation_path(0), 0);
  EXPECT_EQ(isolation_path(1), 0);
  EXPECT_DOUBLE_EQ(isolation_path(2), 1);
  EXPECT_DOUBLE_EQ(isolation_path(3), 2 * 1.5 - 2 * 2.0 / 3);
  // Two different points: every tree cuts once, so both have the usual path and score one half.
  const auto forest = isolation_forest::train(table{1, {0, 1}}, {10, 256, 3});
  ASSERT_TRUE(forest);
  const double low = 0;
  EXPECT_DOUBLE_EQ(forest->score({&low, 1}), 0.5);
}

} // namespace
} // namespace tocsin::multivariate_oracle_test

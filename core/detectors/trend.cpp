#include "core/detectors/trend.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/statistics/distributions.hpp"
#include "core/statistics/order.hpp"

namespace tocsin {

namespace {
constexpr std::size_t pairs_of_most = 5000;

result<void> check(std::span<const double> x, std::span<const double> y, std::size_t least,
                   std::size_t most) {
  if (x.size() != y.size())
    return fail(errc::invalid, "trend: " + std::to_string(x.size()) + " times for " +
                                   std::to_string(y.size()) + " values");
  if (x.size() < least || x.size() > most)
    return fail(errc::invalid, "trend: " + std::to_string(x.size()) + " points; " +
                                   std::to_string(least) + " to " + std::to_string(most) +
                                   " are needed");
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!std::isfinite(x[i]) || !std::isfinite(y[i]))
      return fail(errc::invalid,
                  "trend: point " + std::to_string(i) + " is not finite; leave it out");
  return {};
}
} // namespace

result<line_fit> linear_regression(std::span<const double> x, std::span<const double> y) {
  if (auto good = check(x, y, 3, 100'000'000); !good) return tl::make_unexpected(good.error());
  const double n = static_cast<double>(x.size());
  double mx = 0, my = 0, sxx = 0, sxy = 0, syy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mx += x[i] / n;
    my += y[i] / n;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    sxx += (x[i] - mx) * (x[i] - mx);
    sxy += (x[i] - mx) * (y[i] - my);
    syy += (y[i] - my) * (y[i] - my);
  }
  if (!(sxx > 0) || !std::isfinite(sxx) || !std::isfinite(syy))
    return fail(errc::invalid, "trend: all times are equal, or values are too large to square");
  line_fit out;
  out.slope = sxy / sxx;
  out.intercept = my - out.slope * mx;
  if (!(syy > 0)) return out;
  out.r_squared = std::min(1.0, sxy * sxy / (sxx * syy));
  out.slope_error = std::sqrt((1 - out.r_squared) * syy / sxx / (n - 2));
  out.p_value =
      out.slope_error > 0 ? 2 * student_tail(std::abs(out.slope) / out.slope_error, n - 2) : 0;
  return out;
}

result<rank_trend> mann_kendall(std::span<const double> values) {
  if (auto good = check(values, values, 3, pairs_of_most); !good)
    return tl::make_unexpected(good.error());
  const double n = static_cast<double>(values.size()), pairs = n * (n - 1) / 2;
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t j = i + 1; j < values.size(); ++j)
      sum += (values[j] > values[i] ? 1 : 0) - (values[j] < values[i] ? 1 : 0);
  // Of t equal values: t (t-1) / 2 pairs, and t (t-1) (2t+5) in the variance.
  double tied = 0, variance = n * (n - 1) * (2 * n + 5);
  const auto rank = ranks(values);
  std::vector<double> sorted(rank.begin(), rank.end());
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i;
    while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
    const double t = static_cast<double>(end - i);
    tied += t * (t - 1) / 2;
    variance -= t * (t - 1) * (2 * t + 5);
    i = end;
  }
  rank_trend out;
  if (!(tied < pairs)) return out; // all equal: no trend
  out.tau = sum / std::sqrt(pairs) / std::sqrt(pairs - tied);
  out.z = sum / std::sqrt(variance / 18);
  out.p_value = 2 * normal_tail(std::abs(out.z));
  return out;
}

double corrected_p_value(const rank_trend& of, std::span<const double> detrended) {
  const auto rank = ranks(detrended);
  const double n = static_cast<double>(rank.size());
  if (rank.size() < 4) return of.p_value;
  const double mean = (n + 1) / 2, least = 1.96 / std::sqrt(n);
  double variance = 0, sum = 0;
  for (const double r : rank) variance += (r - mean) * (r - mean);
  if (!(variance > 0)) return of.p_value;
  for (std::size_t lag = 1; lag + 2 < rank.size(); ++lag) {
    double together = 0;
    for (std::size_t i = lag; i < rank.size(); ++i) together += (rank[i] - mean) * (rank[i - lag] - mean);
    const double r = together / variance, left = n - static_cast<double>(lag);
    if (r < least) break;
    sum += left * (left - 1) * (left - 2) * r;
  }
  const double growth = 1 + 2 / (n * (n - 1) * (n - 2)) * sum;
  return 2 * normal_tail(std::abs(of.z) / std::sqrt(growth));
}

result<robust_line> theil_sen(std::span<const double> x, std::span<const double> y) {
  if (auto good = check(x, y, 2, pairs_of_most); !good) return tl::make_unexpected(good.error());
  std::vector<double> slopes;
  slopes.reserve(x.size() * (x.size() - 1) / 2);
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = i + 1; j < x.size(); ++j)
      if (x[i] != x[j]) slopes.push_back((y[j] - y[i]) / (x[j] - x[i]));
  if (slopes.empty()) return fail(errc::invalid, "trend: all times are equal");
  const double slope = median(slopes);
  return robust_line{slope, median(y) - slope * median(x)};
}

} // namespace tocsin

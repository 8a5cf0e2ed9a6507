// Order statistics of a batch: quantiles, median, median absolute deviation, ranks.
#pragma once

#include <span>
#include <vector>

namespace tocsin {

/// Sample quantile, 0 <= p <= 1, linear between order statistics (Hyndman and Fan 1996, type 7).
/// Ignores values that are not finite; 0 when none is left.
double quantile(std::span<const double> values, double p);
double median(std::span<const double> values);
/// Median of |x - median|, times 1.4826 so that it estimates the standard deviation of a normal
/// distribution.
double median_absolute_deviation(std::span<const double> values);
/// Ranks from 1; equal values share the mean of their ranks.
std::vector<double> ranks(std::span<const double> values);
/// Sum of t^3 - t over the groups of t equal values: the correction for ties in rank tests.
double tie_term(std::span<const double> values);

} // namespace tocsin

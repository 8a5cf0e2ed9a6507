// Does a series rise or fall, how fast, and could it be chance? Least squares, Theil-Sen and
// Mann-Kendall.
#pragma once

#include <span>

#include "core/error.hpp"

namespace tocsin {

struct line_fit {
  double slope = 0, intercept = 0; ///< y per unit of x; y at x = 0
  double slope_error = 0;          ///< standard error of the slope
  double p_value = 1; ///< two-sided, slope = 0, Student's t with n - 2 degrees of freedom
  double r_squared = 0;
};

/// Ordinary least squares. Error invalid: fewer than 3 points, other sizes, all x equal, not
/// finite.
result<line_fit> linear_regression(std::span<const double> x, std::span<const double> y);

struct rank_trend {
  double tau = 0; ///< Kendall's tau-b of value against time, -1 to 1
  double p_value =
      1; ///< two-sided, normal approximation, corrected for ties, without continuity correction
  double z = 0; ///< what the p-value is the tail of
};

/// Mann 1945, Kendall 1975. O(n^2). 3 to 5000 finite values, else error invalid.
result<rank_trend> mann_kendall(std::span<const double> values);

/// The p-value for rows that follow each other (after Hamed and Rao, J. Hydrology 204:182-196, 1998): the variance
/// grows by 1 + 2 / (n (n-1) (n-2)) sum (n-k)(n-k-1)(n-k-2) r_k, r_k the autocorrelation of the ranks of
/// `detrended`. Only the first lags count, up to the first that is below 1.96 / sqrt(n), and never less than 1: so a
/// season makes it larger than it should be, not smaller. O(n * lags).
double corrected_p_value(const rank_trend& of, std::span<const double> detrended);

struct robust_line {
  double slope = 0, intercept = 0;
};

/// Theil 1950, Sen 1968: the median slope of all pairs of different x; the line goes through the
/// medians. O(n^2) time and space. 2 to 5000 points, else error invalid.
result<robust_line> theil_sen(std::span<const double> x, std::span<const double> y);

} // namespace tocsin

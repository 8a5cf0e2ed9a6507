// Tails and quantiles of the distributions that tests and limits need.
#pragma once

namespace tocsin {

// Tails are P(X > x); two-sided p-values are twice the tail of |x|. Relative error about 1e-12 for
// degrees of freedom up to 1e5. Arguments outside a distribution's range give its nearest end; NaN
// gives NaN.

double normal_tail(double x);
double normal_quantile(double p); ///< P(X <= result) = p; -inf and inf at 0 and 1
double chi2_tail(double x, double freedom);
double chi2_quantile(double p, double freedom);
double student_tail(double x, double freedom);
double f_tail(double x, double numerator, double denominator);
double f_quantile(double p, double numerator, double denominator);

/// Regularised upper incomplete gamma function Q(a, x), a > 0, x >= 0: series and continued
/// fraction (Abramowitz and Stegun 6.5.29, 6.5.31).
double gamma_upper(double a, double x);
/// Regularised incomplete beta function I_x(a, b), a, b > 0, 0 <= x <= 1: continued fraction
/// (DLMF 8.17.22).
double beta_lower(double x, double a, double b);

} // namespace tocsin

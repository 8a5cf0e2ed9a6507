#include "core/detectors/sample_limits.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace tocsin::detectors {

namespace {

/// Where the falling function f crosses 0 between low and high.
template <class F>
double root(double low, double high, F f) {
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (f(middle) > 0 ? low : high) = middle;
  }
  return low;
}

double log_t_constant(double nu) { return std::lgamma((nu + 1) / 2) - std::lgamma(nu / 2) - 0.5 * std::log(nu * std::numbers::pi); }

/// E|t| / sd(t) of Student's t; rises with nu to sqrt(2/pi).
double geary_of_t(double nu) {
  const double mean = 2 * nu / (nu - 1) * std::exp(log_t_constant(nu));
  return mean * std::sqrt((nu - 2) / nu);
}

/// log P(t > x), for x far out: density times Mills' ratio to second order.
double log_t_tail(double nu, double x) {
  const double density = log_t_constant(nu) - (nu + 1) / 2 * std::log1p(x * x / nu);
  const double mills = (nu + x * x) / (nu * x);
  return density + std::log(mills) + std::log1p(-(nu + x * x) / ((nu + 2) * x * x));
}

} // namespace

double cusum_limit(double k, double run_length) {
  const auto one_side = [&](double b) { return (std::expm1(2 * k * b) - 2 * k * b) / (2 * k * k); };
  return root(1.166, 400, [&](double b) { return 2 * run_length - one_side(b); }) - 1.166;
}

double cusum_delay(double k, double h, double shift) {
  return shift > k ? (h + 1.166) / (shift - k) : std::numeric_limits<double>::infinity();
}

double spike_limit(double geary, double n, double run_length) {
  const double each_side = 0.5 / run_length;
  // Sd of the ratio on n half-normal rows is 0.21 / sqrt(n) (measured): 3.3 of them, and 0.008 that a coarse converter can make.
  if (!(geary < std::sqrt(2 / std::numbers::pi) - 0.008 - 0.7 / std::sqrt(n))) return -normal_quantile(each_side);
  // Few rows show few of the outliers that are to come: one standard error to the safe side.
  const double nu = root(2.2, 100, [&](double v) { return geary - 0.35 / std::sqrt(n) - geary_of_t(v); });
  const double x = root(3, 1e6, [&](double t) { return log_t_tail(nu, t) - std::log(each_side); });
  return x * std::sqrt((nu - 2) / nu);
}

double normal_quantile(double p) {
  if (p > 0.5) return -normal_quantile(1 - p);
  if (p < 0.02425) {
    const double q = std::sqrt(-2 * std::log(p));
    return (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q - 2.549732539343734e+00) * q +
             4.374664141464968e+00) * q + 2.938163982698783e+00) /
           ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q + 3.754408661907416e+00) * q + 1);
  }
  const double q = p - 0.5, r = q * q;
  return (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r + 1.383577518672690e+02) * r -
           3.066479806614716e+01) * r + 2.506628277459239e+00) * q /
         (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r + 6.680131188771972e+01) * r -
           1.328068155288572e+01) * r + 1);
}

} // namespace tocsin::detectors

#include "core/detectors/sample_limits.hpp"

#include <algorithm>
#include <array>
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

/// log P(t > x) of Student's t: half of the incomplete beta function I_w(nu/2, 1/2), w = nu / (nu + x^2), by its series
/// (DLMF 8.17.7), of which six terms are enough for x > 3.
class t_tail {
public:
  explicit t_tail(double nu)
      : a_(nu / 2), constant_(std::lgamma(a_ + 0.5) - std::lgamma(a_) - 0.5 * std::log(std::numbers::pi) - std::log(nu)) {}
  double log_beyond(double x) const {
    const double w = 2 * a_ / (2 * a_ + x * x);
    double term = 1, sum = 1;
    for (int k = 0; k < 6; ++k) sum += term *= (a_ + 0.5 + k) / (a_ + 1 + k) * w;
    return constant_ + a_ * std::log(w) + 0.5 * std::log1p(-w) + std::log(sum);
  }

private:
  double a_, constant_;
};

} // namespace

double cusum_limit(double k, double run_length) {
  const auto one_side = [&](double b) { return (std::expm1(2 * k * b) - 2 * k * b) / (2 * k * k); };
  return root(1.166, 400, [&](double b) { return 2 * run_length - one_side(b); }) - 1.166;
}

double cusum_delay(double k, double h, double shift) {
  return shift > k ? (h + 1.166) / (shift - k) : std::numeric_limits<double>::infinity();
}

namespace {

/// One law of a family, as its rows look when deviations are clipped at deviation_most sd.
struct law {
  double shape = 0; ///< 1 / degrees of freedom, or sigma
  double geary = 0; ///< mean absolute deviation / root mean square, falling with the shape
  double rms = 1;   ///< in sd of the law
  double share = 0.5; ///< of the rows that are on this side
};
constexpr std::size_t laws = 60;
using family = std::array<law, laws>;

/// By Simpson's rule: share and moments of the side beyond the mean, from its density over `x` and the deviation there.
template <class Density, class Deviation>
law side_of(double shape, double begin, double end, Density density, Deviation deviation, double share) {
  constexpr int steps = 200;
  double inside = 0, first = 0, second = 0;
  for (int i = 0; i <= steps; ++i) {
    const double x = begin + (end - begin) * i / steps, z = deviation(x);
    const double p = density(x) * (end - begin) / steps / 3 * (i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2);
    inside += p, first += p * z, second += p * z * z;
  }
  const double beyond = std::max(share - inside, 0.0);
  first = (first + beyond * deviation_most) / share, second = (second + beyond * deviation_most * deviation_most) / share;
  return {shape, first / std::sqrt(second), std::sqrt(second), share};
}

const family& student_laws() {
  static const family all = [] {
    family out;
    for (std::size_t i = 0; i < laws; ++i) {
      const double shape = 0.01 + 0.44 * static_cast<double>(i) / (laws - 1), nu = 1 / shape, unit = std::sqrt(nu / (nu - 2)), constant = log_t_constant(nu);
      out[i] = side_of(shape, 0, deviation_most,
                       [&](double z) { return unit * std::exp(constant - (nu + 1) / 2 * std::log1p(z * unit * z * unit / nu)); }, [](double z) { return z; }, 0.5);
    }
    return out;
  }();
  return all;
}

double normal_below(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double lognormal_sd(double sigma) { return std::exp(sigma * sigma / 2) * std::sqrt(std::expm1(sigma * sigma)); }

const family& lognormal_laws() {
  static const family all = [] {
    family out;
    for (std::size_t i = 0; i < laws; ++i) {
      const double sigma = 0.02 + 1.2 * static_cast<double>(i) / (laws - 1), mean = std::exp(sigma * sigma / 2), sd = lognormal_sd(sigma);
      out[i] = side_of(sigma, sigma / 2, std::log(mean + deviation_most * sd) / sigma, [](double n) { return std::exp(-n * n / 2) / std::sqrt(2 * std::numbers::pi); },
                       [&](double n) { return (std::exp(sigma * n) - mean) / sd; }, normal_below(-sigma / 2));
    }
    return out;
  }();
  return all;
}

/// The law with that ratio, by straight lines between those of the table; the nearest one beyond its ends.
law with_ratio(const family& all, double geary) {
  const auto above = std::find_if(all.begin(), all.end(), [geary](const law& l) { return l.geary <= geary; });
  if (above == all.begin() || above == all.end()) return above == all.begin() ? all.front() : all.back();
  const law &a = *(above - 1), &b = *above;
  const double part = (a.geary - geary) / (a.geary - b.geary);
  return {std::lerp(a.shape, b.shape, part), geary, std::lerp(a.rms, b.rms, part), std::lerp(a.share, b.share, part)};
}

} // namespace

double spike_limit(double geary, double n, double run_length) {
  const double each_side = 0.5 / run_length;
  // Sd of the ratio on n half-normal rows is 0.21 / sqrt(n) (measured): 3.3 of them, and 0.008 that a coarse converter can make.
  if (!(geary < std::sqrt(2 / std::numbers::pi) - 0.008 - 0.7 / std::sqrt(n))) return -normal_quantile(each_side);
  const law student = with_ratio(student_laws(), geary);
  const double nu = 1 / student.shape;
  const t_tail tail(nu);
  const double x = root(3, 1e6, [&](double t) { return tail.log_beyond(t) - std::log(each_side); });
  return x * std::sqrt((nu - 2) / nu) / student.rms;
}

lognormal_side lognormal_spike_limit(double geary, double run_length) {
  const law l = with_ratio(lognormal_laws(), geary);
  const double far = std::exp(-l.shape * normal_quantile(0.5 / run_length)) - std::exp(l.shape * l.shape / 2);
  return {far / lognormal_sd(l.shape) / l.rms, l.share};
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

#include "core/statistics/distributions.hpp"

#include <cmath>
#include <limits>

namespace tocsin {

namespace {

constexpr double tiny = 1e-300, precise = 1e-16;
constexpr int steps_most = 100000;

/// Modified Lentz: evaluates b0 + a1/(b1 + a2/(b2 + ...)).
template <class Terms>
double continued_fraction(double b0, Terms&& terms) {
  double f = b0 == 0 ? tiny : b0, c = f, d = 0;
  for (int i = 1; i < steps_most; ++i) {
    const auto [a, b] = terms(i);
    d = b + a * d;
    c = b + a / c;
    if (std::abs(d) < tiny) d = tiny;
    if (std::abs(c) < tiny) c = tiny;
    d = 1 / d;
    const double change = c * d;
    f *= change;
    if (std::abs(change - 1) < precise) break;
  }
  return f;
}

struct term {
  double a, b;
};

double beta_fraction(double x, double a, double b) {
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x)) /
                       a;
  const double fraction = continued_fraction(1.0, [&](int i) {
    const double m = i / 2;
    const double numerator = i % 2 == 0
                                 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                 : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    return term{numerator, 1.0};
  });
  return front / fraction;
}

/// The x >= 0 with tail(x) = 1 - p, for a falling tail: doubling, then halving.
template <class Tail>
double quantile_of(double p, Tail&& tail) {
  if (std::isnan(p)) return p;
  if (p <= 0) return 0;
  if (p >= 1) return std::numeric_limits<double>::infinity();
  double high = 1;
  while (tail(high) > 1 - p && high < 1e300) high *= 2;
  double low = 0;
  for (int i = 0; i < 200 && high - low > 1e-15 * high; ++i) {
    const double middle = 0.5 * (low + high);
    (tail(middle) > 1 - p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

} // namespace

double gamma_upper(double a, double x) {
  if (std::isnan(x) || std::isnan(a)) return std::nan("");
  if (x <= 0) return 1;
  if (std::isinf(x)) return 0;
  const double front = std::exp(a * std::log(x) - x - std::lgamma(a));
  if (x < a + 1) {
    double sum = 1 / a, part = sum;
    for (int i = 1; i < steps_most && part > precise * sum; ++i) sum += part *= x / (a + i);
    return 1 - front * sum;
  }
  const double fraction = continued_fraction(x + 1 - a, [&](int i) {
    return term{-i * (i - a), x + 2 * i + 1 - a};
  });
  return front / fraction;
}

double beta_lower(double x, double a, double b) {
  if (std::isnan(x)) return x;
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  return x < (a + 1) / (a + b + 2) ? beta_fraction(x, a, b) : 1 - beta_fraction(1 - x, b, a);
}

double normal_tail(double x) { return 0.5 * std::erfc(x / std::sqrt(2.0)); }

double normal_quantile(double p) {
  if (std::isnan(p)) return p;
  if (p <= 0) return -std::numeric_limits<double>::infinity();
  if (p >= 1) return std::numeric_limits<double>::infinity();
  if (p > 0.5) return -normal_quantile(1 - p);
  double low = -40, high = 0; // P(X <= -40) is below every double
  for (int i = 0; i < 200 && high - low > 1e-16; ++i) {
    const double middle = 0.5 * (low + high);
    (normal_tail(-middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double chi2_tail(double x, double freedom) { return gamma_upper(freedom / 2, x / 2); }

double chi2_quantile(double p, double freedom) {
  return quantile_of(p, [&](double x) { return chi2_tail(x, freedom); });
}

double student_tail(double x, double freedom) {
  if (std::isnan(x)) return x;
  const double tail = 0.5 * beta_lower(freedom / (freedom + x * x), freedom / 2, 0.5);
  return x >= 0 ? tail : 1 - tail;
}

double f_tail(double x, double numerator, double denominator) {
  if (std::isnan(x)) return x;
  if (x <= 0) return 1;
  return beta_lower(denominator / (denominator + numerator * x), denominator / 2, numerator / 2);
}

double f_quantile(double p, double numerator, double denominator) {
  return quantile_of(p, [&](double x) { return f_tail(x, numerator, denominator); });
}

} // namespace tocsin

// Modified z-score: median and median absolute deviation, both followed by stochastic approximation.
#pragma once

#include "core/detectors/ew_moments.hpp"

namespace tocsin::detectors {

/// 0.6745 |x - median| / MAD (Iglewicz and Hoaglin 1993). Median and MAD follow by q += step sign(x - q) (Robbins and
/// Monro 1951; Tierney 1983), step = 2 gain mean |x - q|, near the optimum 1 / (2 f(q) n) for Gaussian noise.
/// MAD within 10 % after 1000 rows (the exact MAD of 1000 rows is within 4 %, one sigma). 6 ns per event.
struct modified_z {
  double alpha;
  double median = 0, mad = 0, spread = 0;
  std::uint32_t n = 0;

  explicit modified_z(double half_life = 700) : alpha(alpha_of_half_life(half_life)) {}

  double sigma() const { return 1.4826 * mad + 1e-9 * std::fabs(median) + 1e-12; }
  /// Signed (x - median) / sigma before x is learnt; 0 for the first value.
  double next_signed(double x, bool hold = false) {
    const double z = n == 0 ? 0 : (x - median) / sigma();
    if (!hold) learn(x);
    return z;
  }
  double next(double x, bool hold = false) { return std::fabs(next_signed(x, hold)); }

  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.median, self.mad, self.spread, self.n); }

private:
  void learn(double x) {
    if (n != UINT32_MAX) ++n;
    if (n == 1) {
      median = x;
      return;
    }
    const double d = std::fabs(x - median);
    // The mean deviation gives the step its unit: MAD alone could be stuck at zero.
    spread += gain(n - 1, alpha) * (d - spread);
    const double step = 2 * spread * gain(n < 8 ? 4 : n, alpha);
    median += x > median ? step : x < median ? -step : 0;
    mad += d > mad ? step : d < mad ? -step : 0;
    if (mad < 0) mad = 0;
  }
};
static_assert(sizeof(modified_z) == 40);

} // namespace tocsin::detectors

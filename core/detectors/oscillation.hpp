// How often the value turns round, lately against usually: a loop that starts to hunt, or a noise that fell asleep.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// Rate of reversals of x - x' (turning points; Bienayme 1874: 2/3 for white noise) over a fast and a slow exponential
/// window; score = |fast - slow| sqrt(m / (slow (1 - slow))), m the effective length of the fast window. 5 ns per event.
struct oscillation {
  double alpha_fast, alpha_slow;
  double previous = 0, fast = 0, slow = 0;
  std::int32_t direction = 0;
  std::uint32_t n = 0;

  explicit oscillation(double half_life_fast = 20, double half_life_slow = 1000)
      : alpha_fast(alpha_of_half_life(half_life_fast)), alpha_slow(alpha_of_half_life(half_life_slow)) {}

  double next(double x) {
    const std::int32_t now = x > previous ? 1 : x < previous ? -1 : direction;
    if (n >= 2) {
      const double turned = now != direction ? 1 : 0;
      fast += gain(n, alpha_fast) * (turned - fast);
      slow += gain(n, alpha_slow) * (turned - slow);
    }
    if (n != 0) direction = now;
    previous = x;
    if (n != UINT32_MAX) ++n;
    const double noise = std::max(slow * (1 - slow), 1e-4);
    return std::fabs(fast - slow) * std::sqrt((2 - alpha_fast) / (alpha_fast * noise));
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.previous, self.fast, self.slow, self.direction, self.n); }
};
static_assert(sizeof(oscillation) == 48);

} // namespace tocsin::detectors

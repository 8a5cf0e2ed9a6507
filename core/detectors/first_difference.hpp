// Size of the step from one value to the next.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// |x - previous x|, 0 for the first value; in the unit of x, to be normalised. 1 ns per event.
struct first_difference {
  double previous = 0;
  std::uint32_t n = 0;

  double next(double x) {
    const double d = n == 0 ? 0 : std::fabs(x - previous);
    previous = x;
    n = 1;
    return d;
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.previous, self.n); }
};
static_assert(sizeof(first_difference) == 16);

} // namespace tocsin::detectors

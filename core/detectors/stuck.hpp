// A sensor that repeats one value for longer than it ever did.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// Rows since the value last changed, 0 when it changed now. Compared with the stream's own longest run by the normaliser,
/// so that a coarsely quantised or idle channel raises nothing. 1 ns per event.
struct stuck {
  double previous = 0;
  std::uint32_t run = 0, n = 0;

  double next(double x) {
    run = n != 0 && x == previous ? std::min(run + 1, UINT32_MAX - 1) : 0;
    previous = x;
    n = 1;
    return run;
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.previous, self.run, self.n); }
};
static_assert(sizeof(stuck) == 16);

} // namespace tocsin::detectors

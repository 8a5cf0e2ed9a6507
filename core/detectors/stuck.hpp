// A sensor that repeats one value for longer than it ever did.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// run / longest, for channels that hardly ever repeat a value (at most 1 % of their rows so far, after 100 rows): a coarsely
/// quantised or idle channel cannot be judged and gives 0. run = rows since the value last changed; longest = the longest
/// such run of the past, fading with `half_life`, at least `least` rows. 5 ns per event.
struct stuck {
  double alpha, least;
  double previous = 0, longest = 0, repeats = 0, usual = 1; ///< usual: repeats when the run began
  std::uint32_t run = 0, n = 0;

  explicit stuck(double half_life = 3000, double least_rows = 3) : alpha(alpha_of_half_life(half_life)), least(least_rows) {}

  double next(double x) {
    longest *= 1 - alpha;
    const bool again = n != 0 && x == previous;
    if (again) {
      if (run != UINT32_MAX) ++run;
    } else {
      // Only a run that has ended is past: one that lasts must not become its own measure.
      longest = std::max(longest, static_cast<double>(run));
      run = 0;
      usual = n < 100 ? 1 : repeats;
    }
    previous = x;
    if (n != UINT32_MAX) ++n;
    repeats += gain(n, alpha) * ((again ? 1 : 0) - repeats);
    return usual <= 0.01 ? run / std::max(longest, least) : 0;
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.previous, self.longest, self.repeats, self.usual, self.run, self.n); }
};
static_assert(sizeof(stuck) == 56);

} // namespace tocsin::detectors

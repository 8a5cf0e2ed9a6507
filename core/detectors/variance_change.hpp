// Variance of the last rows against the variance of the long run.
#pragma once

#include "core/detectors/ew_moments.hpp"

namespace tocsin::detectors {

/// Variance of x about the slow mean, over a short and a long exponential window, as the ratio short / long
/// (the F ratio of two variances; MacGregor and Harris 1993 for the exponential form). `next` gives |log ratio|;
/// `ratio` the ratio itself, in which only a rise is large. 20 ns per event.
struct variance_change {
  double alpha_short, alpha_long;
  double quick = 0;
  ew_moments slow{};

  explicit variance_change(double half_life_short = 50, double half_life_long = 3000)
      : alpha_short(alpha_of_half_life(half_life_short)), alpha_long(alpha_of_half_life(half_life_long)) {}

  double ratio(double x, bool hold = false) {
    const double d = x - slow.mean, floor = slow.floor() * slow.floor();
    if (slow.n != 0) quick += gain(slow.n, alpha_short) * (d * d - quick);
    const double r = slow.n < 8 ? 1 : (quick + floor) / (slow.var + floor);
    if (!hold) slow.add(x, alpha_long);
    return r;
  }
  double next(double x, bool hold = false) { return std::fabs(std::log(ratio(x, hold) + 1e-12)); }

  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.quick, self.slow); }
};
static_assert(sizeof(variance_change) == 48);

} // namespace tocsin::detectors

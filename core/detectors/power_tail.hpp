// Turns a score with a heavy tail into a tail probability by the stream's own past scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// -log10 P(score >= g): the 98 % quantile u by stochastic approximation, above it a power law
/// whose exponent 1/xi is the inverse of the mean log excess (Hill 1975): P = 0.02 (g / u)^(-1/xi).
/// Below u: 1.7 g / u. For scores that last, where the exponential excess of tail_model is too
/// sure. 12 ns per event.
struct power_tail {
  static constexpr double at_quantile = 1.69897; ///< -log10 0.02
  static constexpr double prior = 4;             ///< excesses that the first xi of 0.5 counts as
  double alpha;
  double quantile = 0, xi = 0.5, scale = 0;
  std::uint32_t n = 0, beyond = 0;

  explicit power_tail(double half_life = 3000) : alpha(alpha_of_half_life(half_life)) {}

  /// 0 for the first 16 values; at most `most`.
  double next(double score, double most = 12) {
    const double g = std::min(score, 1e30);
    double tail = 0;
    if (n >= 16) {
      const double u = std::max(quantile, 1e-12);
      tail = at_quantile * (g <= u ? g / u : 1);
      if (g > u) tail += 0.4342944819 * std::log(g / u) / std::max(xi, 0.05);
    }
    learn(g);
    return std::min(tail, most);
  }
  template <class Self>
  static void fields(Self& self, auto&& each) {
    each(self.quantile, self.xi, self.scale, self.n, self.beyond);
  }

private:
  void learn(double g) {
    if (n != UINT32_MAX) ++n;
    scale += gain(n, alpha) * (std::min(g, n < 16 ? g : 8 * scale + 1e-12) - scale);
    const double step = 3 * scale * gain(n < 64 ? 8 : n / 8, alpha);
    if (g > quantile) {
      if (beyond != UINT32_MAX) ++beyond;
      if (quantile > 0)
        xi += gain(beyond + static_cast<std::uint32_t>(prior), 0.02) * (std::min(std::log(g / quantile), beyond < 8 ? 1.0 : 4 * xi) - xi);
      quantile += 0.98 * step;
    } else {
      quantile = std::max(0.0, quantile - 0.02 * step);
    }
  }
};
static_assert(sizeof(power_tail) == 40);

} // namespace tocsin::detectors

// Turns any score into a tail probability by the stream's own past scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// -log10 P(score >= g): the 98 % quantile u by stochastic approximation, above it an exponential excess with mean e:
/// P = 0.02 exp(-(g - u) / e). A cheap relative of SPOT (Siffer et al., KDD 2017) with shape 0. Below u: 1.7 g / u.
/// Excesses are cut at 8 e for learning, so that one burst does not make the model deaf. 5 ns per event.
struct tail_model {
  static constexpr double at_quantile = 1.69897; ///< -log10 0.02
  double alpha;
  double quantile = 0, excess = 0, scale = 0;
  std::uint32_t n = 0, beyond = 0;

  explicit tail_model(double half_life = 2000) : alpha(alpha_of_half_life(half_life)) {}

  /// 0 for the first 16 values; at most `most`.
  double next(double g, double most = 12, bool hold = false) {
    double score = 0;
    if (n >= 16) {
      const double u = std::max(quantile, 1e-12);
      score = g <= u ? at_quantile * g / u : at_quantile + 0.4342944819 * (g - u) / std::max(excess, 0.05 * u);
    }
    if (!hold) learn(g);
    return std::min(score, most);
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.quantile, self.excess, self.scale, self.n, self.beyond); }

private:
  void learn(double g) {
    if (n != UINT32_MAX) ++n;
    scale += gain(n, alpha) * (std::min(g, n < 16 ? g : 8 * scale + 1e-12) - scale);
    const double step = 3 * scale * gain(n < 64 ? 8 : n / 8, alpha);
    if (g > quantile) {
      const double over = g - quantile;
      if (beyond != UINT32_MAX) ++beyond;
      excess += gain(beyond, 0.02) * (std::min(over, beyond < 8 ? over : 8 * excess + 1e-12) - excess);
      quantile += 0.98 * step;
    } else {
      quantile = std::max(0.0, quantile - 0.02 * step);
    }
  }
};
static_assert(sizeof(tail_model) == 40);

} // namespace tocsin::detectors

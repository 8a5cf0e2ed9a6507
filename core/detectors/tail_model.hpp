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
  static constexpr float at_quantile = 1.69897f; ///< -log10 0.02
  float alpha;
  float quantile = 0, excess = 0, scale = 0;
  std::uint32_t n = 0, beyond = 0;

  explicit tail_model(double half_life = 2000) : alpha(static_cast<float>(alpha_of_half_life(half_life))) {}

  /// 0 for the first 16 values; at most `most`.
  double next(double score, double most = 12, bool hold = false) {
    const float g = static_cast<float>(std::min(score, 1e30));
    float tail = 0;
    if (n >= 16) {
      const float u = std::max(quantile, 1e-12f);
      tail = g <= u ? at_quantile * g / u : at_quantile + 0.4342944819f * (g - u) / std::max(excess, 0.05f * u);
    }
    if (!hold) learn(g);
    return std::min(static_cast<double>(tail), most);
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.quantile, self.excess, self.scale, self.n, self.beyond); }

private:
  void learn(float g) {
    if (n != UINT32_MAX) ++n;
    const auto slow = [&](std::uint32_t rows) { return static_cast<float>(gain(rows, static_cast<double>(alpha))); };
    scale += slow(n) * (std::min(g, n < 16 ? g : 8 * scale + 1e-12f) - scale);
    const float step = 3 * scale * slow(n < 64 ? 8 : n / 8);
    if (g > quantile) {
      const float over = g - quantile;
      if (beyond != UINT32_MAX) ++beyond;
      excess += static_cast<float>(gain(beyond, 0.02)) * (std::min(over, beyond < 8 ? over : 8 * excess + 1e-12f) - excess);
      quantile += 0.98f * step;
    } else {
      quantile = std::max(0.0f, quantile - 0.02f * step);
    }
  }
};
static_assert(sizeof(tail_model) == 24);

} // namespace tocsin::detectors

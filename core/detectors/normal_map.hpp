// Turns whitened noise of any law into normal scores, by the distribution that was seen while learning.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// g = Phi^-1(F(z)), F the histogram of the rows learnt: 96 bins over +-6 sd. Beyond the outer percents it goes on in a
/// straight line with the slope between the 10 % and the 1 % quantile of that side; +-6 at most.
class normal_map {
public:
  static constexpr std::size_t bins = 96;
  static constexpr float most = 6;
  void learn(double z) {
    std::uint16_t& count = counts_[static_cast<std::size_t>(place(static_cast<float>(z)))];
    if (count != UINT16_MAX) ++count;
  }
  void finish();
  float operator()(double z) const {
    const float at = place(static_cast<float>(z));
    const auto i = static_cast<std::size_t>(at);
    return edges_[i] + (at - static_cast<float>(i)) * (edges_[i + 1] - edges_[i]);
  }

  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.counts_, self.edges_); }

private:
  static float place(float z) { return std::clamp((z + 6) * 8, 0.0f, static_cast<float>(bins) - 0.001f); }

  std::array<std::uint16_t, bins> counts_{};
  std::array<float, bins + 1> edges_{};
};
static_assert(sizeof(normal_map) == 580);

} // namespace tocsin::detectors

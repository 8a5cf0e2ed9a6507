#include "core/detectors/normal_map.hpp"

#include "core/detectors/sample_limits.hpp"

namespace tocsin::detectors {

namespace {

double z_of_edge(std::size_t i) { return static_cast<double>(i) / 8 - 6; }

} // namespace

void normal_map::finish() {
  std::array<double, bins + 1> below{};
  for (std::size_t i = 0; i < bins; ++i) below[i + 1] = below[i] + counts_[i];
  const double all = std::max(below[bins], 1.0);
  if (*std::max_element(counts_.begin(), counts_.end()) > all / 2) { // all but constant: no distribution to speak of
    for (std::size_t i = 0; i <= bins; ++i) edges_[i] = static_cast<float>(z_of_edge(i));
    return;
  }
  // Where F reaches p, by straight lines between the edges.
  const auto quantile = [&](double p) {
    std::size_t i = 0;
    while (i + 1 < bins && below[i + 1] < p * all) ++i;
    const double inside = counts_[i] == 0 ? 0 : (p * all - below[i]) / counts_[i];
    return z_of_edge(i) + std::clamp(inside, 0.0, 1.0) / 8;
  };
  const double low = quantile(0.01), high = quantile(0.99), far = normal_quantile(0.99), near = normal_quantile(0.9);
  const double slope_low = (far - near) / std::max(quantile(0.1) - low, 0.05), slope_high = (far - near) / std::max(high - quantile(0.9), 0.05);
  for (std::size_t i = 0; i <= bins; ++i) {
    const double z = z_of_edge(i);
    double g = 0;
    if (z <= low) g = -far + slope_low * (z - low);
    else if (z >= high) g = far + slope_high * (z - high);
    else g = normal_quantile(std::clamp(below[i] / all, 0.005, 0.995));
    edges_[i] = std::clamp(static_cast<float>(g), -most, most);
  }
}

} // namespace tocsin::detectors

// Correlated, autocorrelated channels with known faults, the same in every run.
#pragma once

#include <cmath>
#include <limits>

#include "core/splitmix.hpp"
#include "core/statistics/vectors.hpp"

namespace tocsin {

/// Two hidden first-order processes drive all channels, each with noise of its own.
inline table simulated_group(std::size_t rows, std::size_t channels, std::uint64_t seed) {
  splitmix64 random(seed);
  table out{channels, {}};
  double slow = 0, quick = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    slow = 0.9 * slow + 0.4 * random.bell();
    quick = 0.3 * quick + 0.9 * random.bell();
    for (std::size_t c = 0; c < channels; ++c) {
      const double phase = static_cast<double>(c);
      out.values.push_back(100 * phase + std::sin(phase) * slow + std::cos(phase) * quick +
                           0.5 * random.bell());
    }
  }
  return out;
}

/// Adds `by` to a channel from row `from` to before row `to`.
inline void shift(table& rows, std::size_t channel, double by, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) rows.values[i * rows.columns + channel] += by;
}

} // namespace tocsin

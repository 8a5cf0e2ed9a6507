// Takes a series apart into trend, season and remainder.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/error.hpp"

namespace tocsin {

struct decomposition {
  std::vector<double> trend, season,
      remainder; ///< trend + season + remainder = series, where all are known
};

/// Classic additive decomposition: trend = centred moving average of one period, season = mean of
/// what is left at each phase, centred. Half a period at both ends has no trend and no remainder:
/// NaN there. Error invalid: a period below 2, fewer than two periods, a value that is not finite.
result<decomposition> classic_decomposition(std::span<const double> series, std::size_t period);

struct stl_options {
  std::size_t seasonal = 7; ///< points of the season's smoother, odd, at least 3
  std::size_t trend = 0; ///< odd; 0: the least odd number above 1.5 period / (1 - 1.5 / seasonal)
  std::size_t low_pass = 0;         ///< odd; 0: the least odd number above the period
  std::size_t inner = 5, outer = 0; ///< outer > 0 is robust: 2 and 15 then
};

/// Seasonal-trend decomposition by loess (Cleveland, Cleveland, McRae, Terpenning, J. Official
/// Statistics 6:3-73, 1990), local lines, no interpolation. O((inner + ...) n (seasonal + trend +
/// low_pass)). Errors as above, and invalid for even smoothers.
result<decomposition> stl_decomposition(std::span<const double> series, std::size_t period,
                                        stl_options options = {});

} // namespace tocsin

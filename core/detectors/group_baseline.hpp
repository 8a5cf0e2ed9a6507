// What a group of channels looks like while nothing is wrong: where its present regime began, its
// means and its scales.
#pragma once

#include <cstddef>
#include <vector>

#include "core/statistics/vectors.hpp"

namespace tocsin {

struct baseline_options {
  double regime_jump = 5; ///< means of 20 rows this many pooled deviations apart begin a new regime
  std::size_t regime_rows = 100; ///< rows a regime must have to be learnt from
  double drift_weight = 6;       ///< how much of the squared drift is added to the variance
  std::size_t drift_lag = 200;   ///< rows over which drift is measured; at most half of the regime
};

struct group_baseline {
  std::size_t begin = 0;     ///< first learning row of the present regime
  std::vector<double> mean;  ///< of each channel, in its unit
  std::vector<double> scale; ///< sqrt(variance + drift_weight * mean squared difference of block
                             ///< means drift_lag rows apart); > 0
};

/// `learnt` must hold at least one row of finite values.
group_baseline baseline_of(const table& learnt, const baseline_options& options);

/// The values of `learnt` with every value that is not finite replaced by the channel's last finite
/// one (its first finite one at the beginning, 0 if it has none).
void fill_missing(table& learnt);

} // namespace tocsin

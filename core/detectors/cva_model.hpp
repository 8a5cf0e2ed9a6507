// Canonical variate analysis: the combinations of the past that predict the future best, and those
// that do not.
#pragma once

#include <cstddef>
#include <vector>

#include "core/statistics/vectors.hpp"

namespace tocsin {

/// c = weights * p, where p stacks the standardised rows t, t-1, ..., t-lags+1 of the used
/// channels. The first `states` entries of c are the state, the rest is the residual space; each
/// has variance about 1. Larimore, Proc. American Control Conference (1983); statistics as in
/// Russell, Chiang, Braatz, Chemom. Intell. Lab. Syst. 51:81-93 (2000), with a ridge on both
/// covariances.
struct cva_model {
  std::size_t lags = 0, states = 0;
  std::vector<std::size_t> used;   ///< channels that moved while learning
  std::vector<double> mean, scale; ///< of the used channels
  std::vector<double> weights;     ///< variates() rows of variates() numbers

  std::vector<double> precision; ///< inverse of the correlation of one row, with the ridge

  std::size_t variates() const { return used.size() * lags; }
  /// (row - mean) / scale of the used channels, clipped to 100; 0 where a value is not finite.
  void standardise(std::span<const double> row, double* out) const;
  /// Where a value is not finite, what the others let expect (conditional mean of a normal
  /// distribution).
  void complete(std::span<const double> row, double* z) const;
  /// `past`: variates() numbers, newest row first; `out`: variates() numbers.
  void project(const double* past, double* out) const;
};

/// `rows` finite; channels whose deviation is below 1e-9 of their mean are not used. The model is
/// empty (no used channel) when nothing moved.
cva_model fit_cva(const table& rows, std::size_t lags, std::size_t states, double ridge);

} // namespace tocsin

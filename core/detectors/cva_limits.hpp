// Limits for the statistics of a canonical variate analysis that hold on data it has not seen.
#pragma once

#include "core/detectors/cva_model.hpp"
#include "core/detectors/cva_statistics.hpp"

namespace tocsin {

struct cva_limits {
  double usual_t = 0, usual_q = 0; ///< means of T and Q on unseen normal rows
  cva_statistics::values limit{};  ///< one for each statistic, > 0
};

struct cva_limit_options {
  double budget =
      0.005; ///< share of unseen normal rows on which any statistic may exceed its limit
  std::size_t series = 24; ///< simulated pairs of learning and watching
  double ridge = 0.01;     ///< of the models, as in fit_cva
};

/// Residual bootstrap of a vector autoregression (order 2 to 8) fitted to `rows` (Kilian and
/// Luetkepohl, Structural Vector Autoregressive Analysis, 2017, section 12.2): simulate as many
/// rows as were learnt from and as many again, learn `series` models from the first, collect their
/// statistics on the second, and set all limits at one common tail share so that together they
/// spend the budget. So the limits know that the model is fitted to few rows, that rows are
/// correlated in time, and that noise has the tails it has. Deterministic. `model` must be the fit
/// to `rows`.
cva_limits limits_of(const table& rows, const cva_model& model, std::size_t states,
                     const cva_limit_options& options);

} // namespace tocsin

// Trained on a normal series of many channels, says of each row whether it still behaves like that.
#pragma once

#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/detectors/contribution.hpp"
#include "core/detectors/cva_limits.hpp"
#include "core/detectors/cva_model.hpp"
#include "core/detectors/cva_statistics.hpp"
#include "core/detectors/row_verdict.hpp"
#include "core/error.hpp"

namespace tocsin {

struct cva_options {
  std::size_t lags = 2;    ///< rows that are the past, and as many that are the future
  std::size_t states = 20; ///< at most half of the canonical variates
  double ridge = 0.01;     ///< added to the diagonal of the correlation matrices
  double budget = 0.005;   ///< share of normal rows that may raise an alert
  std::size_t series = 24; ///< of the bootstrap that sets the limits
};

/// Canonical variate analysis with its statistics raw and smoothed, all under one budget of false
/// alarms. Cost per row: (lags * channels)^2 multiplications and additions. State: lags rows, 3
/// canonical vectors.
class cva {
public:
  /// From rows of normal operation. Errors: invalid for fewer than 50 rows, fewer than 3 rows for
  /// each used channel and lag, a value that is not finite, or when no channel moves.
  static result<cva> train(const table& rows, cva_options options = {});

  /// score = the largest statistic / its limit; an alert when it is above 1; a change point when an
  /// alert begins. `values`: as many as columns were trained on (else the last verdict again); one
  /// that is not finite counts as the channel's last value.
  row_verdict next(std::span<const double> values);
  /// Back to before the first row watched; what was learnt stays.
  void restart();
  std::size_t columns() const { return columns_; }

  /// |z_j (W'v)_j| of the statistic that decided, where v is its canonical vector and z what it was
  /// made from (Westerhuis, Gurden, Smilde, Chemom. Intell. Lab. Syst. 51:95-114, 2000); they add
  /// up to 1. Largest first; channels that were not used have none.
  std::vector<contribution> contributions() const;

  void save(writer& out) const; ///< model, limits and state
  static result<cva> load(reader& in);

private:
  cva() = default;
  void prepare();

  std::size_t columns_ = 0;
  cva_model model_;
  cva_limits limits_;
  cva_statistics statistics_;
  std::vector<double> past_, canonical_, smoothed_past_;
  std::size_t seen_ = 0, deciding_ = 0;
  row_verdict verdict_;
};

} // namespace tocsin

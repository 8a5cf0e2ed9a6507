// Trained on one series, watches others of the same columns: canonical variates for how channels
// move together, and runs of equal values for channels that stopped moving.
#pragma once

#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/detectors/cva.hpp"
#include "core/detectors/row_verdict.hpp"
#include "core/detectors/stuck_channels.hpp"
#include "core/time.hpp"

namespace tocsin {

/// Use: train once, then for every series restart() and next() for each of its rows.
class trained_group_monitor {
public:
  /// Errors as of cva::train. `rows` without label columns, every value finite.
  static result<trained_group_monitor> train(const table& rows, cva_options options = {});

  /// Strictly causal. score above 1 is an alert; a change point is the first row of an alert after
  /// at least 10 rows without one. A row of another number of values repeats the last verdict.
  row_verdict next(timestamp at, std::span<const double> values);
  void restart();
  /// Of the detector that decided; they add up to 1.
  std::vector<contribution> contributions() const;
  /// When the present alert began; unset when there is none.
  timestamp alarm_since() const { return verdict_.alert ? since_ : unset; }

  void save(writer& out) const;
  static result<trained_group_monitor> load(reader& in);

private:
  trained_group_monitor(cva analysis, stuck_channels stuck);

  cva analysis_;
  stuck_channels stuck_;
  row_verdict verdict_;
  bool stuck_decides_ = false;
  std::uint32_t quiet_ = 0;
  timestamp since_ = unset;
};

} // namespace tocsin

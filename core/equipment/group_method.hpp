// The ways a group of channels is judged, row by row, behind one interface.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/detectors/contribution.hpp"
#include "core/detectors/row_verdict.hpp"
#include "core/equipment/watch_rules.hpp"

namespace tocsin {

class group_method {
public:
  virtual ~group_method() = default;
  /// `row`: one value per channel; what is not finite is missing. {0, false, false} while learning.
  virtual row_verdict next(timestamp at, std::span<const double> row) = 0;
  /// Of the last row, largest first; empty when the method names none.
  virtual std::vector<contribution> contributions() const = 0;
  virtual bool learning() const = 0;
};

/// adaptive: group_monitor, which follows slow change. The others learn once, from the first `learn` rows of the context, and
/// what cannot be trained on is judged by `adaptive`: components = T2 and SPE of principal components, canonical = canonical
/// variates (detectors/cva.hpp), forest = isolation forest. The scores of three times `learn` rows that follow say what is usual:
/// from then on a CUSUM of their surprise, -ln of the tail probability, is judged, slower where they are correlated, with about
/// `run_length` rows between two false alarms. score: that sum, in limits. An alert ends with 10 rows of usual scores.
std::unique_ptr<group_method> make_group_method(group_watch_rule::method_t method, std::size_t channels, std::size_t learn,
                                                double run_length = 1e6);

} // namespace tocsin

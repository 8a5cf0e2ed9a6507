// Watches a group of channels that belong together: an outlier while the group is away from its
// baseline, a change point where a level changes.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/detectors/contribution.hpp"
#include "core/detectors/group_baseline.hpp"
#include "core/detectors/group_change_point.hpp"
#include "core/detectors/row_verdict.hpp"
#include "core/time.hpp"

namespace tocsin {

struct group_options {
  std::size_t learn = 400;       ///< rows that are learnt from before the first verdict; at least 2
  double smoothing = 0.35;       ///< weight of the newest row in the EWMA of each channel
  double limit = 1.2;            ///< of the largest smoothed deviation, in scales of its channel
  double release = 0.65;         ///< times the limit: below it an alarm may end
  double relative_release = 0.3; ///< times what the alarm's own channels deviated: below it, too
  unsigned confirm = 3;          ///< rows above the limit that begin an alarm
  unsigned clear = 10;           ///< rows below the release that end it
  double adaptation = 0.005;     ///< weight of a row in the baseline; 0 while the limit is exceeded
  double rebase = 0.5; ///< share of what is left at the end of an alarm that becomes baseline
  unsigned signature_rows = 60; ///< first rows of an alarm that say which channels carry it
  unsigned fade = 400;          ///< rows after which an alarm's own height is forgotten (1/e)
  baseline_options baseline;
  change_point_options change;
};

/// z = (x - baseline) / scale, clipped to 30; e = EWMA of z (Roberts 1959); score = max |e| /
/// limit. The scale has the channel's drift in it (group_baseline), so channels that wander do not
/// dominate. An alarm ends when the channels that carried its beginning are back, whatever the
/// others do meanwhile. Cost per row and channel: about 10 operations and the change point's
/// windows. State: the learning rows at first, then the windows and 5 numbers per channel.
class group_monitor {
public:
  explicit group_monitor(std::size_t channels, group_options options = {});

  /// Strictly causal: depends on this row and earlier ones. While learning, {0, false, false}. A
  /// value that is not finite, or beyond 1e100, is missing: its channel keeps its last state. A row
  /// of another number of values is not used: the last verdict without a change point, and
  /// refused() counts it.
  row_verdict next(timestamp at, std::span<const double> values);

  /// Shares of the squared smoothed deviations in the last row, largest first; empty while
  /// learning.
  std::vector<contribution> contributions() const;
  bool learning() const { return !baseline_; }
  std::uint64_t refused() const { return refused_; }
  /// When the present alarm began; unset when there is none.
  timestamp alarm_since() const { return alert_ ? since_ : unset; }

  void save(writer& out) const;
  /// Into a monitor of the same channels and options. False when the bytes are not one of it.
  bool load(reader& in);

private:
  void learn_row(std::span<const double> values);
  void finish_learning();
  void smooth(std::span<const double> values);
  double largest(bool weighted) const;
  void judge(timestamp at, double statistic);
  void judge_end();
  void adapt(std::span<const double> values, bool frozen);

  group_options options_;
  std::size_t channels_;
  table learnt_;
  std::optional<group_baseline> baseline_;
  std::optional<group_change_point> change_;
  std::vector<double> smoothed_, weight_, carried_, held_;
  bool alert_ = false;
  std::uint32_t above_ = 0, below_ = 0, age_ = 0;
  double height_ = 0, score_ = 0;
  timestamp since_ = unset;
  std::uint64_t refused_ = 0;
};

} // namespace tocsin

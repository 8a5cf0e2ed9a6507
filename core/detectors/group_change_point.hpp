// Did the level of any channel of a group change? The mean of the newest rows against the mean of
// rows before them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/statistics/vectors.hpp"

namespace tocsin {

struct change_point_options {
  std::size_t recent = 9; ///< rows of the newer window
  std::size_t gap = 10;   ///< rows between the windows, so that a ramp is not compared with itself
  std::size_t previous = 84;   ///< rows of the older window
  double quantile = 0.9;       ///< of a channel's own differences while learning: its unit
  double norm = 4;             ///< channels are combined by this p-norm
  double limit = 3.1;          ///< of the combined difference, in those units
  std::size_t refractory = 55; ///< rows without another alarm
  std::size_t clear = 10;      ///< rows below the limit that end a change
};

/// Cost: (recent + previous) additions per channel and row. State: recent + gap + previous rows.
class group_change_point {
public:
  /// `learnt`: rows of the present regime, all finite; it must not be empty.
  group_change_point(const table& learnt, change_point_options options = {});

  /// True once for each change. `values` are finite, as many as there are channels.
  bool next(std::span<const double> values);
  /// The combined difference of the last row; 1 is usual, `limit` is an alarm.
  double difference() const { return difference_; }

  void save(writer& out) const;
  bool load(reader& in);

private:
  void push(std::span<const double> values);
  double window_difference(std::size_t channel) const;
  void learn_units(const table& learnt);

  change_point_options options_;
  std::size_t channels_ = 0, rows_ = 0, next_ = 0;
  std::vector<double> ring_, unit_;
  double difference_ = 0, top_ = 0;
  std::size_t since_ = 0, below_ = 0;
  bool above_ = false;
};

} // namespace tocsin

// Did the level of any channel of a group change? The mean of the newest rows against the mean of
// rows before them.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/statistics/vectors.hpp"

namespace tocsin {

struct change_point_options {
  /// Rows of the newer window and of the older one before it.
  struct pair {
    std::size_t recent, previous;
  };
  std::array<pair, 2> windows{{{9, 70}, {38, 150}}}; ///< a quick pair and a slow one
  std::size_t gap = 0;                               ///< rows between the windows of a pair
  double quantile = 0.9;       ///< of a channel's own differences while learning: its unit
  double noise_floor = 1;      ///< least unit, in deviations that white noise would have
  double norm = 3;             ///< channels and pairs are combined by this p-norm
  double limit = 4.6;          ///< of the combined difference, in those units
  std::size_t refractory = 60; ///< rows without another alarm
  std::size_t clear = 8;       ///< rows below the limit that end a change
};

/// Cost: about 280 additions per channel and row. State: the rows of the longer pair of windows.
class group_change_point {
public:
  /// `learnt`: rows of the present regime, all finite; it must not be empty.
  group_change_point(const table& learnt, change_point_options options = {});

  /// True when a change begins, and again after `refractory` rows if it is larger still (the end of
  /// a ramp). `values` are finite, as many as there are channels.
  bool next(std::span<const double> values);
  /// The combined difference of the last row; 1 is usual, `limit` is an alarm.
  double difference() const { return difference_; }

  void save(writer& out) const;
  bool load(reader& in);

private:
  void push(std::span<const double> values);
  double window_difference(std::size_t channel, const change_point_options::pair& pair) const;
  void learn_units(const table& learnt);

  change_point_options options_;
  std::size_t channels_ = 0, rows_ = 0, next_ = 0;
  std::vector<double> ring_; ///< channel after channel, so that a window lies together
  std::vector<double> unit_; ///< of each pair, of each channel
  double difference_ = 0, top_ = 0;
  std::size_t since_ = 0, below_ = 0;
  bool above_ = false;
};

} // namespace tocsin

// Machine: the cluster's time, as a node knows it: its own steady clock, set by the leader's marks.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/time.hpp"

namespace tocsin {

/// A wall clock that is wrong or steps harms nobody but the first leader's cluster. Times of the steady clock are any that
/// never step. What now() gives never decreases.
class cluster_clock {
public:
  /// Nobody has marked the time yet: ours counts.
  void begin(timestamp wall, timestamp steady) {
    if (!known_) set(wall - steady);
  }
  /// A mark that was just written was read. The way here takes time, so of a window of marks the one that came quickest counts.
  void hear(timestamp mark, timestamp steady) {
    const duration offset = mark - steady;
    if (!known_) return set(offset);
    best_ = count_ == 0 ? offset : std::max(best_, offset);
    if (offset > offset_) offset_ = offset;
    if (++count_ < window) return;
    offset_ = best_;
    count_ = 0;
  }
  /// A mark of our own came back. Its way says nothing, and must not be lost each time; but we are never behind the log.
  void keep_up(timestamp mark, timestamp steady) {
    if (known_) offset_ = std::max(offset_, mark - steady);
  }
  bool known() const { return known_; }
  timestamp now(timestamp steady) { return last_ = std::max(last_, steady + offset_); }

private:
  static constexpr std::uint32_t window = 64;
  void set(duration offset) {
    offset_ = offset;
    known_ = true;
  }
  duration offset_{0}, best_{0};
  timestamp last_ = unset;
  std::uint32_t count_ = 0;
  bool known_ = false;
};

} // namespace tocsin

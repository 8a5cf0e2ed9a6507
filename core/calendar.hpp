// When a route is muted or active: times of day, days and months in a time zone, as Alertmanager's time intervals.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/time.hpp"

namespace tocsin {

/// Offsets from UTC as plain data, read from the system's database by config. Pure: knows no files.
struct time_zone {
  std::string name = "UTC";
  /// (from this moment on, seconds east of UTC), ascending; before the first one: `first_offset_s`.
  std::vector<std::pair<timestamp, std::int32_t>> changes;
  std::int32_t first_offset_s = 0;
};

/// Inclusive, unless a comment says otherwise.
struct int_range {
  int first, last;
};

/// All parts that are given must hold; an empty part always holds.
struct time_interval {
  std::vector<int_range> minutes;       ///< of the day, 0 to 1440; the last is exclusive
  std::vector<int_range> weekdays;      ///< 0 = Sunday
  std::vector<int_range> days_of_month; ///< 1 to 31, or -31 to -1 from the month's end
  std::vector<int_range> months;        ///< 1 to 12
  std::vector<int_range> years;
  std::shared_ptr<const time_zone> zone; ///< null = UTC
};

/// A name for several intervals; it holds when one of them does.
struct named_calendar {
  std::string name;
  std::vector<time_interval> intervals;
};

bool contains(const time_interval& i, timestamp t);
bool contains(const named_calendar& c, timestamp t);
/// The first moment after `t` at which contains() may have another value (a minute's border; at most 366 days on:
/// then that moment, to look again).
timestamp next_change(const named_calendar& c, timestamp t);

} // namespace tocsin

// Local time of an interval's zone, and the search for the moment at which a calendar changes.
#include "core/calendar.hpp"

#include <algorithm>
#include <limits>

#include "core/saturating.hpp"

namespace tocsin {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::seconds;

constexpr duration look_ahead = 366 * 24h;
constexpr std::int64_t day_seconds = 86'400;

std::int64_t seconds_of(timestamp t) { return floor<seconds>(t.time_since_epoch()).count(); }

timestamp from_seconds_saturating(std::int64_t s) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;
  if (s > most) return never;
  return s < -most ? unset : from_nanoseconds(s * 1'000'000'000);
}

/// Offset at a moment, and the moment up to which it holds.
struct offset_span {
  std::int64_t offset = 0;
  timestamp end = never;
};

offset_span offset_at(const time_zone* zone, timestamp t) {
  if (!zone) return {};
  const auto& all = zone->changes;
  const auto after = std::upper_bound(all.begin(), all.end(), t,
                                      [](timestamp at, const auto& c) { return at < c.first; });
  return {after == all.begin() ? zone->first_offset_s : std::prev(after)->second,
          after == all.end() ? never : after->first};
}

struct local_time {
  std::int64_t day;    ///< since 1970-01-01
  std::int64_t second; ///< of the day
};

local_time local_of(timestamp t, std::int64_t offset) {
  const std::int64_t s = seconds_of(t) + offset;
  std::int64_t day = s / day_seconds;
  if (s % day_seconds < 0) --day;
  return {day, s - day * day_seconds};
}

bool in_any(const std::vector<int_range>& ranges, int value) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [value](const int_range& r) {
           return r.first <= value && value <= r.last;
         });
}

/// Ends beyond the month are cut; a range that begins beyond it holds on no day of it.
bool in_month(const std::vector<int_range>& ranges, int day, int last_day) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [=](const int_range& r) {
           const int first = r.first < 0 ? r.first + last_day + 1 : r.first;
           const int last = r.last < 0 ? r.last + last_day + 1 : r.last;
           return first <= day && day <= last;
         });
}

bool day_holds(const time_interval& i, std::int64_t day) {
  namespace c = std::chrono;
  const c::sys_days at{days{static_cast<int>(day)}};
  if (!in_any(i.weekdays, static_cast<int>(c::weekday{at}.c_encoding()))) return false;
  if (i.days_of_month.empty() && i.months.empty() && i.years.empty()) return true;
  const c::year_month_day date{at};
  const auto last = (date.year() / date.month() / c::last).day();
  return in_any(i.years, static_cast<int>(date.year())) &&
         in_any(i.months, static_cast<int>(static_cast<unsigned>(date.month()))) &&
         in_month(i.days_of_month, static_cast<int>(static_cast<unsigned>(date.day())),
                  static_cast<int>(static_cast<unsigned>(last)));
}

bool second_holds(const time_interval& i, std::int64_t second) {
  return i.minutes.empty() ||
         std::any_of(i.minutes.begin(), i.minutes.end(), [second](const int_range& r) {
           return r.first * 60 <= second && second < r.last * 60;
         });
}

/// The first border after `t` at which the interval may change: of a time, a day or the zone's
/// offset.
timestamp next_border(const time_interval& i, timestamp t) {
  const offset_span zone = offset_at(i.zone.get(), t);
  const local_time local = local_of(t, zone.offset);
  std::int64_t border = day_seconds;
  if (day_holds(i, local.day))
    for (const int_range& r : i.minutes)
      for (const int edge : {r.first, r.last})
        if (edge * 60 > local.second) border = std::min<std::int64_t>(border, edge * 60);
  const timestamp at = from_seconds_saturating(local.day * day_seconds + border - zone.offset);
  return std::max(std::min(zone.end, at),
                  later(t, duration{1})); // onwards even at the ends of time
}

/// The first moment after `t`, before `limit`, at which the interval begins or ends to hold; else
/// `limit`.
timestamp next_flip(const time_interval& i, timestamp t, timestamp limit) {
  const bool now = contains(i, t);
  while (t < limit) {
    t = next_border(i, t);
    if (t < limit && contains(i, t) != now) return t;
  }
  return limit;
}

} // namespace

bool contains(const time_interval& i, timestamp t) {
  const local_time local = local_of(t, offset_at(i.zone.get(), t).offset);
  return second_holds(i, local.second) && day_holds(i, local.day);
}

bool contains(const named_calendar& c, timestamp t) {
  return std::any_of(c.intervals.begin(), c.intervals.end(),
                     [t](const time_interval& i) { return contains(i, t); });
}

timestamp next_change(const named_calendar& c, timestamp t) {
  const timestamp limit = later(t, look_ahead);
  struct state {
    bool holds;
    timestamp flip;
  };
  std::vector<state> all;
  for (const time_interval& i : c.intervals)
    all.push_back({contains(i, t), next_flip(i, t, limit)});
  const auto any = [&] {
    return std::any_of(all.begin(), all.end(), [](const state& s) { return s.holds; });
  };
  // One interval may take over from another: only a change of the whole counts.
  const bool before = any();
  for (timestamp at = t; at < limit;) {
    at = limit;
    for (const state& s : all) at = std::min(at, s.flip);
    if (at == limit) break;
    for (std::size_t k = 0; k < all.size(); ++k)
      if (all[k].flip == at) all[k] = {!all[k].holds, next_flip(c.intervals[k], at, limit)};
    if (any() != before) return at;
  }
  return limit;
}

} // namespace tocsin

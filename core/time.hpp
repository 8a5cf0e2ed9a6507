// Points and spans of time as strong types; nothing in core can ask what time it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace tocsin {

using namespace std::chrono_literals;

/// A span of time, nanoseconds.
using duration = std::chrono::nanoseconds;

/// The Unix epoch as a clock that cannot be read: core gets the time with its input.
struct unix_epoch {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = tocsin::duration;
  using time_point = std::chrono::time_point<unix_epoch, duration>;
  static constexpr bool is_steady = false;
};

/// A point in time, nanoseconds since 1970-01-01T00:00:00Z.
using timestamp = unix_epoch::time_point;

/// "No such time": the deadline of a machine that waits for nothing.
inline constexpr timestamp never = timestamp::max();
/// "Not known yet": earlier than every record.
inline constexpr timestamp unset = timestamp::min();

constexpr timestamp from_nanoseconds(std::int64_t ns) { return timestamp{duration{ns}}; }
constexpr timestamp from_milliseconds(std::int64_t ms) { return timestamp{duration{ms * 1'000'000}}; }
constexpr std::int64_t to_nanoseconds(timestamp t) { return t.time_since_epoch().count(); }
constexpr double to_seconds(duration d) { return static_cast<double>(d.count()) * 1e-9; }
/// Rounds to the nearest nanosecond; values beyond +-292 years are clamped.
duration from_seconds(double seconds);

/// "2026-11-21T07:21:00Z", with 3, 6 or 9 decimals when the time has a fraction.
std::string to_rfc3339(timestamp t);
/// Accepts RFC 3339 with any offset and up to nine decimals ('T' or a space, 'Z' optional = UTC).
result<timestamp> parse_rfc3339(std::string_view text);
/// "90s", "1m30s", "5ms", "2h", "7d", "off" is not a duration; units ns us ms s m h d.
result<duration> parse_duration(std::string_view text);
/// The shortest text that parse_duration reads back: "1m30s".
std::string to_text(duration d);

} // namespace tocsin

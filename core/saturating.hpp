// Arithmetic on times that stops at the ends instead of overflowing: input may carry any time.
#pragma once

#include <cstdint>
#include <limits>

#include "core/time.hpp"

namespace tocsin {

/// `t + d`, at most `never`. `d` must not be negative.
constexpr timestamp later(timestamp t, duration d) { return t > never - d ? never : t + d; }

/// `to - from`, at most the longest duration; 0 when `to` is not after `from`.
constexpr duration between(timestamp from, timestamp to) {
  std::int64_t ns = 0;
  if (to <= from) return duration{0};
  if (__builtin_sub_overflow(to_nanoseconds(to), to_nanoseconds(from), &ns)) return duration::max();
  return duration{ns};
}

/// `t - d`, not before the epoch of 64-bit nanoseconds. `d` must not be negative.
constexpr timestamp earlier(timestamp t, duration d) {
  return t < timestamp::min() + d ? timestamp::min() : t - d;
}

/// Evidence is signed: counters beyond are shown as the greatest number there is.
constexpr std::int64_t clamp_signed(std::uint64_t n) {
  constexpr auto top = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(n < top ? n : top);
}

} // namespace tocsin

// The clock of a drill: how the time that is recorded and judged by follows the machine's own.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin {

/// Until `begins` on the machine's clock the recorded time comes at its usual pace, so that it is `from` at that moment; then it goes
/// `speed` times as fast. Whole speeds: both directions are exact, on every machine alike. Without a drill the two are one.
class drill_clock {
public:
  static constexpr std::int64_t speed_max = 1000;

  drill_clock() = default;
  /// `speed`: 1 to speed_max; both times after 1970.
  drill_clock(timestamp from, timestamp begins, std::int64_t speed) : from_(from), begins_(begins), speed_(speed) {}

  bool given() const { return speed_ != 0; }
  std::int64_t speed() const { return given() ? speed_ : 1; }
  timestamp from() const { return from_; }
  timestamp begins() const { return begins_; }

  /// What is recorded at that moment of the machine's clock.
  timestamp recorded(timestamp machine) const {
    if (!given()) return machine;
    const std::int64_t since = (machine - begins_).count();
    if (since > most / speed_) return never;
    return from_ + duration{since < 0 ? since : since * speed_};
  }
  /// The first moment of the machine's clock at which that, or more, is recorded; `never` stays.
  timestamp machine(timestamp recorded) const {
    if (!given() || recorded == never) return recorded;
    const std::int64_t since = (recorded - from_).count();
    return begins_ + duration{since < 0 ? since : since / speed_ + (since % speed_ != 0)};
  }

private:
  static constexpr std::int64_t most = 4'000'000'000'000'000'000; ///< nanoseconds, 126 years
  timestamp from_{}, begins_{};
  std::int64_t speed_ = 0; ///< 0 = no drill
};

/// "2026-01-01T00:00:00Z@2026-11-22T09:00:00Zx60": from, begins, speed.
result<drill_clock> parse_drill_clock(std::string_view text);

} // namespace tocsin

// Whether the reader of a log sees what is said now, lets time wait for it, or has to say that it is blind.
#pragma once

#include "core/time.hpp"

namespace tocsin {

/// A log keeps what was said while nobody read it. So a reader that is behind, or cut off for a moment, lets time stand still
/// and loses nothing; one that does not get on for `blind_after` says so instead, and time goes on without it.
class log_sight {
public:
  /// Holds the time until the end of the log is reached for the first time. `now` is any clock that never steps.
  log_sight(duration blind_after, timestamp now) : blind_after_(blind_after), moved_(now) {}

  struct look {
    bool connected = false; ///< partitions are assigned, and who leads them answers
    bool at_end = false;    ///< everything that is known to be there was taken
    bool moved = false;     ///< records were taken since the last look
  };
  struct change {
    bool holds = false;                 ///< time must wait for this log
    bool lost = false, regained = false; ///< to be said now
  };
  change see(const look& l, timestamp now) {
    if (l.connected && l.at_end) {
      const bool news = blind_ || !saw_;
      saw_ = true;
      blind_ = holds_ = false;
      moved_ = now;
      return {false, false, news};
    }
    if (blind_) return {false, false, false};
    if (l.moved || !holds_) moved_ = now;
    holds_ = true;
    if (now - moved_ < blind_after_) return {true, false, false};
    blind_ = true;
    holds_ = false;
    return {false, true, false};
  }
  bool blind() const { return blind_; }

private:
  duration blind_after_;
  timestamp moved_; ///< when it last got on
  bool saw_ = false, holds_ = true, blind_ = false;
};

} // namespace tocsin

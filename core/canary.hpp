// Machine: a daemon of our own that dies on schedule. Somebody must be told of each death and of each return: else the
// watcher itself is broken, and that is said.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/incident.hpp"
#include "core/limits.hpp"
#include "core/rules.hpp"
#include "core/time.hpp"

namespace tocsin {

/// Host of the canary, its service, and the name of the receiver that is its own.
inline constexpr std::string_view canary_name = "tocsin-canary", canary_service = "tocsin-canary";
/// They beat all the time, so that the canary's silence is its own and not its segment's.
inline constexpr std::array<std::string_view, 2> canary_mates{"tocsin-canary-mate-1", "tocsin-canary-mate-2"};
/// The vantage point it is heard through; no source of the configuration has it.
inline constexpr std::uint8_t own_vantage = limits::vantages_max - 1;
inline constexpr int canary_beats_missed = 3; ///< periods of silence until it is lost

struct canary_rules {
  duration every = 0s;      ///< between two deaths; 0 = no canary
  duration period = 1s;     ///< of its heartbeats
  duration within = 1min;   ///< longest time to tell, beyond what the rules themselves wait
  duration wait = 30s;      ///< the group's, before an incident is opened
  duration close_after = 60s; ///< the group's, before it is closed
};
/// How it is judged: lost after canary_beats_missed periods, and by nothing else.
daemon_rules canary_judgement(const canary_rules& rules);

/// An incident of the canary or its mates: nobody needs to acknowledge it, and it counts in no figure.
bool is_of_canary(const incident& i);

class canary {
public:
  canary(canary_rules rules, timestamp start);

  struct outcome {
    bool works;
    duration delay{};   ///< works: the longer of death and return, from when it was due to when it was told
    std::string reason; ///< else: what did not happen
  };
  struct step {
    bool beats;                  ///< the canary itself; its mates always do
    std::optional<outcome> said; ///< a round is over
  };
  /// Call it every period. Times must not decrease.
  step advance(timestamp now);
  /// The canary's receiver was told that its incident opened or closed; `due`: the notification's time.
  std::optional<outcome> told(bool opened, timestamp due, timestamp now);

private:
  enum class phase : std::uint8_t { beating, dead, back };
  void rest(timestamp now, duration pause);
  /// An incident of a former round, or of a former process, is closed after so long.
  duration settled() const { return 4 * rules_.period + rules_.close_after; }
  canary_rules rules_;
  phase phase_ = phase::beating;
  timestamp until_;   ///< of the phase
  duration delay_{};
};

} // namespace tocsin

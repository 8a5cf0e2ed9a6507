// What only a daemon with a symptom or a recent restart needs; kept apart so that a calm one stays
// small.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/daemon.hpp"

namespace tocsin {

struct daemon::trouble {
  struct raised_symptom {
    symptom_kind kind;
    severity level;
    timestamp since;
  };
  /// Losses from the first until it was quiet again.
  struct loss_episode {
    static constexpr std::size_t peers_max =
        8; ///< more are counted, so that a storm does not chatter
    std::uint64_t by_counter = 0, by_advisory = 0;
    timestamp last = unset, quiet_at = never;
    std::vector<std::string> peers;
    std::uint32_t peers_more = 0;
  };
  struct restart_note {
    timestamp at = unset;
    duration downtime_max{0};
    std::uint64_t uptime_before = 0, uptime_after = 0;
    bool uptime_known = false; ///< both sides of the restart told their uptime
    bool announced = false, reboot_possible = false;
  };

  std::vector<raised_symptom> raised;
  std::array<loss_episode, 2> losses; ///< inbound, outbound
  restart_note restart;
  std::array<timestamp, 8> resets{}; ///< newest last, `reset_count` of them
  std::uint8_t reset_count = 0;
  timestamp restart_hold = never, reboot_hold = never;
  client_forecast forecast;
  std::string suppressed_peer;

  raised_symptom* find(symptom_kind kind) {
    for (raised_symptom& s : raised)
      if (s.kind == kind) return &s;
    return nullptr;
  }
  timestamp next() const {
    timestamp first = restart_hold < reboot_hold ? restart_hold : reboot_hold;
    for (const loss_episode& l : losses)
      if (l.quiet_at < first) first = l.quiet_at;
    return first;
  }
  /// Restarts within the hour before `at`.
  std::uint32_t resets_within_hour(timestamp at) const;
  void add_reset(timestamp at);

  void save(writer& out) const;
  bool load(reader& in);
};

inline symptom_kind kind_of_loss(bool inbound) {
  return inbound ? symptom_kind::data_loss_inbound : symptom_kind::data_loss_outbound;
}

} // namespace tocsin

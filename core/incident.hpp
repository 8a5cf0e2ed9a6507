// An incident: what a person is told about, with its cause, its members and its life.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/symptom.hpp"

namespace tocsin {

enum class incident_state : std::uint8_t { opened, updated, closed };

/// Causes are the symptom kinds plus what only a group can see.
enum class cause_kind : std::uint8_t {
  // same order as symptom_kind
  heartbeat_late, heartbeat_lost, daemon_stopped, daemon_restarted, host_rebooted,
  data_loss_inbound, data_loss_outbound, clients_high, clients_critical, clients_limit_forecast,
  retransmission_outbound, retransmission_inbound, hidden_loss,
  inventory_missing, inventory_unknown, config_drift, clock_skew, self_check,
  sensor_anomaly, group_anomaly, control_violation, equipment_down, equipment_alarm, event_pattern, quality_low,
  segment_silent, ///< everybody on one service and network fell silent at once
  sight_lost,     ///< our own link broke: we are blind
};
inline constexpr cause_kind cause_of(symptom_kind kind) { return static_cast<cause_kind>(kind); }

struct cause {
  cause_kind kind;
  std::string subject; ///< "rvd/…", "segment/<service>/<network>", "vantage/<name>" or "host/<address>"
  double probability;  ///< 0 to 1
};

struct incident {
  timestamp at;            ///< of this change
  std::string id;          ///< stable over the incident's life and over replays
  std::uint32_t revision;  ///< 1 with opened, then counting
  incident_state state;
  severity level;
  std::string title;       ///< one line for a person
  tocsin::cause because;
  std::vector<std::string> members; ///< subjects, sorted; at most limits::incident_members_max
  std::size_t member_count;
  std::string group;       ///< the group that says so: "segment/<service>/<network>"
  timestamp since;
  std::optional<timestamp> until;
  evidence facts;          ///< what decided
  std::string rules{};     ///< version of the rules that judged it when it opened; kept by the store, not said
};

/// What one receiver is to be told. `id` stays the same over retries and restarts.
struct notification {
  timestamp at;
  std::string id;       ///< "<incident id>.<revision>@<receiver>"
  std::string receiver;
  /// "opened", "worse", "cause_changed", "repeat", "escalated", "digest", "closed"; "report": of the alarms
  std::string reason;
  incident about;       ///< the one that leads its group
  std::vector<incident> more;  ///< the others of its group; empty for one alone
  std::string route;           ///< id of the route it took; may be empty
  std::vector<std::pair<std::string, std::string>> group_labels; ///< what its group has in common, by `group_by`
  std::string response;        ///< what to do about it, in the configuration's words; may be empty
  std::string page;            ///< of a report alone: HTML; `response` is the same as text
  std::string acknowledge_url; ///< signed link of one click; may be empty. Never stored: whoever holds it may use it
};

std::string_view to_text(incident_state state);
std::string_view to_text(cause_kind kind);
std::optional<cause_kind> parse_cause_kind(std::string_view text);

} // namespace tocsin

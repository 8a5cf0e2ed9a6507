// A symptom: something is wrong with a subject, since when, and how we know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/time.hpp"

namespace tocsin {

enum class symptom_kind : std::uint8_t {
  heartbeat_late, heartbeat_lost, daemon_stopped, daemon_restarted, host_rebooted,
  data_loss_inbound, data_loss_outbound, clients_high, clients_critical, clients_limit_forecast,
  retransmission_outbound, retransmission_inbound, hidden_loss,
  inventory_missing, inventory_unknown, config_drift, clock_skew, self_check,
  sensor_anomaly, group_anomaly, control_violation, equipment_down, equipment_alarm, event_pattern, quality_low,
};
inline constexpr std::size_t symptom_kind_count = 25;

/// `repeated`: still so, said for those who may have missed it.
enum class symptom_state : std::uint8_t { raised, changed, cleared, repeated };
enum class severity : std::uint8_t { info, warning, critical };

/// One row of evidence. Names are snake_case; numbers are printed as they are.
struct fact {
  std::string name;
  std::variant<std::int64_t, double, bool, timestamp, std::string> value;
};
using evidence = std::vector<fact>;

struct symptom {
  timestamp at;           ///< the moment it is about (a deadline's own time, not that of waking)
  std::string subject;    ///< "rvd/<host address>/<service>", "equipment/<unit>", "equipment/<unit>/<channel>"
  symptom_kind kind;
  symptom_state state;
  tocsin::severity level;
  timestamp since;        ///< when it was raised
  evidence facts;
};

std::string_view to_text(symptom_kind kind);
std::string_view to_text(symptom_state state);
std::string_view to_text(severity level);
std::optional<symptom_kind> parse_symptom_kind(std::string_view text);
std::optional<severity> parse_severity(std::string_view text);

} // namespace tocsin

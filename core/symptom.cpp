#include "core/symptom.hpp"

#include <algorithm>
#include <array>

#include "core/effect.hpp"
#include "core/incident.hpp"

namespace tocsin {

namespace {
constexpr std::array<std::string_view, symptom_kind_count + 2> kinds{
    "heartbeat_late", "heartbeat_lost", "daemon_stopped", "daemon_restarted", "host_rebooted", "data_loss_inbound",
    "data_loss_outbound", "clients_high", "clients_critical", "clients_limit_forecast", "retransmission_outbound",
    "retransmission_inbound", "hidden_loss", "inventory_missing", "inventory_unknown", "config_drift", "clock_skew",
    "self_check", "sensor_anomaly", "group_anomaly", "control_violation", "equipment_down", "equipment_alarm",
    "event_pattern", "quality_low", "segment_silent", "sight_lost"};
constexpr std::array<std::string_view, 4> states{"raised", "changed", "cleared", "repeated"};
constexpr std::array<std::string_view, 3> severities{"info", "warning", "critical"};
constexpr std::array<std::string_view, 3> lives{"opened", "updated", "closed"};

template <class Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& texts, std::size_t count, std::string_view text) {
  for (std::size_t i = 0; i < count; ++i)
    if (texts[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}
} // namespace

std::string_view to_text(symptom_kind kind) { return kinds[static_cast<std::size_t>(kind)]; }
std::string_view to_text(cause_kind kind) { return kinds[static_cast<std::size_t>(kind)]; }
std::string_view to_text(symptom_state state) { return states[static_cast<std::size_t>(state)]; }
std::string_view to_text(severity level) { return severities[static_cast<std::size_t>(level)]; }
std::string_view to_text(incident_state state) { return lives[static_cast<std::size_t>(state)]; }
std::optional<symptom_kind> parse_symptom_kind(std::string_view text) {
  return find<symptom_kind>(kinds, symptom_kind_count, text);
}
std::optional<cause_kind> parse_cause_kind(std::string_view text) { return find<cause_kind>(kinds, kinds.size(), text); }
std::optional<severity> parse_severity(std::string_view text) { return find<severity>(severities, 3, text); }

namespace {
std::string_view subject_of_effect(const effect& e) {
  if (auto* s = std::get_if<symptom>(&e.what)) return s->subject;
  if (auto* m = std::get_if<member_seen>(&e.what)) return m->subject;
  return {};
}
} // namespace

void sort_canonically(effects& all) {
  auto before = [](const effect& a, const effect& b) {
    if (a.at != b.at) return a.at < b.at;
    const bool sight_a = a.what.index() == 0, sight_b = b.what.index() == 0;
    if (sight_a != sight_b) return sight_a;
    if (sight_a) return std::get<sight_changed>(a.what).vantage < std::get<sight_changed>(b.what).vantage;
    return subject_of_effect(a) < subject_of_effect(b);
  };
  std::stable_sort(all.begin(), all.end(), before);
}

} // namespace tocsin

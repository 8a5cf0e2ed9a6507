// The thresholds of a condition as they hold for an incident's subject.
#include "actors/explanation.hpp"

namespace tocsin {

namespace {

using json = nlohmann::ordered_json;

json of_heartbeat(const heartbeat_rule& h) {
  if (h.mode == heartbeat_rule::mode_t::fixed)
    return {{"mode", "fixed"}, {"late_after", to_text(h.late_after)}, {"lost_after", to_text(h.lost_after)}};
  return {{"mode", "learned"}, {"misses_min", h.misses_min}, {"misses_max", h.misses_max},
          {"false_alarms_per_week", h.false_alarms_per_week}, {"fleet", h.fleet}};
}

json of_rate(const retransmission_rule& r) {
  return {{"warning_percent", r.warning_percent}, {"critical_percent", r.critical_percent}, {"intervals", r.intervals},
          {"packets_min", r.packets_min}};
}

} // namespace

nlohmann::ordered_json thresholds_of(const rule_book& rules, const incident& i) {
  // Of a segment or host: those of its first member, which are everybody's unless overridden.
  std::string_view subject = i.because.subject;
  if (!subject.starts_with("rvd/") && !i.members.empty()) subject = i.members.front();
  auto own = rules.global;
  if (subject.starts_with("rvd/")) {
    const std::string_view rest = subject.substr(4);
    const auto slash = rest.rfind('/');
    if (slash != rest.npos) own = rules.resolve(rest.substr(0, slash), rest.substr(slash + 1));
  }
  switch (i.because.kind) {
  case cause_kind::heartbeat_late: case cause_kind::heartbeat_lost: return of_heartbeat(own->heartbeat);
  case cause_kind::daemon_restarted: case cause_kind::host_rebooted:
    return {{"restart_hold", to_text(own->heartbeat.restart_hold)}, {"reboot_gap_min", to_text(own->heartbeat.reboot_gap_min)}};
  case cause_kind::data_loss_inbound: case cause_kind::data_loss_outbound:
    return {{"lost_min", 1}, {"quiet", to_text(own->data_loss.quiet)}};
  case cause_kind::clients_high: case cause_kind::clients_critical:
    return {{"limit", own->clients.limit}, {"warning_percent", own->clients.warning_percent},
            {"critical_percent", own->clients.critical_percent}};
  case cause_kind::clients_limit_forecast:
    return {{"horizon", to_text(own->forecast.horizon)}, {"raise_probability", own->forecast.raise_probability}};
  case cause_kind::retransmission_outbound: return of_rate(own->retransmission_outbound);
  case cause_kind::retransmission_inbound: return of_rate(own->retransmission_inbound);
  case cause_kind::hidden_loss: return {{"intervals", own->hidden_loss.intervals}};
  case cause_kind::clock_skew:
    return {{"limit", to_text(own->clock_skew.limit)}, {"heartbeats", own->clock_skew.heartbeats}};
  case cause_kind::inventory_missing: return {{"inventory_wait", to_text(rules.inventory_wait)}};
  case cause_kind::config_drift: return {{"drift_members_min", rules.groups.drift_members_min}};
  case cause_kind::segment_silent:
    return {{"silent_share", rules.groups.silent_share}, {"silent_members_min", rules.groups.silent_members_min}};
  case cause_kind::sight_lost: return {{"sight_grace", to_text(rules.groups.sight_grace)}};
  default: return json::object();
  }
}

} // namespace tocsin

// The evidence rows of a daemon's symptoms, made from its state whenever one is said or shown.
#include <cmath>

#include "core/daemon.hpp"
#include "core/daemon_trouble.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
double to_milli(double x) { return std::round(x * 1000) / 1000; }

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& n : names) out.append(out.empty() ? "" : ", ").append(n);
  return out;
}
} // namespace

evidence daemon::facts(symptom_kind kind, timestamp at) const {
  switch (kind) {
  case symptom_kind::heartbeat_late:
  case symptom_kind::heartbeat_lost:
    return silence_facts(at);
  case symptom_kind::daemon_stopped:
    return last_heard_ == unset ? evidence{} : evidence{{"last_heard", last_heard_}};
  case symptom_kind::daemon_restarted:
  case symptom_kind::host_rebooted:
    return restart_facts();
  case symptom_kind::data_loss_inbound:
    return loss_facts(side::inbound);
  case symptom_kind::data_loss_outbound:
    return loss_facts(side::outbound);
  case symptom_kind::clients_high:
  case symptom_kind::clients_critical: {
    const auto limit = static_cast<double>(client_limit());
    return {{"clients", clamp_signed(clients_)},
            {"limit", clamp_signed(client_limit())},
            {"percent", limit > 0 ? to_milli(static_cast<double>(clients_) * 100 / limit) : 0.0}};
  }
  case symptom_kind::clients_limit_forecast:
    return forecast_facts();
  case symptom_kind::retransmission_outbound:
    return rate_facts(side::outbound);
  case symptom_kind::retransmission_inbound:
    return rate_facts(side::inbound);
  case symptom_kind::hidden_loss: {
    evidence e{{"suppressed", std::int64_t{suppressed_}},
               {"intervals", std::int64_t{suppressing_}}};
    if (trouble_ && !trouble_->suppressed_peer.empty())
      e.push_back({"peer", trouble_->suppressed_peer});
    return e;
  }
  case symptom_kind::inventory_missing:
    return {{"waited_s", to_seconds(between(born_, at))}};
  case symptom_kind::inventory_unknown:
    return {{"version", version_}};
  case symptom_kind::clock_skew:
    return {{"skew_s", to_milli(skew_s_)}, {"limit_s", to_seconds(rules_->clock_skew.limit)}};
  case symptom_kind::config_drift:
  case symptom_kind::self_check:
  case symptom_kind::sensor_anomaly:
  case symptom_kind::group_anomaly:
  case symptom_kind::control_violation:
  case symptom_kind::equipment_down:
  case symptom_kind::equipment_alarm:
  case symptom_kind::event_pattern:
  case symptom_kind::quality_low:
    break;
  }
  return {};
}

evidence daemon::silence_facts(timestamp at) const {
  const heartbeat_rule& rule = rules_->heartbeat;
  evidence e{{"last_heard", last_heard_},
             {"silence_s", to_milli(to_seconds(between(last_heard_, at)))}};
  if (silence_from_ > last_heard_) e.push_back({"sighted_since", silence_from_});
  if (rule.mode == heartbeat_rule::mode_t::fixed) {
    e.push_back({"lost_after_s", to_seconds(rule.lost_after)});
    return e;
  }
  // How much less likely the silence is under "alive" than under "dead": each missed beat, a factor
  // of the loss rate.
  const double missed =
      std::floor(to_seconds(between(silence_base(), at)) / to_seconds(beats_.period()));
  e.push_back({"period_s", to_milli(to_seconds(beats_.period()))});
  e.push_back({"jitter_s", to_milli(beats_.jitter_s())});
  e.push_back({"loss_rate", std::round(beats_.loss_rate() * 1e6) / 1e6});
  e.push_back({"misses", static_cast<std::int64_t>(missed)});
  e.push_back({"log10_odds", to_milli(-missed * std::log10(beats_.loss_rate()))});
  return e;
}

evidence daemon::restart_facts() const {
  const trouble::restart_note& n = trouble_->restart;
  evidence e{{"downtime_min_s", 0.0}, {"downtime_max_s", to_milli(to_seconds(n.downtime_max))}};
  if (n.uptime_known) {
    e.push_back({"uptime_before_s", clamp_signed(n.uptime_before)});
    e.push_back({"uptime_after_s", clamp_signed(n.uptime_after)});
  }
  e.push_back({"restarts_last_hour", std::int64_t{trouble_->resets_within_hour(n.at)}});
  e.push_back({"host_reboot_possible", n.reboot_possible});
  if (n.announced) e.push_back({"announced", true});
  return e;
}

evidence daemon::loss_facts(side s) const {
  const trouble::loss_episode& l = trouble_->losses[static_cast<std::size_t>(s)];
  const bool counted = l.by_counter > 0, told = l.by_advisory > 0 || !l.peers.empty();
  // Counter and advisory tell of the same packets: the greater is the better account.
  evidence e{{"lost", clamp_signed(l.by_counter > l.by_advisory ? l.by_counter : l.by_advisory)},
             {"source", std::string{counted && told ? "counter, advisory"
                                    : counted       ? "counter"
                                                    : "advisory"}},
             {"last_loss", l.last}};
  if (!l.peers.empty()) e.push_back({"peer", joined(l.peers)});
  if (l.peers_more > 0) e.push_back({"further_peers", std::int64_t{l.peers_more}});
  return e;
}

evidence daemon::forecast_facts() const {
  const client_forecast& f = trouble_->forecast;
  evidence e{{"probability", to_milli(f.probability)}};
  if (std::isfinite(f.eta_p05_s)) e.push_back({"eta_p05_s", f.eta_p05_s});
  if (std::isfinite(f.eta_p50_s)) e.push_back({"eta_p50_s", f.eta_p50_s});
  if (std::isfinite(f.eta_p95_s)) e.push_back({"eta_p95_s", f.eta_p95_s});
  e.push_back({"clients", clamp_signed(clients_)});
  e.push_back({"limit", clamp_signed(client_limit())});
  e.push_back({"per_hour", to_milli(f.drift * 3600)});
  return e;
}

evidence daemon::rate_facts(side s) const {
  const bool inbound = s == side::inbound;
  const rate_watch& w = inbound ? inbound_ : outbound_;
  const retransmission_rule& rule =
      inbound ? rules_->retransmission_inbound : rules_->retransmission_outbound;
  evidence e{{"percent", to_milli(w.percent)},
             {inbound ? "missed" : "retransmitted", std::int64_t{w.repeated}},
             {"packets", std::int64_t{w.packets}},
             {"limit_percent", rule.warning_percent}};
  if (w.held) e.push_back({"suppressed_held", true});
  if (w.expected_s >= 0) e.push_back({"data_loss_expected_s", static_cast<double>(w.expected_s)});
  return e;
}

} // namespace tocsin

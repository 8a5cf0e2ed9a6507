// The keys of the rules: heartbeats, data loss, clients, retransmissions, clock, groups.
#include "config/document.hpp"

namespace tocsin {

namespace {

using keys::section;

section switchable(bool& enabled) {
  section s;
  s.enabled = &enabled;
  s.flag("enabled", enabled, "Whether the rule is judged; the section may also be the word `off`.");
  return s;
}

section describe(heartbeat_rule& r) {
  section s = switchable(r.enabled);
  s.choice(
      "mode", r.mode, {"learned", "fixed"},
      "`learned`: period, jitter and loss are learned per daemon, and a loss is declared when "
      "the false-alarm budget allows it. `fixed`: lost after exactly `lost_after` of silence.");
  s.span("period", r.period, 10ms, 7 * 24h,
         "Time between heartbeats expected before anything is learned.");
  s.span("late_after", r.late_after, 0s, year,
         "Fixed mode: silence that is said as late; 0s = never said.");
  s.span("lost_after", r.lost_after, 10ms, year, "Fixed mode: silence that is said as lost.");
  s.number("false_alarms_per_week", r.false_alarms_per_week, 0.001, 100'000,
           "Learned mode: wrong losses the whole fleet may cause.")
      .unit("per week");
  s.whole("fleet", r.fleet, 1, 2'000'000, "Daemons that share the false-alarm budget.")
      .unit("daemons");
  s.whole("misses_min", r.misses_min, 2, 1000, "Never lost on fewer missed heartbeats.")
      .unit("heartbeats");
  s.whole("misses_max", r.misses_max, 2, 1000, "Always lost after so many missed heartbeats.")
      .unit("heartbeats");
  s.span("restart_hold", r.restart_hold, 0s, 30 * 24h,
         "How long daemon_restarted and host_rebooted stay raised.");
  s.span("reboot_gap_min", r.reboot_gap_min, 0s, 24h,
         "Shorter silences are a restarted daemon, never a rebooted host.");
  return s;
}

section describe(data_loss_rule& r) {
  section s = switchable(r.enabled);
  s.span("quiet", r.quiet, 0s, year,
         "Cleared after so long without a further loss; 0s = by the next heartbeat without one.");
  return s;
}

section describe(clients_rule& r) {
  section s = switchable(r.enabled);
  s.whole("limit", r.limit, 0, 10'000'000,
          "Clients a daemon can take; 0 = unknown. A limit in the inventory or in the heartbeat "
          "itself wins.")
      .unit("clients");
  s.number("warning_percent", r.warning_percent, 0, 100, "Raises clients_high.").unit("% of limit");
  s.number("critical_percent", r.critical_percent, 0, 100, "Raises clients_critical; 0 = off.")
      .unit("% of limit");
  s.number("clear_below_percent", r.clear_below_percent, 0, 100,
           "Clears clients_high; clients_critical clears as far below its own threshold. Must be "
           "below warning_percent.")
      .unit("% of limit");
  return s;
}

section describe(forecast_rule& r) {
  section s = switchable(r.enabled);
  s.span("horizon", r.horizon, 1min, 30 * 24h, "How far ahead the client limit is looked for.");
  s.number("raise_probability", r.raise_probability, 0, 1,
           "Probability of reaching the limit within the horizon that raises the forecast.");
  s.number("clear_probability", r.clear_probability, 0, 1,
           "Probability below which it is cleared. Must be below raise_probability.");
  s.whole("samples_min", r.samples_min, 3, 10'000, "Heartbeats before the first forecast.")
      .unit("heartbeats");
  return s;
}

section describe(retransmission_rule& r) {
  section s = switchable(r.enabled);
  s.number("warning_percent", r.warning_percent, 0, 100, "Raises a warning.").unit("% of packets");
  s.number("critical_percent", r.critical_percent, 0, 100, "Makes it critical; 0 = off.")
      .unit("% of packets");
  s.number("clear_below_percent", r.clear_below_percent, 0, 100,
           "Cleared below this rate. At most warning_percent.")
      .unit("% of packets");
  s.whole("packets_min", r.packets_min, 1, 1'000'000'000'000,
          "Intervals with fewer packets are not judged.")
      .unit("packets");
  s.whole("intervals", r.intervals, 1, 1000,
          "Intervals in a row above the threshold before it is said.")
      .unit("intervals");
  return s;
}

section describe(hidden_loss_rule& r) {
  section s = switchable(r.enabled);
  s.whole("intervals", r.intervals, 1, 1000,
          "Intervals in a row with suppressed retransmission requests before it is said.")
      .unit("intervals");
  return s;
}

section describe(clock_skew_rule& r) {
  section s = switchable(r.enabled);
  s.span("limit", r.limit, 1ms, 365 * 24h, "Difference between the daemon's clock and ours.");
  s.whole("heartbeats", r.heartbeats, 1, 1000, "Heartbeats in a row beyond the limit.")
      .unit("heartbeats");
  return s;
}

} // namespace

section describe(daemon_rules& r) {
  section s;
  s.definition = "rules";
  s.group("heartbeat", describe(r.heartbeat), "Silence: late, lost, restarted, rebooted.");
  s.group("data_loss", describe(r.data_loss), "Messages lost for good, inbound and outbound.");
  s.group("clients", describe(r.clients), "Clients against the daemon's limit.");
  s.group("forecast", describe(r.forecast), "When the client limit will be reached.");
  s.group("retransmission_outbound", describe(r.retransmission_outbound),
          "Packets the daemon repeated, against packets sent, between two heartbeats.");
  s.group("retransmission_inbound", describe(r.retransmission_inbound),
          "Packets the daemon missed, against packets received, between two heartbeats.");
  s.group("hidden_loss", describe(r.hidden_loss),
          "Retransmission requests that were suppressed: loss that the rates do not show.");
  s.group("clock_skew", describe(r.clock_skew),
          "The daemon's clock against ours; judged only when both times are known.");
  return s;
}

section describe(group_rules& r) {
  section s;
  s.span("wait", r.wait, 0s, 1h, "Symptoms that may belong to one incident are awaited so long.");
  s.span("close_after", r.close_after, 0s, 24h, "Calm before an incident is closed.");
  s.number("silent_share", r.silent_share, 0.01, 1,
           "Share of a segment's daemons silent at once that makes one segment_silent.");
  s.whole("silent_members_min", r.silent_members_min, 2, 2'000'000,
          "Smaller segments never make a segment_silent.")
      .unit("daemons");
  s.whole("storm_members_min", r.storm_members_min, 2, 2'000'000,
          "Daemons with loss symptoms that make one storm.")
      .unit("daemons");
  s.span("storm_window", r.storm_window, 1s, 24h, "Time within which they count together.");
  s.span("sight_grace", r.sight_grace, 0s, 1h,
         "A link of ours that is back within this time is not said.");
  s.flag(
      "config_drift", r.config_drift,
      "Whether daemons that differ from their segment's majority (version, reliability) are said.");
  s.whole("drift_members_min", r.drift_members_min, 2, 2'000'000,
          "Among fewer daemons there is no majority.")
      .unit("daemons");
  return s;
}

} // namespace tocsin

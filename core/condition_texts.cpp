// What to do about every condition, for a person who was asleep a minute ago: cause, consequence,
// action, time. The long form is docs/operating.md.
#include "core/alarm.hpp"

namespace tocsin {

namespace {

void add(std::vector<condition_rule>& all, cause_kind kind, const char* cause,
         const char* consequence, const char* action, const char* time_to_respond) {
  condition_rule r{};
  r.kind = kind;
  r.cause = cause;
  r.consequence = consequence;
  r.action = action;
  r.time_to_respond = time_to_respond;
  all.push_back(std::move(r));
}

void add_silence(std::vector<condition_rule>& all) {
  using enum cause_kind;
  add(all, heartbeat_late, "A loaded host, or heartbeats lost on the way.",
      "None yet; the daemon may be dying.",
      "Wait for one more heartbeat. Often late: look at the host's load and at losses on its "
      "network.",
      "none needed");
  add(all, heartbeat_lost, "The daemon or its host died, hangs, or is cut off from the network.",
      "Applications of this daemon neither send nor receive.",
      "Log in to the host. If it answers, restart rvd and keep its log; if not, restart the host "
      "or call its owner.",
      "15 minutes");
  add(all, daemon_stopped, "Somebody or something stopped the daemon on purpose.",
      "Its applications are cut off until it runs again.",
      "Planned work: nothing. Otherwise look in the host's log at this minute, ask who stopped it, "
      "start it again.",
      "30 minutes");
  add(all, daemon_restarted, "The daemon's process died and came back; its host did not.",
      "Applications lost their connection for a moment and may have missed messages.",
      "Look for a core file and the out-of-memory killer (dmesg -T). Several in an hour are a "
      "crash loop: call its owner.",
      "next working day");
  add(all, host_rebooted, "The host went down and came back: power, kernel, or somebody.",
      "Everything on it was away; daemons without autostart still are.",
      "Ask whether it was planned (last -x reboot). Check that all of its daemons and applications "
      "are back.",
      "30 minutes");
  add(all, segment_silent, "The network, or our place in it: a switch, a VLAN, an IGMP querier.",
      "All daemons of the segment may be cut off from each other, or only from us.",
      "See whether the hosts can be reached. Call the network people with service, network and "
      "minute.",
      "5 minutes");
  add(all, sight_lost, "Our own connection to an RV daemon or feed broke.",
      "We are blind there: nothing on it will be said until it is back.",
      "Check that RV daemon, the path and the firewall. We reconnect by ourselves.", "15 minutes");
}

void add_losses(std::vector<condition_rule>& all) {
  using enum cause_kind;
  add(all, data_loss_inbound,
      "The daemon could not get packets repeated in time: a slow host, its card or its switch "
      "port.",
      "Applications behind it miss data for good.",
      "Tell the owners of its applications since when. Check CPU, network card (ethtool -S) and "
      "buffers (netstat -su).",
      "15 minutes");
  add(all, data_loss_outbound,
      "A receiver was too slow or too far; the sick host is usually the peer named, not this one.",
      "Others miss data that this daemon sent.",
      "Look at the peer in the evidence first: CPU, network card, switch port. Tell the owners of "
      "its applications.",
      "15 minutes");
  add(all, retransmission_inbound,
      "The daemon misses packets: an overloaded host, its card, its port, a paused virtual "
      "machine.",
      "Load on everybody who sends to it; data loss may follow.",
      "Take load off this host or cure its network. If many daemons retransmit, take this host off "
      "the segment.",
      "30 minutes");
  add(all, retransmission_outbound, "Somebody misses what this daemon sends.",
      "Load on the segment; data loss may follow.",
      "Find the receiver with inbound retransmissions and cure that one. If there is none, look at "
      "the network itself.",
      "30 minutes");
  add(all, hidden_loss,
      "Requests for repeated packets are being suppressed for a receiver that loses too many.",
      "Data is being lost although the retransmission rate falls.",
      "Do not take it for recovery. Treat the receiver as for inbound retransmissions; check the "
      "daemons' -rxc options.",
      "30 minutes");
}

void add_clients(std::vector<condition_rule>& all) {
  using enum cause_kind;
  add(all, clients_high, "More programs than planned, or one that leaks connections.",
      "At the limit new clients are refused, and so are those that reconnect.",
      "Open the daemon's client page and look for one program many times; restart it in a quiet "
      "minute.",
      "4 hours");
  add(all, clients_critical, "Nearly at the limit: usually a program that leaks connections.",
      "In a moment new clients are refused, and so are those that reconnect.",
      "Stop the program that has most connections. Do not restart the daemon: all clients would "
      "come back at once.",
      "15 minutes");
  add(all, clients_limit_forecast,
      "The number of clients grows towards the limit at the time in the evidence.",
      "From then on new clients are refused.",
      "Find what grows on the daemon's client page. If the limit is wrong, correct client_limit in "
      "the inventory.",
      "before the time forecast");
}

void add_others(std::vector<condition_rule>& all) {
  using enum cause_kind;
  add(all, inventory_missing,
      "The daemon never ran, or address, service or source are configured wrongly.",
      "What should run on it does not, or we do not watch it.",
      "Check the address in the inventory and that one of our sources hears its network. Else "
      "treat it as lost.",
      "4 hours");
  add(all, inventory_unknown, "New equipment, or a daemon that is on the wrong segment.",
      "None by itself; a stranger can flood the segment.",
      "Find its owner. Add it to the inventory or have it removed.", "next working day");
  add(all, config_drift,
      "Version or reliability differs from the rest of the segment: often a half-done upgrade.",
      "Between two daemons the lower reliability rules: losses come sooner.",
      "Finish the upgrade or correct the options of that daemon.", "next working day");
  add(all, clock_skew, "The daemon's clock, or ours, is wrong.",
      "Times in logs and messages cannot be compared.",
      "Run chronyc tracking on both hosts. Many daemons at once: ours is wrong.",
      "next working day");
  add(all, self_check, "Something of Tocsin itself fails: a judgement, a receiver, the canary or the beat. The title says which.",
      "A daemon may be judged wrongly, or the next incident may not be told.",
      "A receiver: repair it. Canary or beat: docs/operating.md. A daemon: report it with the record from the quarantine.",
      "1 hour");
}

void add_equipment(std::vector<condition_rule>& all) {
  using enum cause_kind;
  add(all, sensor_anomaly, "The channel left its own past: a jump, a drift, more or less noise, a stuck value, a swing. The title says which.",
      "What the unit makes may be out of specification.",
      "Look at the channel and at others of the unit at that minute. A stuck or jumping one alone is usually the sensor.", "30 minutes");
  add(all, group_anomaly, "Channels that move together do so no more; the evidence names those that contribute most.",
      "The process of the unit has changed, though each channel may be within its limits.",
      "Start with the first channel named. If a known fault is named, do what was done then.", "30 minutes");
  add(all, control_violation, "Points of a control chart broke a rule of statistical process control.",
      "The process has shifted; wafers may leave their specification.",
      "Stop and look as the control plan says; after maintenance let the chart learn anew.", "1 hour");
  add(all, equipment_down, "The unit said so, its readings fell all at once, or it fell silent.",
      "It does not produce; lots wait.", "See whether it was planned. If not, call who looks after the unit; note the reason on its return.",
      "15 minutes");
  add(all, equipment_alarm, "The unit itself set an alarm; the evidence has its id and text.", "As the unit's manual says.",
      "Follow the unit's procedure for this alarm.", "15 minutes");
  add(all, event_pattern, "Events came, or stayed away, in the order that a pattern of the configuration describes.",
      "As the pattern's author knows.", "Read the pattern's text in the configuration; the evidence has its events.", "30 minutes");
  add(all, quality_low, "A source's data is incomplete, late, repeated or refused more than is allowed.",
      "What is judged by it cannot be trusted.", "Look at the scores at /api/v1/equipment and at the quarantine; then at the sender.", "1 hour");
}

} // namespace

std::vector<condition_rule> default_conditions() {
  std::vector<condition_rule> all;
  add_silence(all);
  add_losses(all);
  add_clients(all);
  add_others(all);
  add_equipment(all);
  return all;
}

} // namespace tocsin

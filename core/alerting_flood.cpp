// Escalation when nobody acknowledges, and one digest instead of a flood.
#include <algorithm>

#include "core/alerting.hpp"
#include "core/canary.hpp"
#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

void alerting::escalate(const route_rule& route, const known& k, member& m, timestamp at, outcome& found, story& out) {
  if (route.escalation.empty()) return;
  const alarm* a = alarms_.of_incident(k.latest.id);
  if (!a || state_of(*a) != alarm_state::unacknowledged) {
    m.unacknowledged = unset;
    return;
  }
  if (m.unacknowledged == unset) m.unacknowledged = at;
  for (const escalation_step& step : route.escalation) {
    if (std::ranges::find(m.escalated, step.receiver) != m.escalated.end() || !receiver(step.receiver)) continue;
    const timestamp due = later(m.unacknowledged, step.after);
    if (at < due) {
      found.next = std::min(found.next, due);
      continue;
    }
    m.escalated.push_back(step.receiver);
    notification n{at, k.latest.id + ".e" + std::to_string(m.escalated.size()) + "@" + step.receiver, step.receiver,
                   "escalated", k.latest};
    n.route = route.id;
    n.response = response_to(n.about.because.kind);
    out.decisions.push_back({at, k.latest.id, step.receiver, route.id, decision_kind::told, n.id});
    emit(std::move(n), out);
  }
}

/// Whoever was woken by an escalation hears of the end.
void alerting::tell_escalated(const group& g, const std::string& id, timestamp at, story& out) {
  const incident& i = incidents_.find(id)->second.latest;
  for (const std::string& name : g.members.find(id)->second.escalated) {
    if (const receiver_rule* to = receiver(name); !to || !to->send_closed || name == g.receiver) continue;
    notification n{at, i.id + "." + std::to_string(i.revision) + "@" + name, name, "closed", i};
    n.route = g.route;
    out.decisions.push_back({at, i.id, name, g.route, decision_kind::told, n.id});
    emit(std::move(n), out);
  }
}

std::string alerting::response_to(cause_kind kind) const {
  const condition_rule* rule = rules_.alarms.condition(kind);
  if (!rule) return {};
  std::string out;
  const auto line = [&out](std::string_view name, const std::string& text) {
    if (text.empty()) return;
    if (!out.empty()) out += '\n';
    out += name;
    out += ": " + text;
  };
  line("Cause", rule->cause);
  line("Consequence", rule->consequence);
  line("Action", rule->action);
  line("Time to respond", rule->time_to_respond);
  return out;
}

void alerting::say(notification&& n, story& out) {
  if (n.receiver != canary_name) kpi_.apply(n);
  out.notifications.push_back(std::move(n));
}

void alerting::emit(notification n, story& out) {
  const flood_rule& rule = receiver(n.receiver)->flood;
  if (rule.start == 0) return say(std::move(n), out);
  flood& f = floods_[n.receiver];
  while (!f.recent.empty() && later(f.recent.front(), rule.window) <= n.at) f.recent.pop_front();
  f.recent.push_back(n.at);
  if (f.recent.size() > limits::flood_times_max) f.recent.pop_front();
  if (!f.on && f.recent.size() > rule.start) {
    f.on = true;
    f.due = later(n.at, rule.digest_every);
  }
  if (!f.on) return say(std::move(n), out);
  const std::string receiver = n.receiver, route = n.route;
  const auto hold = [&](const incident& i) {
    out.decisions.push_back({n.at, i.id, receiver, route, decision_kind::digest, "flood: in the digest of " + to_rfc3339(f.due)});
    if (f.held.size() < limits::digest_incidents_max || f.held.contains(i.id)) f.held[i.id] = {i, route};
    else ++f.left_out;
  };
  hold(n.about);
  for (const incident& i : n.more) hold(i);
}

void alerting::fire_digest(const std::string& receiver_name, flood& f, timestamp at, story& out) {
  const receiver_rule* to = receiver(receiver_name);
  const flood_rule rule = to ? to->flood : flood_rule{};
  while (!f.recent.empty() && later(f.recent.front(), rule.window) <= at) f.recent.pop_front();
  if (to && !f.held.empty()) {
    const auto worst = std::ranges::max_element(f.held, [](const auto& a, const auto& b) {
      const incident &x = a.second.first, &y = b.second.first;
      const bool x_over = x.state == incident_state::closed, y_over = y.state == incident_state::closed;
      if (x_over != y_over) return x_over;
      return x.level != y.level ? x.level < y.level : x.since > y.since;
    });
    notification n{at, "D" + std::to_string(to_nanoseconds(at)) + "@" + receiver_name, receiver_name, "digest",
                   worst->second.first};
    n.route = worst->second.second;
    for (const auto& [id, held] : f.held) {
      out.decisions.push_back({at, id, receiver_name, held.second, decision_kind::told, n.id});
      if (id != worst->first) n.more.push_back(held.first);
    }
    n.response = "More than " + std::to_string(rule.start) + " notifications came in a short time: this digest holds " +
                 std::to_string(f.held.size()) + " incidents" +
                 (f.left_out ? " and leaves out " + std::to_string(f.left_out) : std::string{}) + ".";
    say(std::move(n), out);
    f.held.clear();
    f.left_out = 0;
  }
  f.on = to && f.recent.size() >= rule.end;
  f.due = f.on ? later(at, rule.digest_every) : never;
}

} // namespace tocsin

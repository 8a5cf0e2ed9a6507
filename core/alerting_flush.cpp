// A group's turn: what of it is to be told now, what keeps the rest back, and when to look again.
#include <algorithm>

#include "core/alerting.hpp"
#include "core/limits.hpp"
#include "core/record.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {

int rank(std::string_view reason) {
  constexpr std::string_view order[] = {"opened", "worse", "cause_changed", "closed", "repeat"};
  return static_cast<int>(std::ranges::find(order, reason) - std::begin(order));
}

std::string hex12(std::uint64_t hash) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (int i = 0; i < 12; ++i) out += digits[hash >> (60 - 4 * i) & 15];
  return out;
}

bool over(const incident& i) { return i.state == incident_state::closed; }

} // namespace

const receiver_rule* alerting::receiver(std::string_view name) const {
  const auto r = std::ranges::find(rules_.receivers, name, &receiver_rule::name);
  return r == rules_.receivers.end() ? nullptr : &*r;
}

/// The route of a group; when the configuration has it no more, one that only tells the ends.
const route_rule& alerting::route_of(const group& g) const {
  if (const route_rule* r = find_route(rules_.routing.root, g.route); r && r->receiver == g.receiver) return *r;
  static const route_rule gone = [] {
    route_rule r;
    r.id = "gone";
    r.group_interval = r.repeat_interval = 0s;
    return r;
  }();
  return gone;
}

void alerting::flush(const std::string& name, timestamp at, story& out) {
  group& g = groups_.find(name)->second;
  file(name, g, never);
  const route_rule& route = route_of(g);
  outcome found;
  std::vector<std::string> gone;
  for (auto& [id, m] : g.members) {
    known& k = incidents_.find(id)->second;
    const bool done = over(k.latest) ? look_at_closed(route, k, m, g, at, found, out) : !receiver(g.receiver);
    if (done) gone.push_back(id);
    else if (!over(k.latest)) look_at_open(route, k, m, g, at, found, out);
  }
  if (!found.news.empty()) tell(route, name, g, found, at, out);
  for (auto& [id, m] : g.members)
    if (const known& k = incidents_.find(id)->second; m.told && !over(k.latest)) {
      escalate(route, k, m, at, found, out);
      if (const timestamp again = repeat_at(route, k, m); again > at) found.next = std::min(found.next, again);
    }
  for (const auto& [id, reason] : found.news)
    if (reason == "closed") gone.push_back(id);
  g.mute = found.mute;
  file(name, g, found.next);
  for (const std::string& id : gone) {
    leave(name, id);
    const auto k = incidents_.find(id);
    k->second.groups.erase(name);
    if (k->second.groups.empty() && over(k->second.latest)) incidents_.erase(k);
  }
}

void alerting::look_at_open(const route_rule& route, known& k, member& m, group& g, timestamp at, outcome& found,
                            story& out) {
  const incident& i = k.latest;
  std::string reason;
  if (!m.told) reason = "opened";
  else if (i.revision > m.revision && i.level > m.level && i.level >= receiver(g.receiver)->least) reason = "worse";
  else if (i.revision > m.revision && (i.because.kind != m.because || i.because.subject != m.subject)) reason = "cause_changed";
  else if (at >= repeat_at(route, k, m)) reason = "repeat";
  if (reason.empty()) return;
  if (!m.told) {
    if (const member* first = covering(g, k); first && i.level <= first->level)
      return decide(k, g, m, at, decision_kind::covered, "the end of an earlier incident of this alarm is held", out);
    const condition_rule* rule = rules_.alarms.condition(i.because.kind);
    const timestamp ripe = rule ? later(k.opened, rule->on_delay) : at;
    if (at < ripe) {
      found.next = std::min(found.next, ripe);
      return decide(k, g, m, at, decision_kind::delayed, "until " + to_rfc3339(ripe), out);
    }
  }
  decision_kind what;
  std::string detail;
  if (muted(route, k, m, g, at, what, detail)) {
    found.mute = true;
    if (what == decision_kind::calendar)
      found.next = std::min(found.next, next_calendar_change(rules_.routing, route, at));
    return decide(k, g, m, at, what, std::move(detail), out);
  }
  found.news.emplace_back(i.id, std::move(reason));
}

/// `never` when it is not to be repeated, or somebody has it.
timestamp alerting::repeat_at(const route_rule& route, const known& k, const member& m) const {
  if (route.repeat_interval <= 0s) return never;
  const alarm* a = alarms_.of_incident(k.latest.id);
  return a && state_of(*a) == alarm_state::acknowledged ? never : later(m.told_last, route.repeat_interval);
}

/// True when there is nothing more to tell of it here. Whoever was told of the beginning hears of the end, even when a
/// silence came in between: an open ticket would stay open for ever.
bool alerting::look_at_closed(const route_rule& route, known& k, member& m, group& g, timestamp at, outcome& found,
                              story& out) {
  const duration hold = off_delay(k);
  if (!m.told) {
    decide(k, g, m, at, decision_kind::never_told, "it was over before", out);
    for (auto& [id, other] : g.members) // whose end waited for ours
      if (other.told && hold > 0s && alarm_key(incidents_.find(id)->second.latest) == alarm_key(k.latest)) {
        other.held_until = std::max(other.held_until, later(k.latest.at, hold));
        found.next = std::min(found.next, std::max(at + duration{1}, other.held_until));
      }
    return true;
  }
  timestamp end = std::max(m.held_until, later(k.latest.at, hold));
  for (const auto& [id, other] : g.members) // of the same alarm, over in this very moment
    if (const incident& i = incidents_.find(id)->second.latest; !other.told && over(i) && alarm_key(i) == alarm_key(k.latest))
      end = std::max(end, later(i.at, hold));
  if (hold > 0s && (at < end || same_alarm_open(g, k))) {
    if (at < end) found.next = std::min(found.next, end);
    decide(k, g, m, at, decision_kind::held, "should it come again: until " + to_rfc3339(std::max(end, at)), out);
    return false;
  }
  const receiver_rule* to = receiver(g.receiver);
  if (!to || !to->send_closed) {
    decide(k, g, m, at, decision_kind::end_unwanted, "send_closed is off", out);
    return true;
  }
  if (std::string calendar = muted_by_calendar(rules_.routing, route, at); !calendar.empty()) {
    found.next = std::min(found.next, next_calendar_change(rules_.routing, route, at));
    decide(k, g, m, at, decision_kind::calendar, std::move(calendar), out);
    return false;
  }
  found.news.emplace_back(k.latest.id, "closed");
  return false;
}

bool alerting::muted(const route_rule& route, const known& k, const member& m, const group& g, timestamp at,
                     decision_kind& what, std::string& detail) const {
  if (const alarm* a = alarms_.of_incident(k.latest.id)) switch (state_of(*a)) {
    case alarm_state::out_of_service:
      return what = decision_kind::out_of_service, detail = a->out_of_service_by, true;
    case alarm_state::shelved:
      return what = decision_kind::shelved,
             detail = "by " + a->shelved_by + " until " + to_rfc3339(a->shelved_until) + ": " + a->shelved_reason, true;
    case alarm_state::suppressed:
      return what = decision_kind::suppressed, detail = a->suppressed_by, true;
    default: break;
    }
  if (k.latest.because.subject == "receiver/" + g.receiver)
    return what = decision_kind::suppressed, detail = "it is about this receiver itself", true;
  for (const auto& [id, s] : silences_)
    if (s.active(at) && match_all(s.matchers, k.labels))
      return what = decision_kind::silenced, detail = id + " by " + s.creator + ": " + s.comment, true;
  std::string rule;
  if (const known* source = inhibited_by(k, rule))
    return what = decision_kind::inhibited, detail = rule + ": " + source->latest.id, true;
  if (std::string calendar = muted_by_calendar(rules_.routing, route, at); !calendar.empty())
    return what = decision_kind::calendar, detail = std::move(calendar), true;
  if (const severity least = receiver(g.receiver)->least; !m.told && k.latest.level < least)
    return what = decision_kind::below_severity, detail = "least is " + std::string{to_text(least)}, true;
  return false;
}

const alerting::known* alerting::inhibited_by(const known& target, std::string& rule) const {
  for (const inhibit_rule& r : rules_.routing.inhibit) {
    if (!match_all(r.target, target.labels)) continue;
    for (const auto& [id, k] : incidents_)
      if (&k != &target && !over(k.latest) && inhibits(r, k.labels, target.labels)) return rule = r.name, &k;
  }
  return nullptr;
}

bool alerting::same_alarm_open(const group& g, const known& k) const {
  const std::string key = alarm_key(k.latest);
  return std::ranges::any_of(g.members, [&](const auto& m) {
    const incident& other = incidents_.find(m.first)->second.latest;
    return !over(other) && alarm_key(other) == key;
  });
}

/// The told incident of the same alarm whose end is held.
const alerting::member* alerting::covering(const group& g, const known& k) const {
  const std::string key = alarm_key(k.latest);
  for (const auto& [id, m] : g.members) {
    const incident& other = incidents_.find(id)->second.latest;
    if (m.told && over(other) && alarm_key(other) == key) return &m;
  }
  return nullptr;
}

duration alerting::off_delay(const known& k) const {
  const condition_rule* rule = rules_.alarms.condition(k.latest.because.kind);
  const duration own = rule ? rule->off_delay : duration{0};
  const alarm* a = alarms_.find(alarm_key(k.latest));
  return a && a->chattering ? std::max(own, rules_.alarms.chatter_window) : own;
}

/// The incident to lead a notification: the best news, the worst of them, the oldest.
void alerting::tell(const route_rule& route, const std::string& name, group& g, const outcome& found, timestamp at,
                    story& out) {
  const auto before = [&](const auto& a, const auto& b) {
    if (rank(a.second) != rank(b.second)) return rank(a.second) < rank(b.second);
    const incident &x = incidents_.find(a.first)->second.latest, &y = incidents_.find(b.first)->second.latest;
    if (x.level != y.level) return x.level > y.level;
    return x.since != y.since ? x.since < y.since : x.id < y.id;
  };
  auto news = found.news;
  std::ranges::sort(news, before);
  ++g.sequence;
  const auto make = [&](const std::string& id, const std::string& reason, std::string number) {
    notification n{at, std::move(number) + "@" + g.receiver, g.receiver, reason, incidents_.find(id)->second.latest};
    n.route = g.route;
    n.response = response_to(n.about.because.kind);
    return n;
  };
  if (route.group_all) {
    for (const auto& [id, reason] : news) {
      const incident& i = incidents_.find(id)->second.latest;
      std::string number = i.id + "." + std::to_string(i.revision);
      if (reason == "repeat") number += "r" + std::to_string(g.sequence);
      notification n = make(id, reason, std::move(number));
      mark_told(g, {{id, reason}}, n, at, out);
      emit(std::move(n), out);
    }
  } else {
    notification n = make(news.front().first, news.front().second,
                          "G" + hex12(hash_key(name, to_rfc3339(g.first))) + "." + std::to_string(g.sequence));
    for (const std::string& label : route.group_by)
      if (std::string value{value_of(incidents_.find(n.about.id)->second.labels, label)}; !value.empty())
        n.group_labels.emplace_back(label, std::move(value));
    for (const auto& [id, m] : g.members) {
      const bool fresh = std::ranges::any_of(news, [&id = id](const auto& one) { return one.first == id; });
      if (id != n.about.id && (fresh || m.told) && n.more.size() < limits::notification_incidents_max)
        n.more.push_back(incidents_.find(id)->second.latest);
    }
    mark_told(g, news, n, at, out);
    emit(std::move(n), out);
  }
  for (const auto& [id, reason] : news)
    if (reason == "closed") tell_escalated(g, id, at, out);
  g.told = at;
}

void alerting::mark_told(group& g, const std::vector<std::pair<std::string, std::string>>& news, const notification& n,
                         timestamp at, story& out) {
  for (const auto& [id, reason] : news) {
    member& m = g.members.find(id)->second;
    const known& k = incidents_.find(id)->second;
    if (!m.told) m.told_first = m.unacknowledged = at;
    m.told = true;
    m.level = k.latest.level;
    m.because = k.latest.because.kind;
    m.subject = k.latest.because.subject;
    m.revision = k.latest.revision;
    m.told_last = at;
    decide(k, g, m, at, decision_kind::told, n.id, out);
  }
}

void alerting::decide(const known& k, const group& g, member& m, timestamp at, decision_kind what, std::string detail,
                      story& out) {
  if (m.decided && m.decided->what == what && m.decided->detail == detail) return;
  m.decided = decision{at, k.latest.id, g.receiver, g.route, what, std::move(detail)};
  out.decisions.push_back(*m.decided);
}

} // namespace tocsin

// What comes in: incidents, orders, time. Which groups are concerned, and when each of them is looked at.
#include "core/alerting.hpp"

#include <algorithm>

#include "core/group_state.hpp"
#include "core/canary.hpp"
#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {

constexpr duration moment{1};
constexpr duration silence_kept = 120h; ///< after its end, for those who ask

std::string group_name(const route_rule& route, const incident& i, const label_set& labels) {
  std::string name = route.id + ' ' + route.receiver + '\n';
  if (route.group_all) return name + alarm_key(i);
  for (const std::string& label : route.group_by) {
    name += value_of(labels, label);
    name += '\n';
  }
  return name;
}

} // namespace

alerting::alerting(alerting_rules rules, std::shared_ptr<const rule_book> book)
    : book_(std::move(book)), alarms_(rules.alarms), kpi_(rules.alarms) {
  adopt_rules(std::move(rules));
}

void alerting::adopt_rules(alerting_rules rules) {
  rules_ = std::move(rules);
  if (!rules_.routing.root.id.empty()) return;
  std::vector<std::string> names;
  for (const receiver_rule& r : rules_.receivers) names.push_back(r.name);
  rules_.routing.root = default_routing(names);
}

void alerting::begin(timestamp at) {
  if (now_ != unset) return;
  now_ = at;
  kpi_.observe(at);
  plan_report(at);
}

/// The next beginning of the report's calendar after a time.
void alerting::plan_report(timestamp after) {
  report_at_ = never;
  const named_calendar* when = rules_.routing.calendar(rules_.report.when);
  if (!when || !receiver(rules_.report.receiver)) return;
  constexpr int looks_max = 1000; // a calendar may never hold
  timestamp t = after;
  for (int i = 0; i < looks_max && t != never; ++i) {
    const bool held = contains(*when, t);
    t = next_change(*when, t);
    if (!held && t != never && contains(*when, t)) {
      report_at_ = t;
      return;
    }
  }
}

void alerting::set_rules(alerting_rules rules, std::shared_ptr<const rule_book> book) {
  alarms_.set_rules(rules.alarms);
  kpi_.set_rules(rules.alarms);
  book_ = std::move(book);
  adopt_rules(std::move(rules));
  std::vector<std::string> ids;
  for (const auto& [id, k] : incidents_) ids.push_back(id);
  for (const std::string& id : ids) {
    known& k = incidents_.find(id)->second;
    k.labels = labels_of(k.latest, book_.get());
    join(id, k, k.latest.at);
  }
  for (auto& [name, g] : groups_) touch(name, now_);
  if (now_ != unset) plan_report(now_);
}

void alerting::apply(const incident& i, story& out) {
  begin(i.at);
  advance(i.at, out);
  now_ = std::max(now_, i.at);
  const auto at = incidents_.find(i.id);
  if (at != incidents_.end() && at->second.latest.revision >= i.revision) return;
  const bool fresh = at == incidents_.end(), over = i.state == incident_state::closed;
  std::vector<alarm_change> changes;
  if (!is_of_canary(i)) alarms_.apply(i, changes);
  if (!fresh || !over) {
    known& k = fresh ? incidents_[i.id] : at->second;
    k.latest = i;
    if (fresh) k.opened = i.at;
    k.labels = labels_of(i, book_.get());
    join(i.id, k, i.at);
    for (const std::string& name : k.groups) touch(name, i.at);
  }
  alarms_changed(std::move(changes), i.at, out);
  if ((fresh || over) && !rules_.routing.inhibit.empty()) review(i.at);
  flush_due(i.at, out);
}

/// Puts an incident into the groups of the routes that it takes now. Where it has been told it stays, so that its end
/// is told there, too.
void alerting::join(const std::string& id, known& k, timestamp at) {
  std::set<std::string> now;
  if (k.latest.state != incident_state::closed)
    for (const route_rule* route : routes_of(rules_.routing.root, k.labels)) {
      if (route->receiver.empty()) continue;
      std::string name = told_by(*route, id, k);
      if (name.empty()) name = group_name(*route, k.latest, k.labels);
      group& g = groups_[name];
      g.route = route->id;
      g.receiver = route->receiver;
      if (g.first == unset) g.first = at;
      g.members.try_emplace(id);
      now.insert(std::move(name));
    }
  for (const std::string& name : k.groups) {
    if (now.contains(name)) continue;
    group& g = groups_.find(name)->second;
    if (k.latest.state == incident_state::closed || g.members.find(id)->second.told) now.insert(name);
    else leave(name, id);
  }
  k.groups = std::move(now);
}

/// The group in which this route has told of the incident: there it stays, whatever becomes of its labels.
std::string alerting::told_by(const route_rule& route, const std::string& id, const known& k) const {
  for (const std::string& name : k.groups) {
    const group& g = groups_.find(name)->second;
    if (g.route == route.id && g.receiver == route.receiver && g.members.find(id)->second.told) return name;
  }
  return {};
}

void alerting::leave(const std::string& name, const std::string& id) {
  const auto g = groups_.find(name);
  g->second.members.erase(id);
  if (!g->second.members.empty()) return;
  file(name, g->second, never);
  groups_.erase(g);
}

/// There may be something to tell: after the group's first wait, or its interval.
void alerting::touch(const std::string& name, timestamp at) {
  group& g = groups_.find(name)->second;
  const route_rule route = route_of(g);
  const timestamp due = g.told == unset ? later(g.first, route.group_wait) : later(g.told, route.group_interval);
  file(name, g, std::min(g.due, std::max(at, due)));
}

void alerting::file(const std::string& name, group& g, timestamp due) {
  if (due == g.due) return;
  if (g.due != never) deadlines_.erase({g.due, name});
  if (due != never) deadlines_.insert({due, name});
  g.due = due;
}

/// Whatever only a mute keeps back is looked at again.
void alerting::review(timestamp at) {
  for (auto& [name, g] : groups_)
    if (g.mute) touch(name, at);
}

void alerting::alarms_changed(std::vector<alarm_change>&& changes, timestamp at, story& out) {
  for (alarm_change& c : changes) {
    kpi_.apply(c);
    if (const auto k = incidents_.find(c.incident); k != incidents_.end())
      for (const std::string& name : k->second.groups) touch(name, at);
    out.alarms.push_back(std::move(c));
  }
}

void alerting::obey(std::string_view order, timestamp at, story& out) {
  const auto c = decode_command(order);
  if (!c) return;
  advance(at, out);
  now_ = std::max(now_, at);
  if (c->kind == command_kind::silence) {
    add_silence(*c, at);
  } else if (c->kind == command_kind::expire_silence) {
    if (const auto s = silences_.find(c->target); s != silences_.end() && s->second.ends > at) {
      silence_ends_.erase({s->second.ends, s->first});
      s->second.ends = at;
    }
  } else if (c->kind >= command_kind::receiver_failing) {
    judge_self(*c, at, out);
  } else {
    std::vector<alarm_change> changes;
    if (alarms_.apply(*c, at, changes)) alarms_changed(std::move(changes), at, out);
  }
  review(at);
  flush_due(at, out);
}

void alerting::add_silence(const operator_command& c, timestamp at) {
  silence s{c.target, {}, c.from == unset ? at : c.from, c.until, c.who, c.comment};
  for (const std::string& text : c.matchers)
    if (auto m = parse_matcher(text)) s.matchers.push_back(std::move(*m));
  if (s.matchers.size() != c.matchers.size() || s.matchers.empty()) return; // it would silence more than was meant
  std::erase_if(silences_, [&](const auto& one) { return later(one.second.ends, silence_kept) < at; });
  if (silences_.size() >= limits::silences_max || !silences_.try_emplace(c.target, s).second) return;
  silence_ends_.insert({s.ends, s.id});
}

result<void> alerting::accepts(const operator_command& c, timestamp now) const {
  if (auto ok = check_command(c, now); !ok) return ok;
  const auto s = silences_.find(c.target);
  if (c.kind == command_kind::silence) {
    if (s != silences_.end()) return fail(errc::invalid, "there is a silence " + c.target + " already; leave its id out");
    std::size_t held = 0;
    for (const auto& [id, one] : silences_) held += later(one.ends, silence_kept) >= now;
    if (held >= limits::silences_max)
      return fail(errc::too_large, "there are " + std::to_string(held) + " silences; expire some that are not needed");
    return {};
  }
  if (c.kind == command_kind::expire_silence) {
    if (s == silences_.end()) return fail(errc::missing, "no silence " + c.target + "; 'tocsin silences list' shows them");
    if (s->second.ends <= now) return fail(errc::invalid, "silence " + c.target + " ended at " + to_rfc3339(s->second.ends));
    return {};
  }
  alarm_table trial = alarms_;
  std::vector<alarm_change> ignored;
  return trial.apply(c, now, ignored);
}

timestamp alerting::next_deadline() const {
  timestamp next = std::min({alarms_.next_deadline(), report_at_, deadlines_.empty() ? never : deadlines_.begin()->first});
  if (!silence_ends_.empty()) next = std::min(next, silence_ends_.begin()->first);
  for (const auto& [name, f] : floods_) next = std::min(next, f.due);
  return next;
}

void alerting::advance(timestamp now, story& out) {
  for (timestamp next; (next = next_deadline()) < now;) {
    now_ = std::max(now_, next);
    std::vector<alarm_change> changes;
    alarms_.advance(next + moment, changes);
    alarms_changed(std::move(changes), next, out);
    bool ended = false;
    while (!silence_ends_.empty() && silence_ends_.begin()->first <= next) {
      silence_ends_.erase(silence_ends_.begin());
      ended = true;
    }
    if (ended) review(next);
    flush_due(next, out);
    for (auto& [name, f] : floods_)
      if (f.due <= next) fire_digest(name, f, next, out);
    if (report_at_ <= next) {
      out.reports.push_back({next, rules_.report.receiver, kpi_.make(next)});
      plan_report(next);
    }
  }
}

void alerting::flush_due(timestamp at, story& out) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= at) flush(std::string{deadlines_.begin()->second}, at, out);
}

std::vector<silence> alerting::silences() const {
  std::vector<silence> all;
  for (const auto& [id, s] : silences_) all.push_back(s);
  return all;
}

std::vector<decision> alerting::standing(std::string_view id) const {
  std::vector<decision> all;
  const auto k = incidents_.find(id);
  if (k == incidents_.end()) return all;
  for (const std::string& name : k->second.groups) {
    const group& g = groups_.find(name)->second;
    const member& m = g.members.find(std::string{id})->second;
    if (m.decided) all.push_back({m.decided->at, std::string{id}, g.receiver, g.route, m.decided->what, m.decided->detail});
  }
  return all;
}

std::vector<std::string> alerting::floods() const {
  std::vector<std::string> all;
  for (const auto& [name, f] : floods_)
    if (f.on) all.push_back(name);
  return all;
}

} // namespace tocsin

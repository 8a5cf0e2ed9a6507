// The life of an alarm: activation, return, deadlines, suppression.
#include "core/alarm.hpp"

#include <algorithm>
#include <array>

#include "core/limits.hpp"
#include "core/rules.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {

constexpr std::array<std::string_view, 9> states{"normal",
                                                 "unacknowledged",
                                                 "acknowledged",
                                                 "returned_unacknowledged",
                                                 "latched_unacknowledged",
                                                 "latched_acknowledged",
                                                 "shelved",
                                                 "suppressed",
                                                 "out_of_service"};

/// Something to see: suppression hides it. What is normal is not there to be hidden.
bool present(const alarm& a) { return a.active || !a.acknowledged || a.latched; }

void forget_acknowledgement(alarm& a) {
  a.owner.clear();
  a.comment.clear();
  a.acknowledged_at = unset;
  a.acknowledged_until = never;
  a.acknowledged_level = severity::info;
}

void note_activation(alarm& a, timestamp at, const alarm_rules& rules) {
  ++a.activations;
  std::erase_if(a.recent, [&](timestamp t) { return later(t, rules.chatter_window) <= at; });
  if (a.recent.size() >= limits::alarm_recent_max) a.recent.erase(a.recent.begin());
  a.recent.push_back(at);
  a.chattering = a.chattering || a.recent.size() >= rules.chatter_count;
}

} // namespace

std::string_view to_text(alarm_state s) { return states[static_cast<std::size_t>(s)]; }

const condition_rule* alarm_rules::condition(cause_kind kind) const {
  const auto at = std::ranges::find(conditions, kind, &condition_rule::kind);
  return at == conditions.end() ? nullptr : &*at;
}

std::string_view priority_of(const alarm_rules& rules, cause_kind kind, severity level) {
  if (const condition_rule* rule = rules.condition(kind); rule && !rule->priority.empty())
    return rule->priority;
  return level == severity::critical ? "high" : level == severity::warning ? "medium" : "low";
}

std::string alarm_key(const incident& i) {
  return std::string{to_text(i.because.kind)} + ' ' + i.because.subject;
}

alarm_state activity_state(const alarm& a) {
  if (a.active) return a.acknowledged ? alarm_state::acknowledged : alarm_state::unacknowledged;
  if (a.latched)
    return a.acknowledged ? alarm_state::latched_acknowledged : alarm_state::latched_unacknowledged;
  return a.acknowledged ? alarm_state::normal : alarm_state::returned_unacknowledged;
}

alarm_state state_of(const alarm& a) {
  if (!a.out_of_service_by.empty()) return alarm_state::out_of_service;
  if (!a.suppressed_by.empty()) return alarm_state::suppressed;
  if (a.shelved_until != unset) return alarm_state::shelved;
  return activity_state(a);
}

bool is_hidden(alarm_state s) { return s >= alarm_state::shelved; }

alarm_table::alarm_table(alarm_rules rules)
    : rules_(std::move(rules)), triggers_(rules_.suppressions.size()) {}

void alarm_table::change(alarm& a, timestamp at, std::string why, said when, alarm_event what,
                         changes& out, const std::function<void(alarm&)>& how) {
  const alarm_state from = state_of(a);
  if (const timestamp due = due_of(a); due != never) deadlines_.erase({due, a.key});
  how(a);
  if (!present(a)) forget_acknowledgement(a);
  a.suppressed_by = suppressor_of(a);
  if (const timestamp due = due_of(a); due != never) deadlines_.insert({due, a.key});
  crowded_ = false;
  const alarm_state to = state_of(a);
  if (when == said::always || from != to)
    out.push_back({at, a.key, a.incident, from, to, std::move(why), a.level, a.active, what});
}

void alarm_table::apply(const incident& i, changes& out) {
  advance(i.at, out);
  const std::string key = alarm_key(i);
  const auto known = by_incident_.find(i.id);
  alarm* before = known == by_incident_.end() ? nullptr : &alarms_.find(known->second)->second;
  if (before && std::ranges::find(before->open, i.id) == before->open.end()) before = nullptr;
  if (i.state == incident_state::closed) {
    if (before) end(*before, i, false, out);
    return;
  }
  if (before && before->key == key) return worsen(*before, i, out);
  alarm moved;
  if (before) {
    moved = *before; // its acknowledgement, before the end forgets it
    end(*before, i, true, out);
  }
  alarm* a = place_for(i, key, out);
  if (!a) return;
  bind(*a, i.id);
  if (a->active) return worsen(*a, i, out);
  activate(*a, i, before ? &moved : nullptr, out);
  count_trigger(key, 1, i.at, out);
}

void alarm_table::activate(alarm& a, const incident& i, const alarm* before, changes& out) {
  const bool taken = before && before->acknowledged && i.level <= before->acknowledged_level;
  change(a, i.at, before ? "cause changed" : "incident opened", said::always,
         alarm_event::activated, out, [&](alarm& x) {
           x.active = true;
           x.level = i.level;
           x.active_since = i.at;
           x.over_since = unset;
           forget_acknowledgement(x);
           x.acknowledged = taken;
           if (taken) {
             x.owner = before->owner;
             x.comment = before->comment;
             x.acknowledged_at = before->acknowledged_at;
             x.acknowledged_until = before->acknowledged_until;
             x.acknowledged_level = before->acknowledged_level;
           }
           note_activation(x, i.at, rules_);
         });
}

/// Whoever acknowledged a warning has not seen that it became critical.
void alarm_table::worsen(alarm& a, const incident& i, changes& out) {
  if (!a.acknowledged || i.level <= a.acknowledged_level) {
    a.level = i.level;
    return;
  }
  change(a, i.at, "got worse: " + std::string{to_text(i.level)}, said::always, alarm_event::other,
         out, [&](alarm& x) {
           x.level = i.level;
           x.acknowledged = false;
           forget_acknowledgement(x);
         });
}

/// One of its incidents is over, or `moved` to another alarm. What is over while it is hidden needs
/// nobody's eye.
void alarm_table::end(alarm& a, const incident& i, bool moved, changes& out) {
  std::erase(a.open, i.id);
  if (moved || a.incident != i.id) unbind(a, i.id);
  if (!a.open.empty()) return;
  change(a, i.at, moved ? "cause changed" : "incident closed", said::always,
         moved ? alarm_event::moved : alarm_event::ended, out, [&](alarm& x) {
           x.acknowledged = x.acknowledged || moved || is_hidden(state_of(x));
           x.active = false;
           x.over_since = i.at;
           x.latched = x.latched || latches(x.kind);
         });
  count_trigger(a.key, -1, i.at, out);
}

void alarm_table::advance(timestamp now, changes& out) {
  for (timestamp next; (next = next_deadline()) < now;) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= next)
      fire(alarms_.find(deadlines_.begin()->second)->second, next, out);
    const auto ended = [next](const service_order& o) { return o.until <= next; };
    if (std::erase_if(orders_, ended) > 0) review_orders(next, "out of service ended", out);
  }
}

/// At least one of its deadlines has come.
void alarm_table::fire(alarm& a, timestamp at, changes& out) {
  if (a.shelved_until != unset && a.shelved_until <= at)
    change(a, at, "shelving ended", said::when_state_changes, alarm_event::other, out,
           [](alarm& x) {
             x.shelved_until = unset;
             x.shelved_by.clear();
             x.shelved_reason.clear();
           });
  if (a.acknowledged && present(a) && a.acknowledged_until <= at)
    change(a, at, "acknowledgement by " + a.owner + " ended", said::always, alarm_event::other, out,
           [](alarm& x) {
             x.acknowledged = false;
             forget_acknowledgement(x);
           });
  if (a.chattering && later(a.recent.back(), rules_.chatter_window) <= at)
    change(a, at, {}, said::when_state_changes, alarm_event::other, out, [](alarm& x) {
      x.chattering = false;
      x.recent.clear();
    });
}

timestamp alarm_table::due_of(const alarm& a) const {
  timestamp due = never;
  if (a.shelved_until != unset) due = a.shelved_until;
  if (a.acknowledged && present(a)) due = std::min(due, a.acknowledged_until);
  if (a.chattering) due = std::min(due, later(a.recent.back(), rules_.chatter_window));
  return due;
}

timestamp alarm_table::next_deadline() const {
  timestamp next = deadlines_.empty() ? never : deadlines_.begin()->first;
  for (const service_order& o : orders_) next = std::min(next, o.until);
  return next;
}

bool alarm_table::latches(cause_kind kind) const {
  const condition_rule* rule = rules_.condition(kind);
  return rule && rule->latched;
}

/// A rule never suppresses what can trigger it: two alarms would hide each other.
std::string alarm_table::suppressor_of(const alarm& a) const {
  if (!present(a)) return {};
  for (std::size_t r = 0; r < triggers_.size(); ++r) {
    const suppression_rule& rule = rules_.suppressions[r];
    if (triggers_[r] > 0 && glob_match(rule.what, a.key) && !glob_match(rule.when, a.key))
      return rule.name;
  }
  return {};
}

void alarm_table::count_trigger(const std::string& key, int more, timestamp at, changes& out) {
  for (std::size_t r = 0; r < triggers_.size(); ++r) {
    const suppression_rule& rule = rules_.suppressions[r];
    if (!glob_match(rule.when, key)) continue;
    const bool was = triggers_[r] > 0;
    triggers_[r] += static_cast<std::uint32_t>(more);
    if (was == (triggers_[r] > 0)) continue;
    review_suppression(at, (was ? "suppression ended: " : "suppressed by ") + rule.name, out);
  }
}

void alarm_table::review_suppression(timestamp at, const std::string& why, changes& out) {
  for (auto& [key, a] : alarms_)
    if (a.suppressed_by != suppressor_of(a))
      change(a, at, why, said::when_state_changes, alarm_event::other, out, [](alarm&) {});
}

std::string alarm_table::order_over(std::string_view subject) const {
  for (const service_order& o : orders_)
    if (glob_match(o.glob, subject)) return o.glob;
  return {};
}

void alarm_table::review_orders(timestamp at, const std::string& why, changes& out) {
  for (auto& [key, a] : alarms_)
    if (std::string order = order_over(a.subject); order != a.out_of_service_by)
      change(a, at, why, said::when_state_changes, alarm_event::other, out,
             [&](alarm& x) { x.out_of_service_by = std::move(order); });
}

} // namespace tocsin

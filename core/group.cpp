// What a group holds: members, their symptoms, sight and appointments.
#include "core/group.hpp"

#include <algorithm>

#include "core/limits.hpp"
#include "core/reported_symptom.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
constexpr auto liveness = symptom_family::liveness;
constexpr int postponed_max = 3; // a link that comes and goes must not hide a death for ever

std::uint64_t bit_of(std::uint8_t vantage) {
  return std::uint64_t{1} << (vantage % limits::vantages_max);
}

} // namespace

group::group(std::string name, std::shared_ptr<const group_rules> rules)
    : name_(std::move(name)), rules_(std::move(rules)) {}

void group::apply(const effect& e, group_output&) {
  if (auto* sight = std::get_if<sight_changed>(&e.what)) return see(*sight, e.at);
  if (auto* seen = std::get_if<member_seen>(&e.what)) return describe(*seen, e.at);
  take(std::get<symptom>(e.what));
}

void group::advance(timestamp now, group_output& out) {
  while (!agenda_.empty() && agenda_.begin()->at < now) {
    const appointment a = *agenda_.begin();
    agenda_.erase(agenda_.begin());
    perform(a, out);
  }
  next_ = agenda_.empty() ? never : agenda_.begin()->at;
}

void group::perform(const appointment& a, group_output& out) {
  using step = appointment::step_t;
  if (a.step == step::drift) {
    drift_at_ = never;
    return look_for_drift(a.at, out);
  }
  if (a.step == step::verdict) return judge(a.family, a.who, a.at, out);
  if (a.step == step::expire) return expire(a, out);
  open_incident* i = find(a.who);
  if (!i) return;
  if (a.step == step::refresh) {
    i->refresh_at = never;
    return refresh(*i, a.at, out);
  }
  close(*i, a.at, {}, out);
}

void group::schedule(appointment a) {
  if (a.at == never) return;
  if (a.at < next_) next_ = a.at;
  agenda_.insert(std::move(a));
}

void group::cancel(const appointment& a) {
  agenda_.erase(a);
  next_ = agenda_.empty() ? never : agenda_.begin()->at;
}

void group::expect_repeat(const std::string& subject, const symptom& s) {
  schedule({later(s.at, repeated_within), appointment::step_t::expire, family_of(s.kind), subject});
}

/// What was reported and not repeated is over: its reporter began anew, or is gone.
void group::expire(const appointment& a, group_output& out) {
  const group_member* m = member_of(a.who, false);
  if (!m || !m->trouble) return;
  timestamp next = never;
  std::vector<symptom> over;
  for (const held_symptom& s : m->trouble->raised) {
    if (family_of(s.kind) != a.family) continue;
    if (const timestamp end = later(s.at, repeated_within); end > a.at) next = std::min(next, end);
    else over.push_back({a.at, a.who, s.kind, symptom_state::cleared, s.level, s.since, {{"reason", std::string{"no longer reported"}}}});
  }
  schedule({next, appointment::step_t::expire, a.family, a.who});
  for (symptom& s : over) {
    take(s);
    out.symptoms.push_back(std::move(s));
  }
}

group_member* group::member_of(const std::string& subject, bool make) {
  if (auto known = members_.find(subject); known != members_.end()) return &known->second;
  if (!make || members_.size() >= limits::daemons_max) return nullptr;
  return &members_[subject];
}

member_trouble& group::trouble_of(group_member& m) {
  if (!m.trouble) m.trouble = std::make_unique<member_trouble>();
  return *m.trouble;
}

void group::drop_if_idle(const std::string& subject) {
  auto known = members_.find(subject);
  if (known == members_.end() || (known->second.trouble && !known->second.trouble->idle())) return;
  known->second.trouble.reset();
  if (!known->second.seen) members_.erase(known);
}

void group::describe(const member_seen& seen, timestamp at) {
  group_member* m = member_of(seen.subject, true);
  if (!m) return;
  auto count_off = [](auto& counts, const auto& value) {
    if (auto c = counts.find(value); c != counts.end() && --c->second == 0) counts.erase(c);
  };
  const bool news =
      !m->seen || m->version != seen.version || m->reliability_s != seen.reliability_s;
  if (news) {
    if (m->seen) {
      count_off(versions_, m->version);
      count_off(reliabilities_, m->reliability_s);
    } else {
      ++seen_;
    }
    ++versions_[seen.version];
    ++reliabilities_[seen.reliability_s];
    // Looked for once in a while, not with every newcomer: a fleet comes up one by one.
    if (drift_at_ == never) {
      drift_at_ = later(at, rules_->wait);
      schedule({drift_at_, appointment::step_t::drift, symptom_family::drift, {}});
    }
  }
  m->seen = true;
  m->version = seen.version;
  m->reliability_s = seen.reliability_s;
  m->vantages = seen.vantages;
  m->period_s = seen.period_s;
}

bool group::unwatched(const group_member& m) const {
  if (nested_ && blind_ & bit_of(0)) return true;
  if (m.vantages) return !(m.vantages & ~blind_);
  // Never heard: any vantage point that sees might be the one, but the input shows nobody by itself.
  const std::uint64_t count = nested_ ? ~bit_of(0) : ~std::uint64_t{0};
  return blind_ & count && !(sighted_ & count);
}

void group::see(const sight_changed& sight, timestamp at) {
  const std::uint64_t bit = bit_of(sight.vantage);
  if (!sight.sighted) {
    blind_ |= bit;
    sighted_ &= ~bit;
    return;
  }
  std::vector<std::string> again; // their silence could not be judged until now
  for (symptom_family f : {liveness, symptom_family::inventory})
    for (const std::string& subject : pending_[index(f)])
      if (group_member* m = member_of(subject, false); m && unwatched(*m)) again.push_back(subject);
  blind_ &= ~bit;
  sighted_ |= bit;
  for (const std::string& subject : again) {
    group_member& m = *member_of(subject, false);
    if (unwatched(m)) continue;
    member_trouble& t = trouble_of(m);
    // Who lives is heard within a period; then the verdict waits for the others as ever.
    const timestamp confirmed = later(later(at, period_of(m) + period_of(m) / 4), rules_->wait);
    for (held_symptom& s : t.raised)
      if (!s.ripe && t.postponed < postponed_max) s.due = std::max(s.due, confirmed);
    if (t.postponed < postponed_max) ++t.postponed;
    for (symptom_family f : {liveness, symptom_family::inventory}) plan(subject, m, f, at);
  }
}

void group::take(const symptom& s) {
  const symptom_family f = family_of(s.kind);
  group_member* m = member_of(s.subject, s.state != symptom_state::cleared);
  if (!m) return;
  member_trouble& t = trouble_of(*m);
  held_symptom* held = t.find(s.kind);
  if (held && s.state == symptom_state::repeated) {
    held->at = s.at;
    return;
  }
  if (s.state == symptom_state::cleared) {
    if (held) {
      if (s.kind == symptom_kind::daemon_stopped) --stopped_;
      std::erase_if(t.raised, [&](const held_symptom& h) { return h.kind == s.kind; });
    }
  } else {
    if (!held) {
      if (s.kind == symptom_kind::daemon_stopped) ++stopped_;
      held = &t.raised.emplace_back();
      held->kind = s.kind;
      held->since = s.since;
      held->level = severity::info;
      if (is_reported(s.kind)) expect_repeat(s.subject, s);
    }
    const bool counted = held->counts();
    const bool worse = s.level > held->level;
    held->level = s.level;
    held->at = s.at;
    held->facts = s.facts;
    if (worse) held->explained = false;
    if (held->counts() && (!counted || worse))
      held->due = std::min(held->due, later(s.at, delay_of(*held, *m)));
  }
  if (f == liveness) hear_silence(s.subject, *m);
  if (f == symptom_family::loss) {
    const bool lossy = std::ranges::any_of(t.raised, [](const held_symptom& h) {
      return family_of(h.kind) == symptom_family::loss && h.counts();
    });
    if (lossy)
      lossy_.insert(s.subject);
    else
      lossy_.erase(s.subject);
  }
  settle(s.subject, *m, f, s.at);
  drop_if_idle(s.subject);
}

/// Keeps the order of last signs of life of those that are late or lost.
void group::hear_silence(const std::string& subject, group_member& m) {
  const held_symptom* s = m.trouble->find(symptom_kind::heartbeat_lost);
  if (!s) s = m.trouble->find(symptom_kind::heartbeat_late);
  timestamp from = never;
  if (s) {
    if (const double* p = fact_of<double>(s->facts, "period_s")) m.period_s = *p;
    const timestamp* heard = fact_of<timestamp>(s->facts, "last_heard");
    const timestamp* sighted = fact_of<timestamp>(s->facts, "sighted_since");
    from = heard ? *heard : earlier(s->since, period_of(m));
    if (sighted && *sighted > from) from = *sighted;
  }
  if (from == m.silent_from) return;
  if (m.silent_from != never) silent_.erase({m.silent_from, subject});
  m.silent_from = from;
  if (from != never) silent_.insert({from, subject});
}

duration group::delay_of(const held_symptom& s, const group_member& m) const {
  switch (s.kind) {
  case symptom_kind::daemon_stopped:
    return rules_->wait / 6;
  case symptom_kind::data_loss_inbound:
  case symptom_kind::data_loss_outbound:
    if (s.level == severity::critical) return duration{0};
    [[fallthrough]];
  case symptom_kind::retransmission_outbound:
  case symptom_kind::retransmission_inbound:
  case symptom_kind::hidden_loss: {
    const duration period = period_of(m) + period_of(m) / 4;
    return std::max(rules_->wait, std::min(period, rules_->storm_window));
  }
  case symptom_kind::clients_high:
  case symptom_kind::clients_critical:
  case symptom_kind::clients_limit_forecast:
  case symptom_kind::config_drift:
  case symptom_kind::self_check:
  case symptom_kind::equipment_down:
  case symptom_kind::equipment_alarm:
  case symptom_kind::event_pattern:
  case symptom_kind::quality_low:
    return duration{0};
  default:
    return rules_->wait;
  }
}

/// After a symptom of family `f` changed: who it concerns, what has to be said again, and when to
/// judge.
void group::settle(const std::string& subject, group_member& m, symptom_family f, timestamp at) {
  member_trouble& t = trouble_of(m);
  if (f == symptom_family::loss && t.in[index(f)].empty() && lossy_.contains(subject))
    if (open_incident* storm = find(storm_)) join(*storm, subject, m, at);
  if (open_incident* i = find(t.in[index(f)])) {
    const bool of_segment = i->because.kind == cause_kind::segment_silent;
    for (held_symptom& s : t.raised) {
      if (family_of(s.kind) != f || s.ripe || !s.counts()) continue;
      const bool reborn =
          s.kind == symptom_kind::daemon_restarted || s.kind == symptom_kind::host_rebooted;
      if (of_segment && reborn && s.level < severity::critical) {
        s.explained = true;
        ++i->restarted;
      } else if (of_segment ? s.kind == symptom_kind::heartbeat_lost && i->active.contains(subject)
                            : s.kind != symptom_kind::heartbeat_lost) {
        s.ripe = true;
      }
    }
    seat(*i, subject, m, at);
  }
  plan(subject, m, f, at);
}

/// Files the next verdict on the member's symptoms of one family.
void group::plan(const std::string& subject, group_member& m, symptom_family f, timestamp at) {
  member_trouble& t = trouble_of(m);
  timestamp due = never;
  for (const held_symptom& s : t.raised)
    if (family_of(s.kind) == f && s.counts() && !s.ripe) due = std::min(due, s.due);
  if (due == never)
    pending_[index(f)].erase(subject);
  else
    pending_[index(f)].insert(subject);
  if (due != never) due = std::max(due, at);
  if (due == t.due[index(f)]) return;
  if (t.due[index(f)] != never) cancel({t.due[index(f)], appointment::step_t::verdict, f, subject});
  t.due[index(f)] = due;
  schedule({due, appointment::step_t::verdict, f, subject});
}

void group::forget(const std::string& subject, timestamp at) {
  group_member* m = member_of(subject, false);
  if (!m) return;
  if (m->trouble) {
    if (m->trouble->find(symptom_kind::daemon_stopped)) --stopped_;
    m->trouble->raised.clear();
    hear_silence(subject, *m);
    lossy_.erase(subject);
    for (std::size_t f = 0; f < symptom_family_count; ++f)
      settle(subject, *m, static_cast<symptom_family>(f), at);
  }
  if (m->seen) {
    --seen_;
    m->seen = false;
    if (auto v = versions_.find(m->version); v != versions_.end() && --v->second == 0)
      versions_.erase(v);
    if (auto r = reliabilities_.find(m->reliability_s);
        r != reliabilities_.end() && --r->second == 0)
      reliabilities_.erase(r);
  }
  drop_if_idle(subject);
}

std::uint64_t group::heard_through(const std::string& subject) const {
  const auto known = members_.find(subject);
  return known == members_.end() ? 0 : known->second.vantages;
}

bool group::fell_silent(const std::string& subject, timestamp heard) const {
  const auto known = members_.find(subject);
  if (known == members_.end() || known->second.silent_from == never || unwatched(known->second))
    return false;
  const group_member& m = known->second;
  const duration width = period_of(m) + period_of(m) / 4;
  return (segment_.empty() || m.trouble->in[index(liveness)] != segment_) &&
         m.silent_from >= earlier(heard, width) && m.silent_from <= later(heard, width);
}

std::size_t group::count_through(std::uint8_t vantage) const {
  const std::uint64_t through = nested_ && vantage == 0 ? ~std::uint64_t{0} : bit_of(vantage);
  return static_cast<std::size_t>(
      std::ranges::count_if(members_, [&](const auto& m) { return (m.second.vantages & through) != 0; }));
}

std::vector<std::string> group::unseen_through(std::uint8_t vantage) const {
  const std::uint64_t through = nested_ && vantage == 0 ? ~std::uint64_t{0} : bit_of(vantage);
  std::vector<std::string> subjects;
  for (const auto& [subject, m] : members_)
    if (m.vantages & through && unwatched(m)) subjects.push_back(subject);
  std::ranges::sort(subjects);
  return subjects;
}

void group::set_rules(std::shared_ptr<const group_rules> rules) { rules_ = std::move(rules); }
void group::set_vantage_names(std::vector<std::string> names, bool nested) {
  vantage_names_ = std::move(names);
  nested_ = nested;
}

group_status group::status() const {
  group_status s{name_, seen_, silent_.size(), {}};
  for (const auto& [id, i] : open_)
    s.open.push_back(
        view(i, i.revision > 1 ? incident_state::updated : incident_state::opened, i.said_at));
  return s;
}

} // namespace tocsin

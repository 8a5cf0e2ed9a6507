// What a group makes of symptoms: one daemon, the segment, a storm, or several with the same
// trouble.
#include <algorithm>
#include <cmath>

#include "core/group.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
constexpr auto liveness = symptom_family::liveness;

/// The worst symptom of a family that has an incident's weight.
const held_symptom* worst(const member_trouble& t, symptom_family f, bool ripe_only) {
  const held_symptom* top = nullptr;
  for (const held_symptom& s : t.raised)
    if (family_of(s.kind) == f && s.counts() && (s.ripe || !ripe_only) &&
        (!top || weight_of(s.kind) > weight_of(top->kind)))
      top = &s;
  return top;
}

std::string natural_subject(symptom_kind kind, const std::string& subject) {
  // A host is what reboots, and all its daemons with it.
  if (kind != symptom_kind::host_rebooted || !subject.starts_with("rvd/")) return subject;
  return "host/" + subject.substr(4, subject.rfind('/') - 4);
}
} // namespace

void group::judge(symptom_family f, const std::string& subject, timestamp at, group_output& out) {
  group_member* m = member_of(subject, false);
  if (!m || !m->trouble) return;
  member_trouble& t = *m->trouble;
  t.due[index(f)] = never;
  // What nobody can see may be well: it stays pending until sight is back.
  if ((f == liveness || f == symptom_family::inventory) && unwatched(*m)) return;
  for (held_symptom& s : t.raised)
    if (family_of(s.kind) == f && s.counts() && s.due <= at) s.ripe = true;
  plan(subject, *m, f, at);
  if (!worst(t, f, true)) return;
  switch (f) {
  case symptom_family::liveness:
    return judge_liveness(subject, *m, at, out);
  case symptom_family::loss:
    return judge_loss(subject, at, out);
  case symptom_family::clients:
  case symptom_family::self:
    return judge_alone(f, subject, *m, at, out);
  default:
    return judge_with_others(f, subject, *m, at, out);
  }
}

void group::judge_liveness(const std::string& subject, group_member& m, timestamp at,
                           group_output& out) {
  const held_symptom& top = *worst(*m.trouble, liveness, true);
  open_incident* mine = find(m.trouble->in[index(liveness)]);
  const bool of_segment = mine && mine->because.kind == cause_kind::segment_silent;
  if (top.kind != symptom_kind::heartbeat_lost) {
    if (mine && !of_segment) return refresh(*mine, at, out);
    leave(subject, m, liveness, at, {}, &out);
    return judge_with_others(liveness, subject, m, at, out);
  }
  if (of_segment && mine->active.contains(subject)) return;
  if (open_incident* all = find(segment_);
      all && (!all->active.empty() || all->past.contains(subject))) {
    if (mine != all) leave(subject, m, liveness, at, all->id, &out); // one that ends would end under us
    return join(*all, subject, m, at);
  }
  const silence_verdict v = silence_around(m);
  if (v.segment) return segment_fell_silent(v, at, out);
  if (mine && !mine->shared) return refresh(*mine, at, out);
  leave(subject, m, liveness, at, {}, &out);
  judge_alone(liveness, subject, m, at, out);
}

/// The greatest number of members that fell silent within one period and its slack of each other,
/// this one among them, against those that were alive when it began.
group::silence_verdict group::silence_around(const group_member& m) const {
  silence_verdict v;
  const duration width = period_of(m) + period_of(m) / 4;
  // share * (members - silent before) <= silent together implies share * members <= silent at all.
  const std::size_t bound =
      blind_ ? 0
             : static_cast<std::size_t>(std::floor(
                   rules_->silent_share * static_cast<double>(seen_ - std::min(seen_, stopped_))));
  if (m.silent_from == never) return v;
  std::vector<timestamp>
      near; // last signs of life of those seen now, from one width before this one's
  for (auto s = silent_.lower_bound({earlier(m.silent_from, width), {}}); s != silent_.end(); ++s) {
    if (silent_.size() < bound) break;
    if (!blind_ || !unwatched(members_.at(s->second))) near.push_back(s->first);
  }
  std::size_t first = 0, best = 0, best_first = 0;
  for (std::size_t last = 0; last < near.size() && between(m.silent_from, near[last]) <= width;
       ++last) {
    while (between(near[first], near[last]) > width) ++first;
    if (near[first] <= m.silent_from && near[last] >= m.silent_from && last - first + 1 > best) {
      best = last - first + 1;
      best_first = first;
    }
  }
  if (best == 0) best = 1;
  v.silent = best;
  v.from = near.empty() ? m.silent_from : near[best_first];
  v.to = near.empty() ? m.silent_from : near[best_first + best - 1];
  std::size_t alive = seen_ - std::min(seen_, stopped_);
  if (blind_) {
    alive = 0;
    for (const auto& [subject, other] : members_)
      alive += other.seen && !unwatched(other) &&
               !(other.trouble && other.trouble->find(symptom_kind::daemon_stopped));
  }
  std::size_t before = 0; // silent for longer
  if (blind_) {
    for (auto s = silent_.begin(); s != silent_.end() && s->first < v.from; ++s)
      before += !unwatched(members_.at(s->second));
  } else if (!near.empty()) {
    before = silent_.size() - (near.size() - best_first);
  } else {
    before = silent_.size() - 1;
  }
  v.alive = std::max(v.silent, alive - std::min(alive, before));
  v.segment = v.silent >= std::max<std::size_t>(rules_->silent_members_min, 1) &&
              static_cast<double>(v.silent) >= rules_->silent_share * static_cast<double>(v.alive);
  return v;
}

/// One incident for all: the oldest told about one of these silences becomes it, the others end in
/// it.
void group::segment_fell_silent(const silence_verdict& v, timestamp at, group_output& out) {
  std::vector<std::string> together;
  for (auto s = silent_.lower_bound({v.from, {}}); s != silent_.end() && s->first <= v.to; ++s)
    if (!unwatched(members_.at(s->second))) together.push_back(s->second);
  std::ranges::sort(together);

  open_incident* grows = find(segment_);
  timestamp since = never;
  for (const std::string& subject : together) {
    const member_trouble& t = *members_.at(subject).trouble;
    if (const held_symptom* lost = t.find(symptom_kind::heartbeat_lost))
      since = std::min(since, lost->since);
    open_incident* told = find(t.in[index(liveness)]);
    if (told && told->because.kind == cause_kind::heartbeat_lost && told->since >= v.from &&
        (!grows || (grows->id != segment_ && told->since < grows->since)))
      grows = told;
  }
  // Laplace's rule of succession: the chance that the next member of the segment would be silent
  // too.
  const cause because{cause_kind::segment_silent, name_,
                      (static_cast<double>(v.silent) + 1) / (static_cast<double>(v.alive) + 2)};
  open_incident& i = grows ? *grows : open(liveness, because, since, at);
  i.because = because;
  i.shared = true;
  i.level = severity::critical;
  segment_ = i.id;
  i.facts = {{"silent", static_cast<std::int64_t>(v.silent)},
             {"alive_before", static_cast<std::int64_t>(v.alive)},
             {"first_last_heard", v.from},
             {"last_heard", v.to}};
  for (const std::string& subject : together) {
    group_member& m = members_.at(subject);
    if (m.trouble->in[index(liveness)] != i.id) leave(subject, m, liveness, at, i.id, &out);
    join(i, subject, m, at);
  }
  tell(i, at, out);
}

/// One incident for one daemon and family; its kind is that of the worst symptom.
void group::judge_alone(symptom_family f, const std::string& subject, group_member& m, timestamp at,
                        group_output& out) {
  if (open_incident* mine = find(m.trouble->in[index(f)])) return refresh(*mine, at, out);
  const held_symptom& top = *worst(*m.trouble, f, true);
  open_incident& i =
      open(f, {cause_of(top.kind), natural_subject(top.kind, subject), 1}, top.since, at);
  join(i, subject, m, at);
  weigh(i);
  tell(i, at, out);
}

/// One incident for all whose worst symptom is of the same kind and came within `wait`. Of a unit's channels: for all of them,
/// and for as long as any of it lasts.
void group::judge_with_others(symptom_family f, const std::string& subject, group_member& m,
                              timestamp at, group_output& out) {
  if (open_incident* mine = find(m.trouble->in[index(f)])) return refresh(*mine, at, out);
  const bool of_unit = f == symptom_family::sensor;
  const symptom_kind kind = worst(*m.trouble, f, true)->kind;
  std::vector<std::string> together{subject};
  for (const std::string& other : pending_[index(f)]) {
    const group_member& o = members_.at(other);
    if (other == subject || !o.trouble->in[index(f)].empty() || unwatched(o)) continue;
    if (const held_symptom* s = worst(*o.trouble, f, false); s && (of_unit || s->kind == kind))
      together.push_back(other);
  }
  timestamp since = never, newest = unset;
  for (const std::string& one : together) {
    member_trouble& t = *members_.at(one).trouble;
    held_symptom& s = *t.find(of_unit ? worst(t, f, false)->kind : kind);
    s.ripe = true;
    since = std::min(since, s.since);
    newest = std::max(newest, s.since);
  }
  const std::size_t k = static_cast<std::size_t>(of_unit ? symptom_kind::sensor_anomaly : kind);
  open_incident* i = find(together_[k]);
  const bool joins =
      i && (of_unit || (i->because.kind == cause_of(kind) && between(i->newest, newest) <= rules_->wait));
  if (!joins) i = &open(f, {cause_of(kind), natural_subject(kind, subject), 1}, since, at);
  together_[k] = i->id;
  for (const std::string& one : together) {
    group_member& o = members_.at(one);
    join(*i, one, o, at);
    plan(one, o, f, at);
  }
  if (joins) return; // said with the next refresh
  weigh(*i);
  tell(*i, at, out);
}

/// Members whose last loss came within `storm_window` of another's, back from now, are one storm
/// when they are enough. Fewer are told apart, unless one names the other: that is one loss seen
/// from both ends.
void group::judge_loss(const std::string& subject, timestamp at, group_output& out) {
  constexpr auto f = symptom_family::loss;
  if (open_incident* mine = find(members_.at(subject).trouble->in[index(f)]))
    return refresh(*mine, at, out);
  std::vector<std::pair<timestamp, std::string>> newest_first;
  for (const std::string& one : lossy_) {
    timestamp last = unset;
    for (const held_symptom& s : members_.at(one).trouble->raised)
      if (family_of(s.kind) == f && s.counts()) last = std::max(last, s.at);
    newest_first.emplace_back(last, one);
  }
  std::ranges::sort(newest_first, std::greater{});
  timestamp reached = at;
  std::vector<std::string> together;
  for (const auto& [last, one] : newest_first) {
    if (between(last, reached) > rules_->storm_window) break;
    reached = last;
    together.push_back(one);
  }
  if (together.size() >= std::max<std::size_t>(rules_->storm_members_min, 2))
    return blame(std::move(together), true, at, out);
  std::vector<std::string> named = named_with(subject);
  if (named.size() > 1) return blame(std::move(named), false, at, out);
  judge_alone(f, subject, members_.at(subject), at, out);
}

/// The member and those with losses of their own that name it or are named by it.
std::vector<std::string> group::named_with(const std::string& subject) const {
  auto names = [&](const std::string& who, const std::string& whom) {
    for (const held_symptom& s : members_.at(who).trouble->raised)
      if (s.counts() && std::ranges::count(peers_named(s), whom)) return true;
    return false;
  };
  std::vector<std::string> all{subject};
  for (const std::string& other : lossy_)
    if (other != subject && (names(subject, other) || names(other, subject))) all.push_back(other);
  return all;
}

/// One incident for the losses of several; the oldest about any of them becomes it, the others end
/// in it.
void group::blame(std::vector<std::string> together, bool storm, timestamp at, group_output& out) {
  constexpr auto f = symptom_family::loss;
  std::ranges::sort(together);
  open_incident* grows = nullptr;
  timestamp since = never;
  for (const std::string& one : together) {
    const member_trouble& t = *members_.at(one).trouble;
    for (const held_symptom& s : t.raised)
      if (family_of(s.kind) == f && s.counts()) since = std::min(since, s.since);
    if (open_incident* told = find(t.in[index(f)]); told && (!grows || told->since < grows->since))
      grows = told;
  }
  const cause_kind kind =
      cause_of(worst(*members_.at(together.front()).trouble, f, false)->kind); // weighed below
  open_incident& i = grows ? *grows : open(f, {kind, name_, 0}, since, at);
  if (!grows) i.because.subject.clear(); // no former suspect to prefer
  i.shared = true;
  if (storm) storm_ = i.id;
  for (const std::string& one : together) {
    group_member& m = members_.at(one);
    if (m.trouble->in[index(f)] != i.id) leave(one, m, f, at, i.id, &out);
    join(i, one, m, at);
    for (held_symptom& s : m.trouble->raised)
      if (family_of(s.kind) == f) s.ripe = true;
    plan(one, m, f, at);
  }
  weigh_storm(i);
  tell(i, at, out);
}

group::silence group::silence_through(std::uint8_t vantage, timestamp from, timestamp to) const {
  const std::uint64_t only = std::uint64_t{1} << vantage;
  silence s;
  for (const auto& [subject, m] : members_) {
    if (!m.seen || m.vantages != only) continue;
    if (m.trouble && m.trouble->find(symptom_kind::daemon_stopped)) continue;
    const duration width = period_of(m) + period_of(m) / 4;
    if (m.silent_from != never && m.silent_from < earlier(to, width)) continue; // silent for longer
    ++s.alive;
    if (m.silent_from == never || m.silent_from > later(from, width)) continue;
    ++s.silent;
    s.from = std::min(s.from, m.silent_from);
    s.to = std::max(s.to, m.silent_from);
  }
  return s;
}

void group::fold_silences(timestamp at, timestamp since, const std::string& into,
                          group_output& out) {
  std::vector<std::string> folded;
  for (const auto& [id, i] : open_) {
    const bool about_silence = i.because.kind == cause_kind::segment_silent ||
                               i.because.kind == cause_kind::heartbeat_lost;
    if (!about_silence || i.since < since || i.active.empty()) continue;
    if (std::ranges::all_of(i.active,
                            [&](const std::string& s) { return unwatched(members_.at(s)); }))
      folded.push_back(id);
  }
  for (const std::string& id : folded) {
    const std::set<std::string> members = open_.at(id).active;
    close(open_.at(id), at, into, out);
    for (const std::string& subject : members) {
      group_member* m = member_of(subject, false);
      if (!m || !m->trouble) continue;
      for (held_symptom& s : m->trouble->raised) s.ripe = s.ripe && family_of(s.kind) != liveness;
      plan(subject, *m, liveness, at);
    }
  }
}

} // namespace tocsin

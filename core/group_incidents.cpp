// The life of a group's incidents: who is concerned, when it is said again, how it ends.
#include <algorithm>
#include <cmath>

#include "core/group.hpp"
#include "core/incident_title.hpp"
#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
constexpr double suspect_margin = 0.1; // a new suspect must be so much more probable: no to and fro

std::string_view name_of(symptom_family f) {
  constexpr std::string_view names[] = {"liveness", "loss",   "clients",  "inventory", "drift",  "clock",
                                        "self",     "sensor", "downtime", "event",     "quality"};
  return names[index(f)];
}

} // namespace

/// Peers in the evidence, "10.0.0.1, 10.0.0.2", as subjects on this segment's service.
std::vector<std::string> group::peers_named(const held_symptom& s) const {
  std::vector<std::string> peers;
  const std::string* text = fact_of<std::string>(s.facts, "peer");
  if (!text || !name_.starts_with("segment/")) return peers;
  const std::string service = name_.substr(8, name_.find('/', 8) - 8);
  std::string_view rest = *text;
  while (!rest.empty() && peers.size() < limits::loss_peers_max) {
    const std::size_t comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (!one.empty()) peers.push_back("rvd/" + std::string{one} + "/" + service);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return peers;
}

open_incident* group::find(const std::string& id) {
  if (id.empty()) return nullptr;
  const auto known = open_.find(id);
  return known == open_.end() ? nullptr : &known->second;
}

open_incident& group::open(symptom_family f, cause because, timestamp since, timestamp at) {
  open_incident i{};
  i.id = incident_id(name_, name_of(f), because.subject, since, at);
  i.family = f;
  i.because = std::move(because);
  i.since = i.newest = since;
  i.close_at = i.refresh_at = never;
  const std::string id = i.id;
  return open_.insert_or_assign(id, std::move(i)).first->second;
}

/// Whether the member is concerned, now that its symptoms have changed.
void group::seat(open_incident& i, const std::string& subject, group_member& m, timestamp at) {
  const bool of_segment = i.because.kind == cause_kind::segment_silent;
  const bool concerned = of_segment
                             ? m.silent_from != never
                             : std::ranges::any_of(m.trouble->raised, [&](const held_symptom& s) {
                                 return family_of(s.kind) == i.family && s.counts();
                               });
  if (concerned && i.active.insert(subject).second) {
    i.past.erase(subject);
    i.members_changed = true;
  } else if (!concerned && i.active.erase(subject)) {
    i.past.insert(subject);
    i.members_changed = true;
  }
  if (i.active.empty() && !i.until) {
    i.until = at;
    i.close_at = later(at, rules_->close_after);
    schedule({i.close_at, appointment::step_t::close, i.family, i.id});
  } else if (!i.active.empty() && i.until) {
    i.until.reset();
    cancel({i.close_at, appointment::step_t::close, i.family, i.id});
    i.close_at = never;
  }
  review(i, subject, at);
}

void group::join(open_incident& i, const std::string& subject, group_member& m, timestamp at) {
  member_trouble& t = trouble_of(m);
  t.in[index(i.family)] = i.id;
  if (i.active.size() + i.past.size() > 0 && !i.active.contains(subject) &&
      !i.past.contains(subject))
    i.shared = true;
  for (held_symptom& s : t.raised) {
    if (family_of(s.kind) != i.family || !s.counts()) continue;
    if (i.because.kind == cause_kind::segment_silent || i.shared) s.ripe = true;
    i.newest = std::max(i.newest, s.since);
  }
  seat(i, subject, m, at);
  plan(subject, m, i.family, at);
}

/// Takes the member out of its incident. One that has nobody left ends in the incident `into`.
void group::leave(const std::string& subject, group_member& m, symptom_family f, timestamp at,
                  const std::string& into, group_output* out) {
  open_incident* i = find(m.trouble->in[index(f)]);
  if (!i) return;
  if (i->active.size() + i->past.size() == 1) return close(*i, at, into, *out);
  m.trouble->in[index(f)].clear();
  i->past.erase(subject);
  if (i->active.erase(subject)) i->members_changed = true;
  if (i->active.empty() && !i->until) {
    i->until = at;
    i->close_at = later(at, rules_->close_after);
    schedule({i->close_at, appointment::step_t::close, f, i->id});
  }
  review(*i, subject, at);
}

bool group::is_worse(const open_incident& i, const std::string& subject) const {
  const group_member& m = members_.at(subject);
  return m.trouble && std::ranges::any_of(m.trouble->raised, [&](const held_symptom& s) {
           return family_of(s.kind) == i.family && s.counts() && s.level > i.level;
         });
}

/// Whether a member has it worse than was said. A storm changes members one by one: it must not
/// cost a look at all of them each time.
bool group::somebody_worse(open_incident& i, const std::string& changed) const {
  if (i.level == severity::critical) return false;
  if (i.active.contains(changed) && is_worse(i, changed)) {
    i.looked_at_all = false;
    i.worst = changed;
    return true;
  }
  if (i.looked_at_all) return false;
  if (i.active.contains(i.worst) && is_worse(i, i.worst)) return true;
  const auto found =
      std::ranges::find_if(i.active, [&](const auto& subject) { return is_worse(i, subject); });
  i.looked_at_all = found == i.active.end();
  if (!i.looked_at_all) i.worst = *found;
  return !i.looked_at_all;
}

/// Files when to say it again, now that `changed` has: at once when it got worse or is about one
/// daemon, else once in `wait`.
void group::review(open_incident& i, const std::string& changed, timestamp at) {
  if (i.revision == 0 || i.active.empty()) return;
  timestamp when = at;
  if (i.shared && !somebody_worse(i, changed)) when = std::max(at, later(i.said_at, rules_->wait));
  if (when >= i.refresh_at) return;
  if (i.refresh_at != never) cancel({i.refresh_at, appointment::step_t::refresh, i.family, i.id});
  i.refresh_at = when;
  schedule({when, appointment::step_t::refresh, i.family, i.id});
}

void group::refresh(open_incident& i, timestamp at, group_output& out) {
  if (i.active.empty()) return;
  const bool changed = weigh(i);
  if (changed || (i.shared && i.members_changed)) tell(i, at, out);
}

/// Cause and severity from the members' symptoms. Returns whether either changed.
bool group::weigh(open_incident& i) {
  if (i.because.kind == cause_kind::segment_silent) return false;
  if (i.family == symptom_family::loss && i.shared) return weigh_storm(i);
  const held_symptom* top = nullptr;
  const std::string* who = nullptr;
  severity level = severity::info;
  for (const std::string& subject : i.active) {
    const group_member& m = members_.at(subject);
    for (const held_symptom& s : m.trouble->raised) {
      if (family_of(s.kind) != i.family || !s.counts() || !s.ripe) continue;
      level = std::max(level, s.level);
      const int more = top ? weight_of(s.kind) - weight_of(top->kind) : 1;
      // Of a unit's channels the one that went first is nearest to the cause.
      if (more < 0 || (more == 0 && !(i.family == symptom_family::sensor && s.since < top->since))) continue;
      top = &s;
      who = &subject;
    }
  }
  if (!top) return false;
  const bool ebbs = i.family == symptom_family::sensor && i.active.size() < i.peak;
  i.peak = std::max(i.peak, i.active.size());
  const cause before = i.because;
  const severity level_before = i.level;
  i.level = level;
  i.looked_at_all = false;
  if (ebbs) return i.level != level_before; // whose trouble ends first tells nothing about the cause
  i.because.kind = cause_of(top->kind);
  i.because.probability = alone_probability(*who, *top);
  i.facts = top->facts;
  if (i.shared) {
    i.because.subject = i.family == symptom_family::sensor ? *who : name_;
    i.facts.push_back({"members", static_cast<std::int64_t>(i.active.size() + i.past.size())});
  } else {
    const bool host = top->kind == symptom_kind::host_rebooted && who->starts_with("rvd/");
    i.because.subject = host ? "host/" + who->substr(4, who->rfind('/') - 4) : *who;
  }
  return i.level != level_before || i.because.kind != before.kind ||
         i.because.subject != before.subject;
}

/// How probably one daemon's trouble is its own; see docs/concepts.md.
double group::alone_probability(const std::string& subject, const held_symptom& s) const {
  if (const double* p = fact_of<double>(s.facts, "probability")) return std::clamp(*p, 0.0, 1.0);
  switch (s.kind) {
  case symptom_kind::heartbeat_lost: {
    // Laplace's rule over the others: were they to fall silent as well, it would not be its own
    // fault.
    const silence_verdict v = silence_around(members_.at(subject));
    return (static_cast<double>(v.alive - v.silent) + 1) / (static_cast<double>(v.alive - 1) + 2);
  }
  case symptom_kind::host_rebooted:
    return 0.9; // inferred from its daemons, not told
  case symptom_kind::data_loss_inbound:
  case symptom_kind::data_loss_outbound:
  case symptom_kind::retransmission_inbound:
  case symptom_kind::retransmission_outbound:
  case symptom_kind::hidden_loss: {
    std::vector<loss_report> reports;
    report(subject, reports);
    for (const suspect& x : rank_suspects(name_, reports))
      if (x.subject == subject) return x.probability;
    return 0;
  }
  default:
    return 1; // it is what it is: told or counted, not inferred
  }
}

void group::report(const std::string& subject, std::vector<loss_report>& reports) const {
  for (const held_symptom& s : members_.at(subject).trouble->raised) {
    if (family_of(s.kind) != symptom_family::loss || !s.counts()) continue;
    const double* percent = fact_of<double>(s.facts, "percent");
    reports.push_back({subject, s.kind, s.level, s.since, percent ? *percent : 0, peers_named(s)});
  }
}

/// Of too many members, those with the earliest symptoms are heard: they are nearest to the cause.
std::vector<loss_report> group::reports_of(const open_incident& i) const {
  std::vector<std::pair<timestamp, std::string>> witnesses;
  for (const std::string& subject : i.active) {
    timestamp first = never;
    for (const held_symptom& s : members_.at(subject).trouble->raised)
      if (family_of(s.kind) == symptom_family::loss && s.counts()) first = std::min(first, s.since);
    witnesses.emplace_back(first, subject);
  }
  std::ranges::sort(witnesses);
  witnesses.resize(std::min(witnesses.size(), limits::storm_reporters_max));
  std::vector<loss_report> reports;
  for (const auto& [since, subject] : witnesses) report(subject, reports);
  return reports;
}

/// Who is to blame for a storm, and how bad it is. While it grows the suspect may change, if
/// another is clearly more probable; once members leave it, the verdict stands: an ebb tells
/// nothing about causes.
bool group::weigh_storm(open_incident& i) {
  const cause before = i.because;
  const severity level_before = i.level;
  i.level = severity::info;
  i.looked_at_all = false;
  std::int64_t receivers = 0, senders = 0, losing = 0;
  for (const std::string& subject : i.active) {
    bool in = false, out = false, data = false;
    for (const held_symptom& s : members_.at(subject).trouble->raised) {
      if (family_of(s.kind) != symptom_family::loss || !s.counts()) continue;
      i.level = std::max(i.level, s.level);
      in = in || s.kind == symptom_kind::retransmission_inbound ||
           s.kind == symptom_kind::data_loss_inbound;
      out = out || s.kind == symptom_kind::retransmission_outbound ||
            s.kind == symptom_kind::data_loss_outbound;
      data = data || s.kind == symptom_kind::data_loss_inbound ||
             s.kind == symptom_kind::data_loss_outbound;
    }
    receivers += in;
    senders += out;
    losing += data;
  }
  if (i.active.size() >= i.peak) {
    i.peak = i.active.size();
    const std::vector<suspect> ranked = rank_suspects(name_, reports_of(i));
    const suspect* chosen = &ranked.front();
    for (const suspect& s : ranked)
      if (s.subject == i.because.subject &&
          ranked.front().probability < s.probability + suspect_margin)
        chosen = &s;
    const suspect* second = &ranked[chosen == &ranked.front() ? 1 : 0];
    i.because = {cause_of(chosen->kind), chosen->subject, chosen->probability};
    i.facts = {{"suspect", std::string{to_text(chosen->role)}},
               {"receivers", receivers},
               {"senders", senders},
               {"members", static_cast<std::int64_t>(i.peak)},
               {"losing_data", losing},
               {"runner_up", second->subject},
               {"runner_up_probability", second->probability}};
  }
  return i.level != level_before || i.because.kind != before.kind ||
         i.because.subject != before.subject;
}

evidence group::facts_of(const open_incident& i) const {
  evidence facts = i.facts;
  if (i.because.kind == cause_kind::segment_silent) {
    if (!i.past.empty()) facts.push_back({"returned", static_cast<std::int64_t>(i.past.size())});
    if (i.restarted > 0) facts.push_back({"restarted", static_cast<std::int64_t>(i.restarted)});
  }
  return facts;
}

/// While it is open its members are those concerned now; a closed one names all that ever were.
incident group::view(const open_incident& i, incident_state state, timestamp at) const {
  incident said{at, i.id, i.revision, state,   i.level, {},         i.because,
                {}, 0,    name_,      i.since, i.until, facts_of(i)};
  std::set<std::string> everyone;
  const std::set<std::string>* members = &i.active;
  if (state == incident_state::closed || i.active.empty()) {
    everyone = i.active;
    everyone.insert(i.past.begin(), i.past.end());
    members = &everyone;
  }
  said.member_count = members->size();
  const auto listed = std::min(members->size(), limits::incident_members_max);
  said.members.assign(members->begin(),
                      std::next(members->begin(), static_cast<std::ptrdiff_t>(listed)));
  said.title = title_of(said);
  return said;
}

void group::tell(open_incident& i, timestamp at, group_output& out) {
  ++i.revision;
  i.said_at = at;
  i.members_changed = false;
  if (i.refresh_at != never) cancel({i.refresh_at, appointment::step_t::refresh, i.family, i.id});
  i.refresh_at = never;
  out.incidents.push_back(
      view(i, i.revision == 1 ? incident_state::opened : incident_state::updated, at));
}

void group::close(open_incident& i, timestamp at, const std::string& into, group_output& out) {
  if (i.refresh_at != never) cancel({i.refresh_at, appointment::step_t::refresh, i.family, i.id});
  if (i.close_at != never) cancel({i.close_at, appointment::step_t::close, i.family, i.id});
  ++i.revision;
  if (!i.until) i.until = at;
  if (!into.empty()) i.facts.push_back({"merged_into", into});
  if (i.revision > 1) out.incidents.push_back(view(i, incident_state::closed, at));
  if (segment_ == i.id) segment_.clear();
  if (storm_ == i.id) storm_.clear();
  for (std::string& id : together_)
    if (id == i.id) id.clear();
  const open_incident gone = std::move(i);
  open_.erase(gone.id);
  for (const std::set<std::string>* members : {&gone.active, &gone.past})
    for (const std::string& subject : *members) {
      group_member* m = member_of(subject, false);
      if (!m || !m->trouble) continue;
      if (m->trouble->in[index(gone.family)] == gone.id) m->trouble->in[index(gone.family)].clear();
      drop_if_idle(subject);
    }
}

} // namespace tocsin

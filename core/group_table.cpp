// Drives the groups of a node in canonical time and watches our own sight across them.
#include "core/group_table.hpp"

#include <algorithm>
#include <bit>

#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
constexpr std::uint16_t group_table_version = 1;
constexpr duration moment{1};

std::shared_ptr<const group_rules> rules_for_groups(const std::shared_ptr<const rule_book>& book) {
  return {book, &book->groups};
}

std::uint64_t bit_of(std::uint8_t vantage) { return std::uint64_t{1} << vantage; }
} // namespace

group_table::group_table(std::shared_ptr<const rule_book> rules, alerting_rules receivers)
    : rules_(std::move(rules)), group_rules_(rules_for_groups(rules_)),
      alerting_(std::move(receivers), rules_) {}

void group_table::apply(const effects& sorted, story& out) {
  for (const effect& e : sorted) {
    alerting_.begin(e.at);
    advance(e.at, out);
    apply_one(e, out);
  }
}

void group_table::apply_one(const effect& e, story& out) {
  if (auto* sight = std::get_if<sight_changed>(&e.what)) {
    if (sight->vantage < limits::vantages_max) sight_changes(sight->vantage, sight->sighted, e.at);
    return;
  }
  if (auto* order = std::get_if<operator_said>(&e.what)) {
    alerting_.obey(order->bytes, e.at, out);
    return;
  }
  slot& s = group_of(e.segment);
  if (auto* seen = std::get_if<member_seen>(&e.what))
    if (s.machine.heard_through(seen->subject) == 0) moved(seen->subject, e.segment, e.at);
  std::uint64_t through = 0;
  const bool proof = sight_.inferred() != 0 && proves_sight(e, s.machine, through);
  group_output said;
  s.machine.apply(e, said);
  forward(std::move(said), out);
  file(e.segment, s);
  if (proof)
    for (std::uint8_t v = 0; v < limits::vantages_max; ++v)
      if (sight_.inferred() & through & bit_of(v)) sight_changes(v, true, e.at);
}

/// A daemon that is heard again proves that we see, where blindness was only inferred.
bool group_table::proves_sight(const effect& e, const group& g, std::uint64_t& through) const {
  if (auto* seen = std::get_if<member_seen>(&e.what)) {
    through = seen->vantages;
    return true;
  }
  const symptom& s = std::get<symptom>(e.what);
  if (s.state != symptom_state::cleared || family_of(s.kind) != symptom_family::liveness)
    return false;
  if (s.kind != symptom_kind::heartbeat_late && s.kind != symptom_kind::heartbeat_lost)
    return false;
  if (const bool* blind = fact_of<bool>(s.facts, "blind"); blind && *blind) return false;
  through = g.heard_through(s.subject);
  return true;
}

void group_table::sight_changes(std::uint8_t vantage, bool sighted, timestamp at) {
  const bool news = sighted ? sight_.regained(vantage, at, *group_rules_)
                            : sight_.lost(vantage, at, *group_rules_);
  sight_at_ = sight_.next_deadline();
  if (news) tell_groups(vantage, sighted, at);
}

void group_table::tell_groups(std::uint8_t vantage, bool sighted, timestamp at) {
  group_output none; // input alone says nothing
  for (auto& [name, s] : groups_) {
    s.machine.apply({at, name, sight_changed{vantage, sighted}}, none);
    file(name, s);
  }
}

void group_table::advance(timestamp now, story& out) {
  for (;;) {
    const timestamp of_groups = deadlines_.empty() ? never : deadlines_.begin()->first;
    const timestamp next = std::min(sight_at_, of_groups);
    if (next >= now) break;
    if (sight_at_ == next)
      fire_sight(next, out);
    else
      fire_group(std::string{deadlines_.begin()->second}, next, out);
  }
  alerting_.advance(now, out);
}

timestamp group_table::next_deadline() const {
  return std::min({sight_at_, alerting_.next_deadline(),
                   deadlines_.empty() ? never : deadlines_.begin()->first});
}

void group_table::fire_sight(timestamp at, story& out) {
  group_output said;
  const auto told = sight_.fire(
      at, [&](std::uint8_t v) { return unseen_through(v); }, said.incidents);
  sight_at_ = sight_.next_deadline();
  // Silence that was told shortly before the loss of sight was noticed is explained by it.
  if (told) fold(at, earlier(told->lost_at, group_rules_->storm_window), told->id, said);
  forward(std::move(said), out);
}

void group_table::fire_group(const std::string& name, timestamp at, story& out) {
  slot& s = groups_.find(name)->second;
  group_output said;
  s.machine.advance(at + moment, said);
  file(name, s);
  const bool segment_silent = std::ranges::any_of(said.incidents, [](const incident& i) {
    return i.because.kind == cause_kind::segment_silent && i.state != incident_state::closed;
  });
  if (segment_silent) suspect_our_sight(at, said, out);
  forward(std::move(said), out);
}

/// A segment went silent. Were all others that are heard through the same vantage point alone to
/// have fallen silent with it, to the last member, it would be our sight.
void group_table::suspect_our_sight(timestamp at, group_output& said, story& out) {
  timestamp from = never, to = unset;
  std::uint64_t through = 0;
  std::size_t silent = 0;
  for (const incident& i : said.incidents) {
    if (i.because.kind != cause_kind::segment_silent || i.state == incident_state::closed ||
        i.members.empty())
      continue;
    if (const timestamp* t = fact_of<timestamp>(i.facts, "first_last_heard")) from = *t;
    if (const timestamp* t = fact_of<timestamp>(i.facts, "last_heard")) to = *t;
    through = groups_.find(i.group)->second.machine.heard_through(i.members.front());
    silent = i.member_count;
  }
  if (std::popcount(through) != 1 || from > to) return;
  const auto v = static_cast<std::uint8_t>(std::countr_zero(through));
  if (!sight_.could_be_blind(v, from)) return;
  std::size_t segments = 0, all = 0;
  for (const auto& [name, s] : groups_) {
    const group::silence seen = s.machine.silence_through(v, from, to);
    if (seen.alive == 0) continue;
    if (seen.silent < seen.alive) return;
    ++segments;
    all += seen.silent;
    to = std::max(to, seen.to);
  }
  if (segments < 2 || all <= silent) return;

  tell_groups(v, false, at);
  std::vector<incident> blind;
  sight_.infer(v, to, at, unseen_through(v), segments, blind);
  sight_at_ = sight_.next_deadline();
  for (incident& i : blind) say(std::move(i), out);
  fold(at, from, sight_.id_of(v), said);
  // What was opened in this very moment and has ended in our own incident was never said.
  std::set<std::string> unsaid;
  for (const incident& i : said.incidents)
    if (i.state == incident_state::opened) unsaid.insert(i.id);
  std::set<std::string> ended;
  for (const incident& i : said.incidents)
    if (i.state == incident_state::closed && unsaid.contains(i.id)) ended.insert(i.id);
  std::erase_if(said.incidents, [&](const incident& i) { return ended.contains(i.id); });
}

void group_table::fold(timestamp at, timestamp since, const std::string& into, group_output& said) {
  for (auto& [name, s] : groups_) {
    s.machine.fold_silences(at, since, into, said);
    file(name, s);
  }
}

unseen_members group_table::unseen_through(std::uint8_t vantage) const {
  unseen_members all;
  for (const auto& [name, s] : groups_) {
    std::vector<std::string> some = s.machine.unseen_through(vantage);
    all.segments += !some.empty();
    all.heard += s.machine.count_through(vantage);
    all.subjects.insert(all.subjects.end(), std::make_move_iterator(some.begin()),
                        std::make_move_iterator(some.end()));
  }
  std::ranges::sort(all.subjects);
  return all;
}

/// A daemon may come to another network of the same service; its former group must not count it as
/// alive.
void group_table::moved(const std::string& subject, const std::string& segment, timestamp at) {
  const std::size_t end = segment.find('/', segment.find('/') + 1);
  if (end == std::string::npos) return;
  const std::string prefix = segment.substr(0, end + 1);
  for (auto s = groups_.lower_bound(prefix); s != groups_.end() && s->first.starts_with(prefix);
       ++s) {
    if (s->first == segment || s->second.machine.heard_through(subject) == 0) continue;
    s->second.machine.forget(subject, at);
    file(s->first, s->second);
  }
}

group_table::slot& group_table::group_of(const std::string& name) {
  if (auto known = groups_.find(name); known != groups_.end()) return known->second;
  slot& s = groups_.emplace(name, slot{group{name, group_rules_}}).first->second;
  s.machine.set_vantage_names(vantage_names_, nested_);
  group_output none;
  for (std::uint8_t v = 0; v < limits::vantages_max; ++v) {
    if (sight_.blind() & bit_of(v)) s.machine.apply({unset, name, sight_changed{v, false}}, none);
    if (sight_.sighted() & bit_of(v)) s.machine.apply({unset, name, sight_changed{v, true}}, none);
  }
  return s;
}

void group_table::file(const std::string& name, slot& s) {
  const timestamp next = s.machine.next_deadline();
  if (next == s.filed) return;
  if (s.filed != never) deadlines_.erase({s.filed, name});
  if (next != never) deadlines_.insert({next, name});
  s.filed = next;
}

void group_table::forward(group_output&& said, story& out) {
  for (symptom& s : said.symptoms) out.symptoms.push_back(std::move(s));
  for (incident& i : said.incidents) say(std::move(i), out);
}

void group_table::say(incident i, story& out) {
  std::vector<incident> said;
  const auto silent = [&](const std::string& host, timestamp heard) {
    return silent_on(host, heard);
  };
  hosts_.take(std::move(i), group_rules_->storm_window, silent, said);
  for (incident& one : said) {
    alerting_.apply(one, out);
    out.incidents.push_back(std::move(one));
  }
}

std::vector<std::string> group_table::silent_on(const std::string& host, timestamp heard) const {
  std::vector<std::string> silent;
  for (const auto& [name, s] : groups_) {
    if (!name.starts_with("segment/")) continue;
    const std::string subject = "rvd/" + host + "/" + name.substr(8, name.find('/', 8) - 8);
    if (s.machine.fell_silent(subject, heard)) silent.push_back(subject);
  }
  std::ranges::sort(silent);
  return silent;
}

void group_table::set_rules(std::shared_ptr<const rule_book> rules, alerting_rules receivers) {
  rules_ = std::move(rules);
  group_rules_ = rules_for_groups(rules_);
  for (auto& [name, s] : groups_) s.machine.set_rules(group_rules_);
  alerting_.set_rules(std::move(receivers), rules_);
}

void group_table::set_vantage_names(std::vector<std::string> names, bool nested) {
  nested_ = nested;
  for (auto& [name, s] : groups_) s.machine.set_vantage_names(names, nested);
  sight_.set_names(names);
  vantage_names_ = std::move(names);
}

std::vector<group_status> group_table::status() const {
  std::vector<group_status> all;
  for (const auto& [name, s] : groups_) {
    group_status g = s.machine.status();
    std::vector<incident> open;
    for (const incident& i : g.open)
      if (const incident* said = hosts_.stands_for(i)) open.push_back(*said);
    g.open = std::move(open);
    all.push_back(std::move(g));
  }
  return all;
}

void group_table::save(writer& out) const {
  out.put(group_table_version);
  sight_.save(out);
  out.put(static_cast<std::uint32_t>(vantage_names_.size()));
  for (const std::string& n : vantage_names_) out.put(std::string_view{n});
  out.put(static_cast<std::uint32_t>(groups_.size()));
  for (const auto& [name, s] : groups_) s.machine.save(out);
  hosts_.save(out);
  alerting_.save(out);
}

result<void> group_table::load(reader& in) {
  if (const auto v = in.get<std::uint16_t>(); v != group_table_version)
    return fail(errc::version, "snapshot of the groups has version " + std::to_string(v) +
                                   ", not " + std::to_string(group_table_version) +
                                   "; it is ignored and the input replayed");
  group_table fresh{rules_, {}};
  const bool sight = fresh.sight_.load(in);
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n)
    fresh.vantage_names_.push_back(in.get_text());
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    auto g = group::load(in, group_rules_);
    if (!g) return tl::make_unexpected(g.error());
    std::string name = g->name();
    slot& s = fresh.groups_.insert_or_assign(name, slot{std::move(*g)}).first->second;
    fresh.file(name, s);
  }
  const bool hosts = fresh.hosts_.load(in);
  alerting said = alerting_; // keeps the receivers
  if (auto told = said.load(in); !told) return told;
  if (!sight || !hosts || !in.ok())
    return fail(errc::truncated,
                "snapshot of the groups ends too early; it is ignored and the input replayed");
  fresh.sight_at_ = fresh.sight_.next_deadline();
  fresh.alerting_ = std::move(said);
  fresh.set_vantage_names(fresh.vantage_names_, nested_);
  *this = std::move(fresh);
  return {};
}

} // namespace tocsin

#include "truth.hpp"

#include <algorithm>

#include "core/scenario.hpp"

namespace tocsin::simulation {

namespace {
/// After a fault ends: session and rebalance of the group, the bridge's rest, the new owner's replay.
constexpr duration recovery = 25s;
/// Deadline to notification without faults.
constexpr duration promptly = 3s;
constexpr duration late_changes = lost_after + group_wait + promptly + 15s;

duration some(splitmix64& random, std::int64_t from_ms, std::int64_t to_ms) {
  return duration{(from_ms + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(to_ms - from_ms)))) * 1'000'000};
}
} // namespace

truth::truth(world& w) : w_(w) {
  splitmix64 random(w.of().seed * 7919 + 1);
  for (std::uint32_t s = 0; s < w.of().segments; ++s)
    for (std::uint32_t i = 0; i < w.of().daemons; ++i) {
      daemons_.push_back({"10." + std::to_string(s) + ".0." + std::to_string(i + 1), ";239.1.1." + std::to_string(s), never, never, {}});
      beats_.emplace(scenario_start + some(random, 0, 5000), daemons_.size() - 1);
    }
  // Just when it hurts: some fall silent as a fault begins, and are heard again before or after it ends.
  for (const fault& f : w.faults())
    for (int i = 0; i < 3; ++i) {
      daemon& d = daemons_[random.below(daemons_.size())];
      if (d.dies != never) continue;
      d.dies = f.from + some(random, -12'000, 5'000);
      d.revives = d.dies + some(random, 13'000, 40'000);
    }
  const auto deaths = 4 + random.below(10);
  for (std::uint64_t i = 0; i < deaths; ++i) {
    daemon& d = daemons_[random.below(daemons_.size())];
    if (d.dies != never) continue;
    d.dies = scenario_start + some(random, 50'000, 330'000);
    const auto how = random.below(4);
    d.revives = how == 0 ? never : d.dies + (how == 1 ? some(random, 30'000, 140'000) : some(random, 10'000, 35'000));
  }
}

void truth::beat() {
  const auto [at, number] = *beats_.begin();
  beats_.erase(beats_.begin());
  daemon& d = daemons_[number];
  splitmix64 random(static_cast<std::uint64_t>(to_nanoseconds(at)) + number);
  beats_.emplace(at + heartbeat_period + some(random, -100, 100), number);
  if (at >= d.dies && at < d.revives) return;
  d.heard.push_back(at);
  auto one = std::make_shared<record_batch>();
  record r;
  r.at = at;
  r.host = one->keep(d.host);
  r.service = "7500";
  r.network = one->keep(d.network);
  r.key_hash = hash_key(r.host, r.service);
  r.timed_by = time_source::arrival;
  r.set(counter::uptime, static_cast<std::uint64_t>(to_seconds(at - scenario_start)) + 100'000);
  one->records.push_back(r);
  w_.write_input({at + some(random, 1, 20), std::move(one)});
}

void truth::judge(const story& told) const {
  no_false_loss(told);
  every_loss_is_told(told);
}

void truth::no_false_loss(const story& told) const {
  for (const symptom& s : told.symptoms) {
    if (s.kind != symptom_kind::heartbeat_lost || s.state != symptom_state::raised) continue;
    const auto d = std::ranges::find_if(daemons_, [&](const daemon& x) { return subject(x) == s.subject; });
    if (d == daemons_.end()) {
      w_.violated("a loss of " + s.subject + ", which is nobody");
      continue;
    }
    // The last heartbeat before the moment it was declared lost.
    const auto after = std::ranges::upper_bound(d->heard, s.since);
    const timestamp last = after == d->heard.begin() ? scenario_start : *std::prev(after);
    if (s.since - last < lost_after - 500ms)
      w_.violated("a false loss of " + s.subject + " at " + to_rfc3339(s.since) + ": it was heard at " + to_rfc3339(last));
  }
}

/// When something is due at `due`, and faults keep it from being done.
timestamp truth::in_time(timestamp due) const {
  for (bool moved = true; moved;) {
    moved = false;
    for (const fault& f : w_.faults())
      if (f.from - promptly <= due && due < f.to + recovery) {
        due = f.to + recovery;
        moved = true;
      }
  }
  return due;
}

void truth::every_loss_is_told(const story& told) const {
  for (const daemon& d : daemons_) {
    if (d.dies == never || d.heard.empty()) continue;
    const auto after = std::ranges::lower_bound(d.heard, d.dies);
    if (after == d.heard.begin()) continue;
    const timestamp last = *std::prev(after);
    std::set<std::string> ids;
    for (const incident& i : told.incidents) {
      if (i.state != incident_state::opened || i.because.kind != cause_kind::heartbeat_lost) continue;
      if (i.because.subject == subject(d) && i.since >= last) ids.insert(i.id);
    }
    if (ids.size() > 1) w_.violated("the loss of " + subject(d) + " has " + std::to_string(ids.size()) + " incidents");
    const timestamp due = in_time(last + lost_after + group_wait + promptly);
    if (due >= scenario_start + w_.of().until || (d.revives != never && due + heartbeat_period >= d.revives)) continue;
    const bool known = std::ranges::any_of(w_.inbox, [&](const delivered& n) {
      const auto& m = n.what.about.members;
      return n.at <= due && n.what.about.since >= last && (n.what.about.because.subject == subject(d) || std::ranges::find(m, subject(d)) != m.end());
    });
    if (!known) w_.violated("the loss of " + subject(d) + ", last heard at " + to_rfc3339(last) + ", was not told by " + to_rfc3339(due));
  }
}

std::set<std::string> truth::silent_for_good() const {
  std::set<std::string> out;
  for (const daemon& d : daemons_)
    if (d.dies != never && d.revives >= scenario_start + w_.of().until) out.insert(subject(d));
  return out;
}

std::set<std::string> truth::in_change() const {
  std::set<std::string> out;
  const timestamp late = scenario_start + w_.of().until - late_changes;
  for (const daemon& d : daemons_)
    if ((d.dies != never && d.dies > late) || (d.revives != never && d.revives > late)) out.insert(subject(d));
  return out;
}

} // namespace tocsin::simulation

// One incident for the daemons of one host.
#include "core/host_join.hpp"

#include <algorithm>
#include <set>

#include "core/group_state.hpp"
#include "core/incident_title.hpp"
#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
/// The host of an incident about a single daemon's life; empty for every other.
std::string host_of(const incident& i) {
  switch (i.because.kind) {
  case cause_kind::heartbeat_lost:
  case cause_kind::daemon_stopped:
  case cause_kind::daemon_restarted:
  case cause_kind::host_rebooted:
    break;
  default:
    return {};
  }
  const std::string& s = i.because.subject;
  if (s.starts_with("host/")) return s.substr(5);
  const std::size_t slash = s.rfind('/');
  return s.starts_with("rvd/") && slash > 4 ? s.substr(4, slash - 4) : std::string{};
}

int weight(const incident& i) { return weight_of(static_cast<symptom_kind>(i.because.kind)); }

bool same_to_people(const incident& a, const incident& b) {
  return a.level == b.level && a.because.kind == b.because.kind &&
         a.because.subject == b.because.subject && a.members == b.members &&
         a.member_count == b.member_count;
}
} // namespace

void host_join::take(incident i, duration together, const look& silent,
                     std::vector<incident>& out) {
  if (const auto part = part_of_.find(i.id); part != part_of_.end()) {
    if (host_of(i).empty()) return release(std::move(i), silent, out);
    return change(joints_.at(part->second), std::move(i), silent, out);
  }
  const std::string host = i.state == incident_state::opened ? host_of(i) : std::string{};
  if (host.empty()) return pass(std::move(i), out);
  if (const auto known = of_host_.find(host); known != of_host_.end()) {
    joint& j = joints_.at(known->second);
    auto alike = [&](const auto& part) { return part.second.because.kind == i.because.kind; };
    const bool near =
        between(j.newest, i.since) <= together && between(i.since, j.newest) <= together;
    if (near && (std::ranges::any_of(j.open, alike) || std::ranges::any_of(j.ended, alike))) {
      part_of_[i.id] = j.said.id;
      j.newest = std::max(j.newest, i.since);
      return change(j, std::move(i), silent, out);
    }
  }
  start(host, std::move(i), silent, out);
}

void host_join::pass(incident i, std::vector<incident>& out) {
  if (const auto r = revisions_.find(i.id); r != revisions_.end()) {
    i.revision = ++r->second;
    if (i.state == incident_state::closed) revisions_.erase(r);
  }
  out.push_back(std::move(i));
}

void host_join::start(const std::string& host, incident i, const look& silent,
                      std::vector<incident>& out) {
  joint j;
  j.host = host;
  j.newest = i.since;
  // Its other daemons, though not yet given up, are silent too: then it is the host that is silent.
  if (i.because.kind == cause_kind::heartbeat_lost) j.foreseen = silent(host);
  const std::string id = i.id;
  const timestamp at = i.at;
  j.said = i;
  j.said.revision = 0;
  j.open.emplace(id, std::move(i));
  j.said = combined(j, at);
  j.said.state = incident_state::opened;
  j.said.title = title_of(j.said);
  part_of_[id] = id;
  of_host_[host] = id;
  out.push_back(j.said);
  joints_.insert_or_assign(id, std::move(j));
}

void host_join::change(joint& j, incident i, const look& silent, std::vector<incident>& out) {
  const std::string id = i.id;
  const timestamp at = i.at;
  if (i.state == incident_state::closed) {
    j.open.erase(id);
    j.ended.insert_or_assign(id, std::move(i));
  } else {
    j.open.insert_or_assign(id, std::move(i));
  }
  settle(j, at, silent, out);
}

/// Says the joint again where it has changed; ends it with its last part.
void host_join::settle(joint& j, timestamp at, const look& silent, std::vector<incident>& out) {
  if (!j.foreseen.empty()) {
    const std::vector<std::string> still = silent(j.host);
    std::erase_if(j.foreseen,
                  [&](const std::string& s) { return !std::ranges::binary_search(still, s); });
  }
  incident now = combined(j, at);
  const bool alone = j.open.size() + j.ended.size() == 1; // then every word of its part is its own
  if (!j.open.empty()) {
    if (!alone && same_to_people(now, j.said)) return;
    j.said = std::move(now);
    out.push_back(j.said);
    return;
  }
  out.push_back(std::move(now));
  const std::string joint_id = j.said.id;
  for (const auto& [part, ended] : j.ended) part_of_.erase(part);
  if (const auto newest = of_host_.find(j.host);
      newest != of_host_.end() && newest->second == joint_id)
    of_host_.erase(newest);
  joints_.erase(joint_id);
}

/// A part grew beyond its host: it became the silence of a segment, or one of many that were
/// stopped.
void host_join::release(incident i, const look& silent, std::vector<incident>& out) {
  const std::string joint_id = part_of_.at(i.id);
  joint& j = joints_.at(joint_id);
  const timestamp at = i.at;
  part_of_.erase(i.id);
  j.open.erase(i.id);
  const bool led = joint_id == i.id;
  revisions_[i.id] = led ? j.said.revision : 0;
  if (!led) {
    if (i.state == incident_state::closed) { // was never said by itself
      revisions_.erase(i.id);
    } else {
      i.state = incident_state::opened;
      i.title = title_of(i);
      pass(std::move(i), out);
    }
    return settle(j, at, silent, out);
  }
  pass(std::move(i), out);
  // Whoever spoke through it speaks for itself now.
  std::vector<incident> rest;
  for (auto& [id, part] : j.open) rest.push_back(std::move(part));
  for (const auto& [id, ended] : j.ended) part_of_.erase(id);
  for (const incident& part : rest) part_of_.erase(part.id);
  if (const auto newest = of_host_.find(j.host);
      newest != of_host_.end() && newest->second == joint_id)
    of_host_.erase(newest);
  joints_.erase(joint_id);
  for (incident& part : rest) {
    part.at = at;
    part.state = incident_state::opened;
    take(std::move(part), duration::max(), silent, out);
  }
}

incident host_join::combined(joint& j, timestamp at) const {
  const auto& parts = j.open.empty() ? j.ended : j.open;
  const incident* lead = nullptr;
  std::set<std::string> members(j.foreseen.begin(), j.foreseen.end());
  incident all;
  all.level = severity::info;
  std::optional<timestamp> until = unset;
  for (const auto& [id, part] : parts) {
    if (!lead || weight(part) > weight(*lead)) lead = &part;
    all.level = std::max(all.level, part.level);
    members.insert(part.members.begin(), part.members.end());
    if (!part.until)
      until.reset();
    else if (until)
      until = std::max(*until, *part.until);
  }
  const severity level = all.level;
  all = *lead;
  all.level = level;
  all.at = at;
  all.id = j.said.id;
  all.group = j.said.group;
  all.revision = j.said.revision + 1;
  all.state = j.open.empty() ? incident_state::closed : incident_state::updated;
  all.until = until;
  for (const auto* some : {&j.open, &j.ended})
    for (const auto& [id, part] : *some) all.since = std::min(all.since, part.since);
  j.host_wide = j.host_wide || members.size() > 1 || all.because.kind == cause_kind::host_rebooted;
  if (j.host_wide) all.because.subject = "host/" + j.host;
  if (members.size() > 1) {
    all.members.assign(members.begin(), members.end());
    all.member_count = members.size();
    all.facts.push_back({"daemons", static_cast<std::int64_t>(members.size())});
  }
  all.title = title_of(all);
  return all;
}

const incident* host_join::stands_for(const incident& of_group) const {
  const auto part = part_of_.find(of_group.id);
  if (part == part_of_.end()) return &of_group;
  const joint& j = joints_.at(part->second);
  const std::string& speaker = j.open.contains(part->second) ? part->second : j.open.begin()->first;
  return of_group.id == speaker ? &j.said : nullptr;
}

void host_join::save(writer& out) const {
  auto parts = [&](const std::map<std::string, incident>& some) {
    out.put(static_cast<std::uint32_t>(some.size()));
    for (const auto& [id, i] : some) tocsin::save(out, i);
  };
  out.put(static_cast<std::uint32_t>(joints_.size()));
  for (const auto& [id, j] : joints_) {
    out.put(std::string_view{j.host});
    out.put(j.host_wide);
    tocsin::save(out, j.said);
    parts(j.open);
    parts(j.ended);
    out.put(static_cast<std::uint32_t>(j.foreseen.size()));
    for (const std::string& s : j.foreseen) out.put(std::string_view{s});
    out.put(j.newest);
    const auto newest = of_host_.find(j.host);
    out.put(newest != of_host_.end() && newest->second == id);
  }
  out.put(static_cast<std::uint32_t>(revisions_.size()));
  for (const auto& [id, r] : revisions_) {
    out.put(std::string_view{id});
    out.put(r);
  }
}

bool host_join::load(reader& in) {
  *this = {};
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    joint j;
    j.host = in.get_text();
    j.host_wide = in.get<std::uint8_t>() != 0;
    j.said = load_incident(in);
    for (auto* some : {&j.open, &j.ended})
      for (auto k = in.get<std::uint32_t>(); k > 0 && in.ok(); --k) {
        incident part = load_incident(in);
        part_of_[part.id] = j.said.id;
        some->insert_or_assign(part.id, std::move(part));
      }
    for (auto k = in.get<std::uint32_t>(); k > 0 && in.ok(); --k)
      j.foreseen.push_back(in.get_text());
    j.newest = in.get_time();
    if (in.get<std::uint8_t>() != 0) of_host_[j.host] = j.said.id;
    if (j.open.empty()) return false;
    joints_.insert_or_assign(j.said.id, std::move(j));
  }
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    const std::string id = in.get_text();
    revisions_[id] = in.get<std::uint32_t>();
  }
  return in.ok();
}

} // namespace tocsin

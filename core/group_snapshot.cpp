// Snapshots of a group.
#include <algorithm>

#include "core/group.hpp"
#include "core/reported_symptom.hpp"
#include "core/saturating.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {
constexpr std::uint16_t group_snapshot_version = 2;

tl::unexpected<error> contradiction(const std::string& name) {
  return fail(errc::malformed, "snapshot of group " + name +
                                   " contradicts itself; it is ignored and the input replayed");
}
} // namespace

void group::save(writer& out) const {
  out.put(group_snapshot_version);
  out.put(std::string_view{name_});
  out.put(static_cast<std::uint32_t>(vantage_names_.size()));
  for (const std::string& n : vantage_names_) out.put(std::string_view{n});
  out.put(blind_);
  out.put(sighted_);
  std::vector<const member_map::value_type*> members;
  for (const auto& m : members_) members.push_back(&m);
  std::ranges::sort(members, {}, [](auto* m) { return m->first; });
  out.put(static_cast<std::uint32_t>(members.size()));
  for (auto* m : members) {
    out.put(std::string_view{m->first});
    tocsin::save(out, m->second);
  }
  for (const auto& waiting : pending_) {
    out.put(static_cast<std::uint32_t>(waiting.size()));
    for (const std::string& subject : waiting) out.put(std::string_view{subject});
  }
  out.put(drift_at_);
  out.put(static_cast<std::uint32_t>(open_.size()));
  for (const auto& [id, i] : open_) tocsin::save(out, i);
  out.put(std::string_view{segment_});
  out.put(std::string_view{storm_});
  for (const std::string& id : together_) out.put(std::string_view{id});
}

result<group> group::load(reader& in, std::shared_ptr<const group_rules> rules) {
  if (const auto v = in.get<std::uint16_t>(); v != group_snapshot_version)
    return fail(errc::version, "snapshot of a group has version " + std::to_string(v) + ", not " +
                                   std::to_string(group_snapshot_version) +
                                   "; it is ignored and the input replayed");
  group g{in.get_text(), std::move(rules)};
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n)
    g.vantage_names_.push_back(in.get_text());
  g.blind_ = in.get<std::uint64_t>();
  g.sighted_ = in.get<std::uint64_t>();
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    const std::string subject = in.get_text();
    group_member& m = g.members_[subject] = load_member(in);
    if (m.seen) {
      ++g.seen_;
      ++g.versions_[m.version];
      ++g.reliabilities_[m.reliability_s];
    }
    if (m.silent_from != never) g.silent_.insert({m.silent_from, subject});
    if (!m.trouble) continue;
    for (const held_symptom& s : m.trouble->raised) {
      if (s.kind == symptom_kind::daemon_stopped) ++g.stopped_;
      if (family_of(s.kind) == symptom_family::loss && s.counts()) g.lossy_.insert(subject);
      if (is_reported(s.kind))
        g.schedule({later(s.at, repeated_within), appointment::step_t::expire, family_of(s.kind), subject});
    }
    for (std::size_t f = 0; f < symptom_family_count; ++f)
      g.schedule({m.trouble->due[f], appointment::step_t::verdict, static_cast<symptom_family>(f),
                  subject});
  }
  for (auto& waiting : g.pending_)
    for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) waiting.insert(in.get_text());
  g.drift_at_ = in.get_time();
  g.schedule({g.drift_at_, appointment::step_t::drift, symptom_family::drift, {}});
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    open_incident i = load_open_incident(in);
    g.schedule({i.refresh_at, appointment::step_t::refresh, i.family, i.id});
    g.schedule({i.close_at, appointment::step_t::close, i.family, i.id});
    g.open_[i.id] = std::move(i);
  }
  g.segment_ = in.get_text();
  g.storm_ = in.get_text();
  for (std::string& id : g.together_) id = in.get_text();
  if (!in.ok())
    return fail(errc::truncated,
                "snapshot of a group ends too early; it is ignored and the input replayed");
  // Names that lead nowhere would be followed later.
  for (const auto& [heard, subject] : g.silent_)
    if (!g.members_.at(subject).trouble) return contradiction(g.name_);
  for (const auto& [id, i] : g.open_)
    for (const auto* members : {&i.active, &i.past})
      for (const std::string& subject : *members)
        if (auto m = g.members_.find(subject); m == g.members_.end() || !m->second.trouble)
          return contradiction(g.name_);
  for (const auto& waiting : g.pending_)
    for (const std::string& subject : waiting)
      if (auto m = g.members_.find(subject); m == g.members_.end() || !m->second.trouble)
        return contradiction(g.name_);
  return g;
}

} // namespace tocsin

// The alerting in snapshots: a restart must neither repeat what was told nor forget an end.
#include "core/alerting.hpp"
#include "core/group_state.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

constexpr std::uint16_t alerting_snapshot_version = 4;

void put_text(writer& out, const std::string& text) { out.put(std::string_view{text}); }

void save_decision(writer& out, const decision& d) {
  out.put(d.at);
  out.put(d.what);
  put_text(out, d.detail);
}

std::uint32_t count(reader& in) { return in.ok() ? in.get<std::uint32_t>() : 0; }

} // namespace

void alerting::save(writer& out) const {
  out.put(alerting_snapshot_version);
  out.put(now_);
  alarms_.save(out);
  kpi_.save(out);
  out.put(static_cast<std::uint32_t>(incidents_.size()));
  for (const auto& [id, k] : incidents_) {
    tocsin::save(out, k.latest);
    out.put(k.opened);
  }
  out.put(static_cast<std::uint32_t>(groups_.size()));
  for (const auto& [name, g] : groups_) {
    put_text(out, name);
    save_group(out, g);
  }
  out.put(static_cast<std::uint32_t>(silences_.size()));
  for (const auto& [id, s] : silences_) {
    put_text(out, id);
    out.put(static_cast<std::uint32_t>(s.matchers.size()));
    for (const matcher& m : s.matchers) put_text(out, m.text());
    out.put(s.starts);
    out.put(s.ends);
    put_text(out, s.creator);
    put_text(out, s.comment);
  }
  out.put(static_cast<std::uint32_t>(floods_.size()));
  for (const auto& [name, f] : floods_) {
    put_text(out, name);
    out.put(static_cast<std::uint32_t>(f.recent.size()));
    for (timestamp t : f.recent) out.put(t);
    out.put(f.on);
    out.put(f.due);
    out.put(f.left_out);
    out.put(static_cast<std::uint32_t>(f.held.size()));
    for (const auto& [id, held] : f.held) {
      tocsin::save(out, held.first);
      put_text(out, held.second);
    }
  }
}

void alerting::save_group(writer& out, const group& g) {
  put_text(out, g.route);
  put_text(out, g.receiver);
  out.put(g.first);
  out.put(g.told);
  out.put(g.due);
  out.put(g.sequence);
  out.put(g.mute);
  out.put(static_cast<std::uint32_t>(g.members.size()));
  for (const auto& [id, m] : g.members) {
    put_text(out, id);
    out.put(m.told);
    out.put(m.level);
    out.put(m.because);
    put_text(out, m.subject);
    out.put(m.revision);
    out.put(m.told_first);
    out.put(m.told_last);
    out.put(m.unacknowledged);
    out.put(m.held_until);
    out.put(static_cast<std::uint32_t>(m.escalated.size()));
    for (const std::string& r : m.escalated) put_text(out, r);
    out.put(m.decided.has_value());
    if (m.decided) save_decision(out, *m.decided);
  }
}

/// False when it names an incident that is not known.
bool alerting::load_group(reader& in, const std::string& name) {
  group& g = groups_[name];
  g.route = in.get_text();
  g.receiver = in.get_text();
  g.first = in.get_time();
  g.told = in.get_time();
  const timestamp due = in.get_time();
  g.sequence = in.get<std::uint32_t>();
  g.mute = in.get<std::uint8_t>() != 0;
  for (auto n = count(in); n > 0 && in.ok(); --n) {
    const std::string id = in.get_text();
    const auto k = incidents_.find(id);
    if (k == incidents_.end()) return false;
    k->second.groups.insert(name);
    member& m = g.members[id];
    m.told = in.get<std::uint8_t>() != 0;
    m.level = std::min(in.get<severity>(), severity::critical);
    m.because = std::min(in.get<cause_kind>(), cause_kind::sight_lost);
    m.subject = in.get_text();
    m.revision = in.get<std::uint32_t>();
    m.told_first = in.get_time();
    m.told_last = in.get_time();
    m.unacknowledged = in.get_time();
    m.held_until = in.get_time();
    for (auto e = count(in); e > 0 && in.ok(); --e) m.escalated.push_back(in.get_text());
    if (in.get<std::uint8_t>() != 0) {
      const timestamp at = in.get_time();
      const auto what = std::min(in.get<decision_kind>(), decision_kind::end_unwanted);
      m.decided = decision{at, id, g.receiver, g.route, what, in.get_text()};
    }
  }
  file(name, g, due);
  return in.ok() && !g.members.empty();
}

void alerting::load_silence(reader& in) {
  silence s;
  s.id = in.get_text();
  bool readable = true;
  for (auto n = count(in); n > 0 && in.ok(); --n) {
    auto m = parse_matcher(in.get_text());
    if (m) s.matchers.push_back(std::move(*m));
    else readable = false;
  }
  s.starts = in.get_time();
  s.ends = in.get_time();
  s.creator = in.get_text();
  s.comment = in.get_text();
  if (!in.ok() || !readable || s.matchers.empty()) return; // it would silence more than was meant
  if (s.ends > now_) silence_ends_.insert({s.ends, s.id});
  silences_.insert_or_assign(s.id, std::move(s));
}

void alerting::load_flood(reader& in) {
  flood& f = floods_[in.get_text()];
  for (auto n = count(in); n > 0 && in.ok(); --n) f.recent.push_back(in.get_time());
  f.on = in.get<std::uint8_t>() != 0;
  f.due = in.get_time();
  f.left_out = in.get<std::uint32_t>();
  for (auto n = count(in); n > 0 && in.ok(); --n) {
    incident i = load_incident(in);
    std::string route = in.get_text();
    f.held[i.id] = {i, std::move(route)};
  }
}

result<void> alerting::load(reader& in) {
  if (const auto v = in.get<std::uint16_t>(); v != alerting_snapshot_version)
    return fail(errc::version, "snapshot of what was told has version " + std::to_string(v) + ", not " +
                                   std::to_string(alerting_snapshot_version) + "; it is ignored and the input replayed");
  alerting fresh{rules_, book_};
  fresh.now_ = in.get_time();
  if (auto ok = fresh.alarms_.load(in); !ok) return ok;
  if (auto ok = fresh.kpi_.load(in); !ok) return ok;
  if (fresh.now_ != unset) fresh.plan_report(fresh.now_);
  for (auto n = count(in); n > 0 && in.ok(); --n) {
    incident i = load_incident(in);
    known& k = fresh.incidents_[i.id];
    k.opened = in.get_time();
    k.labels = labels_of(i, book_.get());
    k.latest = std::move(i);
  }
  bool whole = true;
  for (auto n = count(in); n > 0 && in.ok() && whole; --n) whole = fresh.load_group(in, in.get_text());
  for (auto n = count(in); n > 0 && in.ok(); --n) fresh.load_silence(in);
  for (auto n = count(in); n > 0 && in.ok(); --n) fresh.load_flood(in);
  if (!in.ok() || !whole)
    return fail(errc::truncated, "snapshot of what was told ends too early; it is ignored and the input replayed");
  *this = std::move(fresh);
  return {};
}

} // namespace tocsin

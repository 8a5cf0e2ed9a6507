#include "core/cluster/fold.hpp"

#include <algorithm>

#include "core/limits.hpp"
#include "core/reported_symptom.hpp"

namespace tocsin {

namespace {
constexpr std::uint8_t fold_version = 3;
constexpr duration moment{1};
} // namespace

cluster_fold::step cluster_fold::apply(std::int64_t offset, cluster_entry e) {
  step out;
  out.until = now_;
  if (offset < next_) return out;
  offset_ = offset;
  next_ = offset + 1;
  if (auto* h = std::get_if<hello_entry>(&e.what)) hello(e, *h);
  else if (auto* c = std::get_if<claim_entry>(&e.what)) claim(e, *c, out);
  else if (auto* r = std::get_if<release_entry>(&e.what)) release(e, *r, out);
  else if (auto* l = std::get_if<lead_entry>(&e.what)) take_lead(e, *l, out);
  else if (auto* s = std::get_if<said_entry>(&e.what)) say(e, std::move(*s), out);
  else if (auto* d = std::get_if<delivered_entry>(&e.what)) out.delivered.push_back(std::move(*d));
  else if (auto* o = std::get_if<order_entry>(&e.what)) obey(e, std::move(*o), out);
  else if (auto* said = std::get_if<report_entry>(&e.what)) {
    if (auto reported = decode_reported(said->bytes)) hear_now(effect_of_reported(std::move(*reported), now_), out);
  } else if (auto& m = std::get<mark_entry>(e.what); m.term == lead_.term && e.node == lead_.node && e.incarnation == lead_.incarnation) {
    marked_ = std::max(marked_, m.at);
    now_ = std::max(now_, m.at);
  } else {
    out.overtaken = true;
  }
  out.until = now_;
  return out;
}

/// At this very moment: whoever asks right after it must see it.
void cluster_fold::hear_now(effect e, step& out) {
  if (now_ == unset) return;
  out.said.push_back(std::move(e));
  now_ += moment;
}

/// Kafka's client writes again what it may have written before a fatal error.
void cluster_fold::obey(const cluster_entry& e, order_entry&& o, step& out) {
  auto& [life, newest] = obeyed_[e.node];
  if (e.incarnation == life && o.number <= newest) return;
  if (e.incarnation >= life) {
    life = e.incarnation;
    newest = o.number;
  }
  hear_now({now_, {}, operator_said{std::move(o.bytes)}}, out);
}

void cluster_fold::hello(const cluster_entry& e, const hello_entry& h) {
  nodes_[e.node] = {e.incarnation, h.address, h.http, now_, h.leaving};
}

void cluster_fold::claim(const cluster_entry& e, const claim_entry& c, step& out) {
  cluster_partition& p = partitions_[c.partition];
  if (p.owner == e.node && p.incarnation == e.incarnation && p.claim == c.number && p.epoch >= 0) return; // written twice
  p.owner = e.node;
  p.incarnation = e.incarnation;
  p.epoch = offset_;
  p.claim = c.number;
  p.said = false;
  out.owners = true;
}

void cluster_fold::release(const cluster_entry& e, const release_entry& r, step& out) {
  const auto p = partitions_.find(r.partition);
  if (p == partitions_.end() || p->second.epoch != r.epoch || p->second.owner != e.node) {
    out.overtaken = true;
    return;
  }
  p->second.owner.clear();
  p->second.epoch = -1;
  p->second.said = false;
  out.owners = true;
}

void cluster_fold::take_lead(const cluster_entry& e, const lead_entry& l, step& out) {
  if (l.after != lead_.term) { // somebody was quicker
    out.overtaken = true;
    return;
  }
  lead_ = {e.node, e.incarnation, offset_};
  out.owners = true;
}

/// Neither before what was said already, nor so far ahead that one wrong clock would take everybody's time with it.
timestamp cluster_fold::in_time(timestamp at) const {
  if (marked_ != unset) at = std::min(at, marked_ + ahead_of_marks_);
  return std::max(at, now_);
}

void cluster_fold::say(const cluster_entry& e, said_entry&& s, step& out) {
  const auto found = partitions_.find(s.partition);
  if (found == partitions_.end() || found->second.epoch != s.epoch || found->second.owner != e.node ||
      found->second.incarnation != e.incarnation) {
    out.overtaken = true;
    return;
  }
  cluster_partition& p = found->second;
  out.owners = !p.said;
  p.said = true;
  p.covered = std::max(p.covered, s.covered);
  p.until = std::max(p.until, s.until);
  sort_canonically(s.said);
  for (effect& one : s.said) {
    const timestamp at = in_time(one.at);
    if (auto* sight = std::get_if<sight_changed>(&one.what)) {
      see(s.partition, *sight, at, out.said);
      now_ = at;
      continue;
    }
    if (!is_news(p, one)) continue;
    one.at = at;
    if (auto* said = std::get_if<symptom>(&one.what)) said->at = at;
    now_ = at;
    out.said.push_back(std::move(one));
  }
  if (p.blind != s.blind) see(s.partition, sight_changed{0, !s.blind}, now_ == unset ? s.until : now_, out.said); // as a former owner left it
  now_ = in_time(s.until);
  if (!out.said.empty()) now_ = std::max(now_, out.said.back().at + moment); // so that they are answered
}

/// Whoever takes a partition over says again what he cannot know to have been said: the same symptom since the same time is no news.
bool cluster_fold::is_news(cluster_partition& p, effect& e) {
  auto* s = std::get_if<symptom>(&e.what);
  if (!s) return true;
  const auto key = std::pair{s->subject, s->kind};
  const auto known = p.standing.find(key);
  switch (s->state) {
    case symptom_state::raised:
      if (known != p.standing.end() && known->second == s->since) return false;
      p.standing[key] = s->since;
      return true;
    case symptom_state::changed:
      if (known == p.standing.end()) s->state = symptom_state::raised;
      p.standing[key] = s->since;
      return true;
    case symptom_state::cleared:
      if (known == p.standing.end()) return false;
      p.standing.erase(known);
      return true;
    case symptom_state::repeated: return true;
  }
  return true;
}

/// For the groups a vantage point is blind when it is for all: the input, when nobody can read any of it; who writes it, once it has told every
/// partition. The daemons of a single blind partition say nothing; more need not be known.
void cluster_fold::see(std::uint32_t partition, sight_changed sight, timestamp at, effects& out) {
  const std::uint64_t bit = std::uint64_t{1} << sight.vantage % limits::vantages_max;
  cluster_partition& of = partitions_[partition];
  if (sight.vantage == 0) of.blind = !sight.sighted;
  else if (sight.sighted) of.blind_through &= ~bit;
  else of.blind_through |= bit;
  const bool blind = std::ranges::all_of(partitions_, [&](const auto& p) {
    return p.second.owner.empty() || (sight.vantage == 0 ? p.second.blind : (p.second.blind_through & bit) != 0);
  });
  if (blind == ((blind_ & bit) != 0)) return;
  blind_ ^= bit;
  out.push_back({at, {}, sight_changed{sight.vantage, !blind}});
}

void cluster_fold::save(writer& out) const {
  out.put(fold_version);
  out.put(next_);
  out.put(now_);
  out.put(marked_);
  out.put(std::string_view{lead_.node});
  out.put(lead_.incarnation);
  out.put(lead_.term);
  out.put(blind_);
  out.put(static_cast<std::uint32_t>(partitions_.size()));
  for (const auto& [number, p] : partitions_) {
    out.put(number);
    out.put(std::string_view{p.owner});
    out.put(p.incarnation);
    out.put(p.epoch);
    out.put(p.claim);
    out.put(p.covered);
    out.put(p.until);
    out.put(p.said);
    out.put(p.blind);
    out.put(p.blind_through);
    out.put(static_cast<std::uint32_t>(p.standing.size()));
    for (const auto& [key, since] : p.standing) {
      out.put(std::string_view{key.first});
      out.put(key.second);
      out.put(since);
    }
  }
  out.put(static_cast<std::uint32_t>(nodes_.size()));
  for (const auto& [name, n] : nodes_) {
    out.put(std::string_view{name});
    out.put(n.incarnation);
    out.put(std::string_view{n.address});
    out.put(std::string_view{n.http});
    out.put(n.heard);
    out.put(n.left);
  }
  out.put(static_cast<std::uint32_t>(obeyed_.size()));
  for (const auto& [name, newest] : obeyed_) {
    out.put(std::string_view{name});
    out.put(newest.first);
    out.put(newest.second);
  }
}

result<void> cluster_fold::load(reader& in) {
  if (const auto v = in.get<std::uint8_t>(); v != fold_version)
    return fail(errc::version, "a snapshot of the cluster's log has version " + std::to_string(v) + "; it is ignored and the log read from its start");
  cluster_fold f{ahead_of_marks_};
  f.next_ = in.get<std::int64_t>();
  f.now_ = in.get_time();
  f.marked_ = in.get_time();
  f.lead_.node = in.get_text();
  f.lead_.incarnation = in.get<std::uint64_t>();
  f.lead_.term = in.get<std::int64_t>();
  f.blind_ = in.get<std::uint64_t>();
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    cluster_partition& p = f.partitions_[in.get<std::uint32_t>()];
    p.owner = in.get_text();
    p.incarnation = in.get<std::uint64_t>();
    p.epoch = in.get<std::int64_t>();
    p.claim = in.get<std::uint64_t>();
    p.covered = in.get<std::int64_t>();
    p.until = in.get_time();
    p.said = in.get<std::uint8_t>() != 0;
    p.blind = in.get<std::uint8_t>() != 0;
    p.blind_through = in.get<std::uint64_t>();
    for (auto s = in.get<std::uint32_t>(); s > 0 && in.ok(); --s) {
      std::string subject = in.get_text();
      const auto kind = in.get<std::uint8_t>();
      const timestamp since = in.get_time();
      if (kind >= symptom_kind_count) return fail(errc::malformed, "a snapshot of the cluster's log is broken; the log is read from its start");
      p.standing[{std::move(subject), static_cast<symptom_kind>(kind)}] = since;
    }
  }
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    cluster_node_state& s = f.nodes_[in.get_text()];
    s.incarnation = in.get<std::uint64_t>();
    s.address = in.get_text();
    s.http = in.get_text();
    s.heard = in.get_time();
    s.left = in.get<std::uint8_t>() != 0;
  }
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    auto& newest = f.obeyed_[in.get_text()];
    newest.first = in.get<std::uint64_t>();
    newest.second = in.get<std::uint64_t>();
  }
  if (!in.ok()) return fail(errc::malformed, "a snapshot of the cluster's log is cut off; the log is read from its start");
  *this = std::move(f);
  return {};
}

} // namespace tocsin

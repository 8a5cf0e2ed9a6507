#include "core/cluster/entry.hpp"

#include <algorithm>

#include "core/bytes.hpp"
#include "core/group_state.hpp"

namespace tocsin {

namespace {

constexpr std::uint8_t entry_version = 2;
constexpr std::size_t effects_at_a_time = 256; ///< in one entry: some 100 KiB

void put(writer& out, const effect& e) {
  out.put(e.at);
  out.put(std::string_view{e.segment});
  out.put(static_cast<std::uint8_t>(e.what.index()));
  if (auto* sight = std::get_if<sight_changed>(&e.what)) {
    out.put(sight->vantage);
    out.put(sight->sighted);
  } else if (auto* seen = std::get_if<member_seen>(&e.what)) {
    out.put(std::string_view{seen->subject});
    out.put(std::string_view{seen->segment});
    out.put(std::string_view{seen->version});
    out.put(seen->reliability_s);
    out.put(seen->vantages);
    out.put(seen->period_s);
  } else if (auto* s = std::get_if<symptom>(&e.what)) {
    out.put(s->at);
    out.put(std::string_view{s->subject});
    out.put(s->kind);
    out.put(s->state);
    out.put(s->level);
    out.put(s->since);
    save(out, s->facts);
  } else {
    out.put(std::string_view{std::get<operator_said>(e.what).bytes});
  }
}

bool get(reader& in, effect& e) {
  e.at = in.get_time();
  e.segment = in.get_text();
  switch (in.get<std::uint8_t>()) {
    case 0: {
      const auto vantage = in.get<std::uint8_t>();
      e.what = sight_changed{vantage, in.get<std::uint8_t>() != 0};
      return in.ok();
    }
    case 1: {
      member_seen m;
      m.subject = in.get_text();
      m.segment = in.get_text();
      m.version = in.get_text();
      m.reliability_s = in.get<double>();
      m.vantages = in.get<std::uint64_t>();
      m.period_s = in.get<double>();
      e.what = std::move(m);
      return in.ok();
    }
    case 2: {
      symptom s{};
      s.at = in.get_time();
      s.subject = in.get_text();
      const auto kind = in.get<std::uint8_t>(), state = in.get<std::uint8_t>(), level = in.get<std::uint8_t>();
      s.since = in.get_time();
      s.facts = load_evidence(in);
      if (!in.ok() || kind >= symptom_kind_count || state > static_cast<std::uint8_t>(symptom_state::repeated) ||
          level > static_cast<std::uint8_t>(severity::critical))
        return false;
      s.kind = static_cast<symptom_kind>(kind);
      s.state = static_cast<symptom_state>(state);
      s.level = static_cast<severity>(level);
      e.what = std::move(s);
      return true;
    }
    case 3: e.what = operator_said{in.get_text()}; return in.ok();
    default: return false;
  }
}

struct putter {
  writer& out;
  void operator()(const hello_entry& e) const {
    out.put(std::string_view{e.address});
    out.put(std::string_view{e.http});
    out.put(e.leaving);
  }
  void operator()(const claim_entry& e) const {
    out.put(e.partition);
    out.put(e.number);
  }
  void operator()(const release_entry& e) const {
    out.put(e.partition);
    out.put(e.epoch);
  }
  void operator()(const lead_entry& e) const { out.put(e.after); }
  void operator()(const said_entry& e) const {
    out.put(e.partition);
    out.put(e.epoch);
    out.put(e.covered);
    out.put(e.until);
    out.put(e.blind);
    out.put(static_cast<std::uint32_t>(e.said.size()));
    for (const effect& one : e.said) put(out, one);
  }
  void operator()(const mark_entry& e) const {
    out.put(e.at);
    out.put(e.term);
  }
  void operator()(const order_entry& e) const {
    out.put(std::string_view{e.bytes});
    out.put(e.number);
  }
  void operator()(const delivered_entry& e) const {
    out.put(std::string_view{e.notification});
    out.put(e.dead);
  }
  void operator()(const report_entry& e) const { out.put(std::string_view{e.bytes}); }
};

bool get(reader& in, said_entry& e) {
  e.partition = in.get<std::uint32_t>();
  e.epoch = in.get<std::int64_t>();
  e.covered = in.get<std::int64_t>();
  e.until = in.get_time();
  e.blind = in.get<std::uint8_t>() != 0;
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n)
    if (!get(in, e.said.emplace_back())) return false;
  return in.ok();
}

bool get(reader& in, std::uint8_t kind, cluster_entry& e) {
  switch (kind) {
    case 0: {
      hello_entry h;
      h.address = in.get_text();
      h.http = in.get_text();
      h.leaving = in.get<std::uint8_t>() != 0;
      e.what = std::move(h);
      return true;
    }
    case 1: {
      claim_entry c;
      c.partition = in.get<std::uint32_t>();
      c.number = in.get<std::uint64_t>();
      e.what = c;
      return true;
    }
    case 2: {
      release_entry r;
      r.partition = in.get<std::uint32_t>();
      r.epoch = in.get<std::int64_t>();
      e.what = r;
      return true;
    }
    case 3: e.what = lead_entry{in.get<std::int64_t>()}; return true;
    case 4: return get(in, e.what.emplace<said_entry>());
    case 5: {
      mark_entry m;
      m.at = in.get_time();
      m.term = in.get<std::int64_t>();
      e.what = m;
      return true;
    }
    case 6: {
      order_entry o;
      o.bytes = in.get_text();
      o.number = in.get<std::uint64_t>();
      e.what = std::move(o);
      return true;
    }
    case 7: {
      delivered_entry d;
      d.notification = in.get_text();
      d.dead = in.get<std::uint8_t>() != 0;
      e.what = std::move(d);
      return true;
    }
    case 8: e.what = report_entry{in.get_text()}; return true;
    default: return false;
  }
}

} // namespace

std::string encode(const cluster_entry& e) {
  writer out;
  out.put(entry_version);
  out.put(static_cast<std::uint8_t>(e.what.index()));
  out.put(std::string_view{e.node});
  out.put(e.incarnation);
  std::visit(putter{out}, e.what);
  return out.take();
}

result<cluster_entry> decode_entry(std::string_view bytes) {
  reader in{bytes};
  const auto v = in.get<std::uint8_t>();
  const auto kind = in.get<std::uint8_t>();
  if (!in.ok() || v != entry_version)
    return fail(errc::version, "an entry of the cluster's log has version " + std::to_string(v) + ", not " + std::to_string(entry_version) +
                                   "; bring all nodes to the same release");
  cluster_entry e;
  e.node = in.get_text();
  e.incarnation = in.get<std::uint64_t>();
  if (!get(in, kind, e) || !in.ok() || !in.empty() || e.node.empty())
    return fail(errc::malformed, "the bytes of an entry of the cluster's log are broken; who else writes to its topic?");
  return e;
}

std::vector<said_entry> cut(said_entry whole, std::int64_t covered_before, timestamp until_before) {
  std::vector<said_entry> out;
  auto next = whole.said.begin();
  do {
    const auto n = std::min<std::ptrdiff_t>(whole.said.end() - next, effects_at_a_time);
    said_entry part{whole.partition, whole.epoch, covered_before, until_before, {}, whole.blind};
    part.said.assign(std::make_move_iterator(next), std::make_move_iterator(next + n));
    next += n;
    out.push_back(std::move(part));
  } while (next != whole.said.end());
  out.back().covered = whole.covered;
  out.back().until = whole.until;
  return out;
}

} // namespace tocsin

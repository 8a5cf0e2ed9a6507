// What holds for every input of a daemon: snapshots and batching change nothing, symptoms
// alternate, fixed thresholds say exactly what a plain reference says.
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "daemon_fixture.hpp"
#include "daemon_steps.hpp"

namespace tocsin::daemon_property_test {
namespace {

using test::at;
using test::step;
using test::steps;

/// Everything an effect says, evidence included.
std::string spelled(const effect& e) {
  std::string out = test::line(e) + " " + e.segment;
  auto* s = std::get_if<symptom>(&e.what);
  if (!s) return out;
  out += " since " + std::to_string(to_nanoseconds(s->since));
  for (const fact& f : s->facts) {
    out.append(" ").append(f.name).append("=");
    std::visit(
        [&](const auto& v) {
          using T = std::decay_t<decltype(v)>;
          if constexpr (std::is_same_v<T, std::string>)
            out += v;
          else if constexpr (std::is_same_v<T, timestamp>)
            out += std::to_string(to_nanoseconds(v));
          else
            out += std::to_string(v);
        },
        f.value);
  }
  return out;
}

std::vector<std::string> spelled(const effects& all) {
  std::vector<std::string> out;
  for (const effect& e : all) out.push_back(spelled(e));
  return out;
}

/// Turns steps into a plausible and often troubled life: mostly heartbeats, on a rhythm, counters
/// growing.
std::vector<record> story(const std::vector<step>& all) {
  static const char* const peers[] = {"10.0.0.1", "10.0.0.2", "", "10.0.0.3"};
  std::vector<record> out;
  record base;
  base.host = "10.1.2.3";
  base.service = "7500";
  double t = 0, start = -500;
  for (const step& s : all) {
    const double pauses[] = {90, 90,  90, 90, 90,  90,  90,   90.7,
                             0,  0.3, 10, 45, 180, 300, 1000, 5000};
    t += pauses[s.pause % 16];
    record r = base;
    r.at = at(t);
    r.vantage = s.vantage;
    r.timed_by = s.flavour & 1 ? time_source::arrival : time_source::message;
    r.sent_at = s.flavour & 2 ? at(t - s.amount % 20) : unset;
    r.peer = peers[s.amount % 4];
    switch (s.what) {
    case 24:
      r.kind = record_kind::host_start;
      break;
    case 25:
      r.kind = record_kind::host_stop;
      break;
    case 26:
      r.kind = record_kind::data_loss_inbound;
      break;
    case 27:
      r.kind = record_kind::data_loss_outbound;
      break;
    case 28:
      r.kind = record_kind::retransmission_suppressed;
      break;
    case 29:
    case 30:
      r.kind = record_kind::sight_lost;
      break;
    case 31:
      r.kind = record_kind::sight_regained;
      break;
    default: {
      if (s.what == 23) start = t - 5; // another life
      if (s.what == 22) base.present = 0;
      auto put = [&](counter c, std::uint64_t by) { base.set(c, base.get(c) + by); };
      base.set(counter::uptime, static_cast<std::uint64_t>(t - start));
      base.set(counter::clients,
               (s.what < 8 ? base.get(counter::clients) + s.flavour % 4 : s.amount) % 210);
      put(counter::packets_sent, s.amount);
      put(counter::packets_received, s.amount);
      put(counter::retransmitted, s.amount / (10u + s.flavour));
      put(counter::missed, s.amount / (100u + s.flavour));
      if (s.flavour % 16 == 0) put(counter::lost_inbound, 1);
      if (s.flavour % 16 == 1) put(counter::suppressed_outbound, 3);
      if (s.what == 21) base.set(counter::packets_sent, 0);
      const auto peer = r.peer;
      const record stamp = r;
      r = base;
      r.at = stamp.at;
      r.vantage = stamp.vantage;
      r.timed_by = stamp.timed_by;
      r.sent_at = stamp.sent_at;
      r.peer = peer;
      r.kind = record_kind::heartbeat;
      if (s.flavour % 8 == 0) r.present &= s.amount;
    }
    }
    out.push_back(r);
  }
  return out;
}

std::shared_ptr<const daemon_rules> rules(bool fixed) {
  auto r = std::make_shared<daemon_rules>();
  r->clients.limit = 200;
  if (fixed) {
    r->heartbeat.mode = heartbeat_rule::mode_t::fixed;
    r->heartbeat.late_after = 120s;
    r->data_loss.quiet = 0s;
  }
  return r;
}

daemon newborn(const std::shared_ptr<const daemon_rules>& r, bool expected) {
  daemon d{"10.1.2.3", "7500", "", r, at(0)};
  if (expected) {
    d.expect(200s);
  } else {
    d.mark_unknown();
  }
  return d;
}

effects told(const std::vector<record>& records, bool fixed) {
  const auto r = rules(fixed);
  daemon d = newborn(r, fixed);
  effects out;
  for (const record& x : records) {
    d.advance(x.at, out);
    d.apply(x, nullptr, out);
  }
  d.advance(at(1e7), out);
  return out;
}

RC_GTEST_PROP(daemon_property, a_snapshot_at_any_point_changes_nothing, ()) {
  const auto records = story(*steps());
  const bool fixed = *rc::gen::arbitrary<bool>();
  const auto cut = *rc::gen::inRange<std::size_t>(0, records.size() + 1);
  const auto r = rules(fixed);
  daemon d = newborn(r, fixed);
  effects out;
  for (std::size_t i = 0; i <= records.size(); ++i) {
    if (i == cut) {
      writer w;
      d.save(w);
      reader in{w.bytes()};
      auto again = daemon::load(in, r);
      RC_ASSERT(again.has_value());
      RC_ASSERT(in.empty());
      RC_ASSERT(again->next_deadline() == d.next_deadline());
      writer w2;
      again->save(w2);
      RC_ASSERT(w2.bytes() == w.bytes());
      d = std::move(*again);
    }
    if (i == records.size()) break;
    d.advance(records[i].at, out);
    d.apply(records[i], nullptr, out);
  }
  d.advance(at(1e7), out);
  RC_ASSERT(spelled(out) == spelled(told(records, fixed)));
}

RC_GTEST_PROP(daemon_property, waking_more_often_changes_nothing, ()) {
  const auto records = story(*steps());
  const bool fixed = *rc::gen::arbitrary<bool>();
  const auto stops =
      *rc::gen::container<std::vector<std::uint16_t>>(rc::gen::arbitrary<std::uint16_t>());
  const auto r = rules(fixed);
  daemon d = newborn(r, fixed);
  effects out;
  timestamp before = at(0);
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!stops.empty()) { // somewhere on the way, and once too early
      const duration way = records[i].at - before;
      d.advance(before + way / 65536 * stops[i % stops.size()], out);
      d.advance(before - 5s, out);
    }
    d.advance(records[i].at, out);
    d.apply(records[i], nullptr, out);
    before = records[i].at;
  }
  d.advance(at(1e7), out);
  RC_ASSERT(spelled(out) == spelled(told(records, fixed)));
}

RC_GTEST_PROP(daemon_property, symptoms_alternate_in_the_order_of_time, ()) {
  const auto records = story(*steps());
  const effects all = told(records, *rc::gen::arbitrary<bool>());
  std::map<symptom_kind, symptom> up;
  timestamp before = at(0);
  for (const effect& e : all) {
    RC_ASSERT(e.at >= before);
    before = e.at;
    auto* s = std::get_if<symptom>(&e.what);
    if (!s) continue;
    RC_ASSERT(s->at == e.at);
    const auto known = up.find(s->kind);
    if (s->state == symptom_state::raised) {
      RC_ASSERT(known == up.end());
      RC_ASSERT(s->since == s->at);
      up.emplace(s->kind, *s);
    } else {
      RC_ASSERT(known != up.end());
      RC_ASSERT(s->since == known->second.since);
      if (s->state == symptom_state::cleared) up.erase(known);
    }
  }
}

RC_GTEST_PROP(daemon_property, any_bytes_are_refused_or_make_a_daemon_that_works, ()) {
  writer w;
  daemon d = newborn(rules(false), true);
  effects out;
  for (const record& r : story(*steps())) {
    d.advance(r.at, out);
    d.apply(r, nullptr, out);
  }
  d.save(w);
  std::string bytes = w.take();
  for (const auto& [where, what] :
       *rc::gen::container<std::vector<std::pair<std::uint16_t, std::uint8_t>>>(
           rc::gen::pair(rc::gen::arbitrary<std::uint16_t>(), rc::gen::arbitrary<std::uint8_t>())))
    bytes[where % bytes.size()] = static_cast<char>(what);
  if (*rc::gen::arbitrary<bool>()) bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size()));
  reader in{bytes};
  auto again = daemon::load(in, rules(false));
  if (!again) return;
  out.clear();
  again->advance(at(1e7), out);
  record r;
  r.at = at(1e7);
  again->apply(r, nullptr, out);
  again->status();
}

} // namespace
} // namespace tocsin::daemon_property_test

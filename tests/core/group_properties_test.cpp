// What the groups say depends on the effects alone: not on how they are cut, nor on a restart in
// between.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "group_fixture.hpp"

namespace tocsin::group_properties_test {
namespace {

using test::at;
using test::daemon;

constexpr int hosts = 6;
constexpr const char* services[] = {"7500", "7600"};
constexpr symptom_kind kinds[] = {symptom_kind::heartbeat_late,
                                  symptom_kind::heartbeat_lost,
                                  symptom_kind::heartbeat_lost,
                                  symptom_kind::daemon_stopped,
                                  symptom_kind::daemon_restarted,
                                  symptom_kind::host_rebooted,
                                  symptom_kind::data_loss_inbound,
                                  symptom_kind::data_loss_outbound,
                                  symptom_kind::retransmission_inbound,
                                  symptom_kind::retransmission_outbound,
                                  symptom_kind::hidden_loss,
                                  symptom_kind::clients_high,
                                  symptom_kind::clients_critical,
                                  symptom_kind::inventory_missing,
                                  symptom_kind::inventory_unknown,
                                  symptom_kind::clock_skew,
                                  symptom_kind::self_check};

/// A long life of a small plant: symptoms come, change and go, links break, versions change, and at
/// the end everything is well.
effects random_life() {
  using rc::gen::inRange;
  effects all;
  std::map<std::pair<std::string, symptom_kind>, timestamp> raised;
  bool sighted[2] = {true, true};
  double t = 0;
  auto describe = [&](int h, const char* service) {
    const std::string s = daemon(h, service), segment = test::segment(service);
    const char* version = *inRange(0, 8) == 0 ? "8.6.0" : "8.7.0";
    const auto vantages = static_cast<std::uint64_t>(*rc::gen::element(1, 1, 1, 2, 3));
    all.push_back({at(t), segment, member_seen{s, segment, version, 60, vantages, 90}});
  };
  for (int h = 1; h <= hosts; ++h)
    for (const char* service : services) describe(h, service);
  const int steps = *inRange(1, 120);
  for (int n = 0; n < steps; ++n) {
    t += *rc::gen::element(0, 0, 1, 1, 5, 17, 30, 90, 400);
    const char* service = services[*inRange(0, 2)];
    const std::string subject = daemon(*inRange(1, hosts + 1), service),
                      segment = test::segment(service);
    const int what = *inRange(0, 20);
    if (what == 0) {
      describe(*inRange(1, hosts + 1), service);
    } else if (what == 1) {
      const int v = *inRange(0, 2);
      sighted[v] = !sighted[v];
      all.push_back({at(t), {}, sight_changed{static_cast<std::uint8_t>(v), sighted[v]}});
    } else {
      const symptom_kind kind = kinds[*inRange<std::size_t>(0, std::size(kinds))];
      auto level = static_cast<severity>(*inRange(kind == symptom_kind::heartbeat_lost ? 1 : 0, 3));
      evidence facts{{"last_heard", at(t - *rc::gen::element(180, 185, 190, 250, 500))},
                     {"percent", static_cast<double>(*inRange(0, 9))},
                     {"peer", std::string{"10.0.0."} + std::to_string(*inRange(1, hosts + 1))}};
      const auto known = raised.find({subject, kind});
      const bool clear = known != raised.end() && *inRange(0, 3) > 0;
      const timestamp since = known == raised.end() ? at(t) : known->second;
      const auto state = known == raised.end() ? symptom_state::raised
                         : clear               ? symptom_state::cleared
                                               : symptom_state::changed;
      all.push_back(
          {at(t), segment, symptom{at(t), subject, kind, state, level, since, std::move(facts)}});
      if (clear)
        raised.erase(known);
      else
        raised[{subject, kind}] = since;
    }
  }
  t += 1;
  for (std::uint8_t v = 0; v < 2; ++v)
    if (!sighted[v]) all.push_back({at(t), {}, sight_changed{v, true}});
  for (const auto& [what, since] : raised)
    all.push_back(
        {at(t), test::segment_of(what.first),
         symptom{
             at(t), what.first, what.second, symptom_state::cleared, severity::info, since, {}}});
  for (int h = 1; h <= hosts; ++h)
    for (const char* service : services) {
      const std::string segment = test::segment(service);
      all.push_back({at(t), segment, member_seen{daemon(h, service), segment, "8.7.0", 60, 1, 90}});
    }
  sort_canonically(all);
  return all;
}

group_table fresh() {
  alerting_rules receivers{
      {{"mail", severity::warning, true}, {"pager", severity::critical, true}}};
  group_table t{std::make_shared<const rule_book>(), receivers};
  t.set_vantage_names({"fab1", "fab2"});
  return t;
}

std::string text_of(const incident& i) {
  std::ostringstream out;
  out << to_nanoseconds(i.at) << ' ' << i.id << ' ' << i.revision << ' ' << to_text(i.state) << ' '
      << to_text(i.level) << ' ' << i.title << ' ' << to_text(i.because.kind) << ' '
      << i.because.subject << ' ' << i.because.probability << ' ' << i.group << ' '
      << to_nanoseconds(i.since) << ' ' << to_nanoseconds(i.until.value_or(never));
  for (const std::string& m : i.members) out << ' ' << m;
  for (const fact& f : i.facts) {
    out << ' ' << f.name << '=';
    std::visit(
        [&](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, timestamp>)
            out << to_nanoseconds(v);
          else
            out << v;
        },
        f.value);
  }
  return out.str();
}

std::string text_of(const story& s) {
  std::string out;
  for (const symptom& x : s.symptoms)
    out += std::to_string(to_nanoseconds(x.at)) + ' ' + x.subject + ' ' +
           std::string{to_text(x.state)} + '\n';
  for (const incident& i : s.incidents) out += text_of(i) + '\n';
  for (const notification& n : s.notifications)
    out += n.id + ' ' + n.reason + ' ' + text_of(n.about) + '\n';
  return out;
}

timestamp end_of(const effects& life) { return life.back().at + 24h; }

story told(const effects& life) {
  group_table t = fresh();
  story s;
  t.apply(life, s);
  t.advance(end_of(life), s);
  return s;
}

RC_GTEST_PROP(group_properties, the_cut_of_the_input_does_not_matter, ()) {
  const effects life = random_life();
  group_table t = fresh();
  story s;
  std::size_t next = 0;
  while (next < life.size()) {
    const auto n = *rc::gen::inRange<std::size_t>(1, 20);
    const std::size_t last = std::min(life.size(), next + n);
    t.apply(effects(life.begin() + static_cast<std::ptrdiff_t>(next),
                    life.begin() + static_cast<std::ptrdiff_t>(last)),
            s);
    next = last;
    // Time may be told to pass at any moment up to the next effect.
    const timestamp until = next < life.size() ? life[next].at : end_of(life);
    const timestamp half = life[last - 1].at + (until - life[last - 1].at) / 2;
    if (*rc::gen::arbitrary<bool>()) t.advance(half, s);
    if (*rc::gen::arbitrary<bool>()) t.advance(until, s);
  }
  t.advance(end_of(life), s);
  RC_ASSERT(text_of(s) == text_of(told(life)));
}

RC_GTEST_PROP(group_properties, a_snapshot_at_any_moment_does_not_matter, ()) {
  const effects life = random_life();
  const auto cut = *rc::gen::inRange<std::size_t>(0, life.size());
  group_table before = fresh();
  story s;
  before.apply(effects(life.begin(), life.begin() + static_cast<std::ptrdiff_t>(cut)), s);
  writer w;
  before.save(w);
  group_table after = fresh();
  reader r{w.bytes()};
  RC_ASSERT(after.load(r).has_value());
  RC_ASSERT(r.empty());
  RC_ASSERT(after.next_deadline() == before.next_deadline());
  writer again;
  after.save(again);
  RC_ASSERT(again.bytes() == w.bytes());
  after.apply(effects(life.begin() + static_cast<std::ptrdiff_t>(cut), life.end()), s);
  after.advance(end_of(life), s);
  RC_ASSERT(text_of(s) == text_of(told(life)));
}

RC_GTEST_PROP(group_properties, every_incident_has_one_life_and_ends_when_all_is_well, ()) {
  const effects life = random_life();
  group_table t = fresh();
  story s;
  t.apply(life, s);
  t.advance(end_of(life), s);
  std::map<std::string, std::uint32_t> open;
  std::set<std::string> all;
  timestamp last = unset;
  for (const incident& i : s.incidents) {
    RC_ASSERT(i.at >= last);
    last = i.at;
    if (i.state == incident_state::opened) {
      RC_ASSERT(all.insert(i.id).second);
      open[i.id] = 0;
    }
    RC_ASSERT(open.contains(i.id));
    RC_ASSERT(i.revision == ++open[i.id]);
    RC_ASSERT(!i.title.empty());
    RC_ASSERT(i.because.probability >= 0 && i.because.probability <= 1);
    RC_ASSERT(i.since <= i.at);
    RC_ASSERT(i.until.has_value() == (i.state == incident_state::closed));
    RC_ASSERT(!i.members.empty() || i.because.kind == cause_kind::sight_lost);
    RC_ASSERT(std::ranges::is_sorted(i.members));
    if (i.state == incident_state::closed) open.erase(i.id);
  }
  RC_ASSERT(open.empty());
  std::set<std::string> ids;
  for (const notification& n : s.notifications) RC_ASSERT(ids.insert(n.id).second);
  for (const group_status& g : t.status()) {
    RC_ASSERT(g.open.empty());
    RC_ASSERT(g.silent == 0u);
  }
  RC_ASSERT(t.next_deadline() == never);
}

RC_GTEST_PROP(group_properties, a_damaged_snapshot_is_refused_or_harmless, ()) {
  const effects life = random_life();
  group_table t = fresh();
  story s;
  t.apply(life, s);
  writer w;
  t.save(w);
  std::string bytes = w.take();
  const auto n = *rc::gen::inRange<std::size_t>(0, bytes.size());
  if (*rc::gen::arbitrary<bool>())
    bytes.resize(n);
  else
    bytes[n] = static_cast<char>(*rc::gen::arbitrary<char>());
  reader r{bytes};
  group_table other = fresh();
  if (!other.load(r)) return;
  other.apply(life, s); // whatever it believes, it goes on
  other.advance(end_of(life), s);
}

} // namespace
} // namespace tocsin::group_properties_test

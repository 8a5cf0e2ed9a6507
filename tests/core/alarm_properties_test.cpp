// What is said of alarms depends on incidents, orders and deadlines alone: not on how time is cut,
// nor on a restart in between. The table is bounded, and hostile bytes are refused.
#include "alarm_fixture.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <variant>

#include "core/limits.hpp"
#include "core/rules.hpp"

namespace tocsin::alarm_properties_test {
namespace {

using test::alarms_under_test;
using test::bytes_of;
using test::second;

const std::string subjects[] = {"rvd/10.0.0.1/7500", "rvd/10.0.0.2/7500", "host/10.0.0.1",
                                "vantage/a"};
constexpr cause_kind kinds[] = {cause_kind::heartbeat_lost, cause_kind::clients_high,
                                cause_kind::sight_lost, cause_kind::retransmission_inbound};

alarm_rules random_rules() {
  alarm_rules r;
  r.conditions = default_conditions();
  for (condition_rule& c : r.conditions) c.latched = *rc::gen::inRange(0, 3) == 0;
  r.suppressions = {{"blind", "sight_lost *", "* rvd/*"}, {"dead", "heartbeat_lost *", "*"}};
  r.chatter_window = 60s;
  return r;
}

struct step {
  timestamp at;
  std::variant<incident, operator_command> what;
};

operator_command random_order(timestamp at, const std::string& key, const std::string& incident) {
  using enum command_kind;
  const auto kind =
      *rc::gen::element(acknowledge, acknowledge, unacknowledge, shelve, shelve, unshelve,
                        command_kind::out_of_service, return_to_service, reset);
  const bool by_incident = kind == acknowledge || kind == unacknowledge;
  const bool by_glob = kind == command_kind::out_of_service || kind == return_to_service;
  const std::string glob = *rc::gen::element<std::string>("rvd/*", "*/10.0.0.1*", "host/*");
  const timestamp until =
      *rc::gen::element(at + 10s, at + 45s, at + 1h, kind == shelve ? at + 1s : never);
  return alarms_under_test::command(kind, by_incident ? incident : by_glob ? glob : key, until);
}

/// Incidents that open, change and close, and orders about them.
std::vector<step> random_life() {
  using rc::gen::inRange;
  std::vector<step> all;
  std::vector<incident> open;
  std::vector<std::string> keys{"clients_high rvd/10.0.0.1/7500"}, ids{"I0"};
  double t = 0;
  const int steps = *inRange(1, 80);
  for (int n = 0; n < steps; ++n) {
    t += *rc::gen::element(0, 0, 1, 3, 10, 30, 100);
    const int what = *inRange(0, 8);
    const auto kind = kinds[*inRange(0, 4)];
    const auto level = static_cast<severity>(*inRange(0, 3));
    const std::string& subject = subjects[*inRange(0, 4)];
    if (what < 3) {
      ids.push_back("I" + std::to_string(n + 1));
      open.push_back(
          alarms_under_test::make(t, ids.back(), incident_state::opened, kind, subject, level));
    } else if (what < 6 && !open.empty()) {
      std::swap(open[*inRange<std::size_t>(0, open.size())], open.back());
      incident& i = open.back();
      i.at = second(t);
      i.state = what == 3 ? incident_state::updated : incident_state::closed;
      if (what == 3) i.level = level;
      if (what == 3 && *inRange(0, 2)) i.because = {kind, subject, 1};
    } else {
      all.push_back({second(t),
                     random_order(second(t), *rc::gen::elementOf(keys), *rc::gen::elementOf(ids))});
      continue;
    }
    all.push_back({second(t), open.back()});
    keys.push_back(alarm_key(open.back()));
    if (open.back().state == incident_state::closed) open.pop_back();
  }
  return all;
}

void play(alarm_table& table, const step& s, std::vector<alarm_change>& out) {
  if (const auto* i = std::get_if<incident>(&s.what)) return table.apply(*i, out);
  const auto& c = std::get<operator_command>(s.what);
  table.advance(s.at, out);
  const auto asked = table.accepts(c, s.at);
  RC_ASSERT(asked.has_value() == table.apply(c, s.at, out).has_value());
}

test::lines words(const std::vector<alarm_change>& all) {
  alarms_under_test a;
  a.out = all;
  return a.said();
}

RC_GTEST_PROP(alarm_property, cutting_time_into_steps_changes_nothing, ()) {
  const alarm_rules rules = random_rules();
  const std::vector<step> life = random_life();
  alarm_table whole{rules}, cut{rules};
  std::vector<alarm_change> said_whole, said_cut;
  timestamp now = second(0);
  for (const step& s : life) {
    for (int n = *rc::gen::inRange(0, 4); n > 0; --n) {
      const auto left = std::max<std::int64_t>(1, (s.at - now).count());
      cut.advance(now += duration{*rc::gen::inRange<std::int64_t>(0, left)}, said_cut);
    }
    play(whole, s, said_whole);
    play(cut, s, said_cut);
    now = s.at;
  }
  RC_ASSERT(words(said_whole) == words(said_cut));
  RC_ASSERT(bytes_of(whole) == bytes_of(cut));
  for (std::size_t n = 1; n < said_whole.size(); ++n)
    RC_ASSERT(said_whole[n - 1].at <= said_whole[n].at);
}

RC_GTEST_PROP(alarm_property, a_restart_in_between_changes_nothing, ()) {
  const alarm_rules rules = random_rules();
  const std::vector<step> life = random_life();
  alarm_table whole{rules}, restarted{rules};
  std::vector<alarm_change> said_whole, said_restarted;
  for (const step& s : life) {
    if (*rc::gen::inRange(0, 4) == 0) {
      const std::string bytes = bytes_of(restarted);
      reader in{bytes};
      alarm_table next{rules};
      RC_ASSERT(next.load(in).has_value());
      RC_ASSERT(in.empty());
      RC_ASSERT(bytes_of(next) == bytes);
      restarted = std::move(next);
    }
    play(whole, s, said_whole);
    play(restarted, s, said_restarted);
  }
  whole.advance(never, said_whole);
  restarted.advance(never, said_restarted);
  RC_ASSERT(words(said_whole) == words(said_restarted));
  RC_ASSERT(bytes_of(whole) == bytes_of(restarted));
}

RC_GTEST_PROP(alarm_property, alarms_follow_their_incidents_whatever_hides_them, ()) {
  const alarm_rules rules = random_rules();
  alarm_table table{rules};
  std::vector<alarm_change> out;
  std::map<std::string, std::string> open; // what the incidents themselves say: id to key
  std::map<std::string, alarm_state> last; // what the changes say
  for (const step& s : random_life()) {
    play(table, s, out);
    if (const auto* i = std::get_if<incident>(&s.what)) {
      if (i->state == incident_state::closed)
        open.erase(i->id);
      else
        open[i->id] = alarm_key(*i);
    }
    for (const alarm_change& c : out) {
      RC_ASSERT(!last.contains(c.key) || last[c.key] == c.from);
      last[c.key] = c.to;
    }
    out.clear();
    std::set<std::string> active;
    for (const auto& [id, key] : open) {
      active.insert(key);
      RC_ASSERT(table.of_incident(id) && table.of_incident(id)->key == key);
    }
    std::set<std::string> missing = active;
    for (const alarm& a : table.list()) {
      RC_ASSERT(a.active == active.contains(a.key));
      RC_ASSERT(state_of(a) != alarm_state::normal);
      RC_ASSERT(state_of(a) == last[a.key] || !a.out_of_service_by.empty());
      if (!a.suppressed_by.empty()) {
        const suppression_rule& r = rules.suppressions[a.suppressed_by == "dead"];
        RC_ASSERT(
            std::ranges::any_of(active, [&](const auto& key) { return glob_match(r.when, key); }));
        RC_ASSERT(glob_match(r.what, a.key) && !glob_match(r.when, a.key));
      }
      missing.erase(a.key);
    }
    RC_ASSERT(missing.empty());
    RC_ASSERT(table.next_deadline() >= s.at);
  }
}

TEST(alarm, has_exactly_one_state_whatever_its_parts_say) {
  std::set<alarm_state> seen;
  for (int bits = 0; bits < 64; ++bits) {
    alarm a{};
    a.active = bits & 1;
    a.acknowledged = bits & 2;
    a.latched = bits & 4;
    if (bits & 8) a.shelved_until = second(1);
    if (bits & 16) a.suppressed_by = "rule";
    if (bits & 32) a.out_of_service_by = "*";
    const alarm_state s = state_of(a);
    EXPECT_EQ(is_hidden(s), bits >= 8);
    EXPECT_FALSE(is_hidden(activity_state(a)));
    EXPECT_FALSE(to_text(s).empty());
    seen.insert(s);
  }
  EXPECT_EQ(seen.size(), 9u);
}

RC_GTEST_PROP(alarm_property, hostile_bytes_are_refused_and_change_nothing, ()) {
  const alarm_rules rules = random_rules();
  alarm_table table{rules};
  std::vector<alarm_change> out;
  for (const step& s : random_life()) play(table, s, out);
  std::string bytes = bytes_of(table);
  const auto where = *rc::gen::inRange<std::size_t>(0, bytes.size());
  const bool cut = *rc::gen::arbitrary<bool>();
  if (cut)
    bytes.resize(where);
  else
    bytes[where] = static_cast<char>(*rc::gen::inRange(0, 256));
  alarms_under_test other{rules};
  other.open(1, "X");
  const std::string before = bytes_of(other.table);
  reader in{bytes};
  const auto loaded = other.table.load(in);
  RC_ASSERT(!cut || !loaded);
  if (!loaded)
    RC_ASSERT(bytes_of(other.table) == before);
  else
    other.table.advance(never, out); // whatever it is now, it works
}

TEST(alarm, tables_from_another_version_are_refused_by_number) {
  alarms_under_test a;
  std::string bytes = bytes_of(a.table);
  bytes[0] = 9;
  reader in{bytes};
  const auto loaded = a.table.load(in);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, errc::version);
  EXPECT_NE(loaded.error().text.find("version 9, not 1"), std::string::npos);
}

TEST(alarm, tables_that_are_full_forget_what_is_normal_then_what_is_over_and_never_what_is_active) {
  alarms_under_test a;
  const auto name = [](std::size_t n) { return "rvd/h" + std::to_string(n) + "/7500"; };
  const auto id = [](std::size_t n) { return "I" + std::to_string(n); };
  const auto lost = cause_kind::heartbeat_lost;
  for (std::size_t n = 0; n < limits::alarms_max; ++n) a.open(1, id(n), lost, name(n));
  EXPECT_EQ(a.table.left_out(), 0u);
  a.open(2, "new", lost, "rvd/new/7500");
  EXPECT_EQ(a.table.left_out(), 1u) << "all are active";
  EXPECT_EQ(a.table.of_incident("new"), nullptr);
  a.close(3, id(7), lost, name(7)); // over, unseen
  ASSERT_TRUE(a.order(3, command_kind::acknowledge, id(8)));
  a.close(4, id(8), lost, name(8)); // normal
  ASSERT_TRUE(a.order(4, command_kind::shelve, "heartbeat_lost " + name(9), second(1000)));
  a.close(5, id(9), lost, name(9)); // over, but shelved
  a.out.clear();
  a.update(6, "new", lost, "rvd/new/7500", severity::critical);
  EXPECT_NE(a.table.of_incident("new"), nullptr);
  EXPECT_EQ(a.table.find("heartbeat_lost " + name(8)), nullptr);
  EXPECT_EQ(a.table.find("heartbeat_lost " + name(7)), nullptr);
  EXPECT_NE(a.table.find("heartbeat_lost " + name(9)), nullptr);
  EXPECT_EQ(a.said().front(),
            "6 heartbeat_lost: returned_unacknowledged -> normal (forgotten: too many alarms)");
  EXPECT_EQ(a.table.list().size(), limits::alarms_max - 1);
}

} // namespace
} // namespace tocsin::alarm_properties_test

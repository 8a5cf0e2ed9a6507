// Patterns over what happens to a unit, as tables: what happens when, and what is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/splitmix.hpp"
#include "equipment_world.hpp"

namespace tocsin::pattern_test {
namespace {

using ::testing::ElementsAre;
using kind_t = pattern_rule::kind_t;

pattern_rule rule(kind_t kind, std::vector<std::string> of, duration within, std::uint32_t count = 3) {
  pattern_rule r;
  r.name = "it";
  r.kind = kind;
  r.of = std::move(of);
  r.within = within;
  r.count = count;
  return r;
}

struct row {
  double seconds;
  std::string id; ///< of an alarm; "" = time passes
};

std::vector<std::string> run(const pattern_rule& r, const std::vector<row>& rows) {
  equipment_rules rules;
  rules.patterns = {r};
  rules.alarms.ignored = {"*"}; // their own symptom is not what is looked at
  equipment_world w{rules};
  for (const row& each : rows) {
    if (each.id.empty()) w.pass(each.seconds);
    else w.happen(alarm_at(each.seconds, each.id));
  }
  std::vector<std::string> out;
  for (const symptom& s : w.said.symptoms) out.push_back(std::string{to_text(s.state)} + ' ' + seconds_text(s.at));
  return out;
}

TEST(sequence, is_found_within_its_time_and_over_when_it_has_passed) {
  const auto r = rule(kind_t::sequence, {"alarm_set:A", "alarm_set:B"}, 10s);
  EXPECT_THAT(run(r, {{0, "A"}, {10, "B"}, {60, ""}}), ElementsAre("raised 10", "cleared 20"));
  EXPECT_THAT(run(r, {{0, "A"}, {11, "B"}, {60, ""}}), ElementsAre());
  EXPECT_THAT(run(r, {{0, "B"}, {5, "A"}, {60, ""}}), ElementsAre());
  EXPECT_THAT(run(r, {{0, "A"}, {8, "A"}, {15, "B"}, {60, ""}}), ElementsAre("raised 15", "cleared 25")); // the later A counts
  EXPECT_THAT(run(r, {{0, "A"}, {5, "X"}, {6, "B"}, {7, "B"}, {60, ""}}), ElementsAre("raised 6", "cleared 16")); // one A, one finding
  EXPECT_THAT(run(r, {{0, "A"}, {1, "B"}, {5, "A"}, {8, "B"}, {60, ""}}), ElementsAre("raised 1", "cleared 18")); // still so
}

TEST(sequence, of_the_same_thing_needs_it_so_often) {
  const auto r = rule(kind_t::sequence, {"alarm_set:A", "alarm_set:A", "alarm_set:B"}, 10s);
  EXPECT_THAT(run(r, {{0, "A"}, {1, "B"}, {2, "A"}, {3, "B"}}), ElementsAre("raised 3"));
}

TEST(absence, is_found_when_the_answer_does_not_come_in_time) {
  const auto r = rule(kind_t::absence, {"alarm_set:A", "alarm_set:B"}, 10s);
  EXPECT_THAT(run(r, {{0, "A"}, {10, "B"}, {60, ""}}), ElementsAre()); // at the last moment
  EXPECT_THAT(run(r, {{0, "A"}, {60, ""}, {70, "B"}}), ElementsAre("raised 10", "cleared 70"));
  EXPECT_THAT(run(r, {{0, "A"}, {5, "A"}, {30, "B"}}), ElementsAre("raised 10", "cleared 30")); // owed since the first
  EXPECT_THAT(run(r, {{0, "B"}, {60, ""}}), ElementsAre());
}

TEST(absence, of_one_thing_alone_is_that_it_stops_coming) {
  const auto r = rule(kind_t::absence, {"alarm_set:A"}, 10s);
  EXPECT_THAT(run(r, {{0, "A"}, {9, "A"}, {18, "A"}, {40, ""}, {50, "A"}, {55, ""}}), ElementsAre("raised 28", "cleared 50"));
  EXPECT_THAT(run(r, {{0, "X"}, {40, ""}}), ElementsAre("raised 10")); // from the unit's first sign of life
}

TEST(count, is_found_with_so_many_within_the_time_and_over_with_fewer) {
  const auto r = rule(kind_t::count, {"alarm_set:A", "alarm_set:B"}, 10s);
  EXPECT_THAT(run(r, {{0, "A"}, {5, "B"}, {10, "A"}, {60, ""}}), ElementsAre("raised 10", "cleared 10"));
  EXPECT_THAT(run(r, {{0, "A"}, {5, "B"}, {11, "A"}, {60, ""}}), ElementsAre());
  EXPECT_THAT(run(r, {{0, "A"}, {5, "B"}, {6, "A"}, {8, "A"}, {60, ""}}), ElementsAre("raised 6", "cleared 15"));
}

/// The definition: as many as `count` within the time that ends with one of them.
RC_GTEST_PROP(count, is_found_where_its_definition_says, ()) {
  splitmix64 random{*rc::gen::arbitrary<std::uint64_t>()};
  std::vector<row> rows;
  std::vector<double> times;
  double t = 0;
  for (int i = 0; i < 60; ++i) {
    t += static_cast<double>(random.next() % 8);
    rows.push_back({t, "A"});
    times.push_back(t);
  }
  rows.push_back({t + 1000, ""});
  std::vector<std::string> expected;
  bool holds = false;
  double over = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (holds && times[i] > over) expected.push_back("cleared " + std::to_string(static_cast<int>(over))), holds = false;
    if (i < 3 || times[i] - times[i - 3] > 10) continue;
    if (!holds) expected.push_back("raised " + std::to_string(static_cast<int>(times[i])));
    holds = true;
    over = times[i - 3] + 10;
  }
  if (holds) expected.push_back("cleared " + std::to_string(static_cast<int>(over)));
  RC_ASSERT(run(rule(kind_t::count, {"alarm_set:A"}, 10s, 4), rows) == expected);
}

TEST(pattern, sees_states_modules_channels_and_anomalies) {
  equipment_rules rules;
  rules.patterns = {rule(kind_t::sequence, {"change:power/rf/on", "state:unscheduled_down"}, 1min)};
  rules.patterns[0].level = severity::critical;
  rules.states = {{"etch*/power", "rf", {{"off", 0}, {"on", 50}}, 0}};
  equipment_world w{rules};
  w.read(0, 10, "power");
  w.read(5, 80, "power");
  w.happen(state_at(20, e10_state::unscheduled_down));
  ASSERT_EQ(symptom_lines(w.said).back(), "raised event_pattern critical @ 20");
  EXPECT_EQ(w.units[0].status(*w.rules).unit.patterns, std::vector<std::string>{"it"});
}

TEST(pattern, several_of_a_unit_are_one_symptom) {
  equipment_rules rules;
  rules.patterns = {rule(kind_t::count, {"alarm_set:A"}, 10s, 2), rule(kind_t::count, {"alarm_set:A"}, 30s, 3)};
  rules.patterns[1].level = severity::critical;
  rules.alarms.ignored = {"*"};
  equipment_world w{rules};
  for (double s : {0.0, 5.0, 6.0}) w.happen(alarm_at(s, "A"));
  w.pass(100);
  EXPECT_THAT(symptom_lines(w.said), ElementsAre("raised event_pattern warning @ 5", "changed event_pattern critical @ 6", "changed event_pattern critical @ 15",
                                                 "cleared event_pattern critical @ 30"));
}

} // namespace
} // namespace tocsin::pattern_test

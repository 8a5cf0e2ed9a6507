// What a unit lives through: its state, tasks, alarms and context by its events; downtimes by state, silence and falling readings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "equipment_world.hpp"

namespace tocsin::unit_life_test {
namespace {

using ::testing::ElementsAre;
using enum e10_state;

TEST(unit_state, time_in_each_state_failures_and_repairs_are_counted) {
  equipment_world w{equipment_rules{}};
  w.happen(state_at(0, productive));
  w.happen(state_at(100, unscheduled_down));
  w.happen(state_at(130, productive));
  w.happen(state_at(130, productive)); // said again: nothing new
  w.happen(state_at(230, unscheduled_down));
  w.happen(state_at(240, standby));
  const unit_status s = w.units[0].status(*w.rules).unit;
  EXPECT_EQ(s.in_state[static_cast<std::size_t>(productive)], 200s);
  EXPECT_EQ(s.failures, 2u);
  EXPECT_EQ(s.repair, 40s);
  EXPECT_EQ(s.repairs, 2u);
  EXPECT_EQ(s.e10, standby);
  EXPECT_EQ(w.said.states.size(), 5u);
  EXPECT_EQ(w.said.states.back().from, "unscheduled_down");
  EXPECT_EQ(w.said.states.back().lasted, 10s);
}

TEST(unit_state, what_is_older_than_known_changes_nothing_and_is_counted) {
  equipment_world w{equipment_rules{}};
  w.happen(state_at(100, productive));
  w.happen(state_at(50, unscheduled_down));
  w.happen(alarm_at(100, "E1"));
  w.happen(alarm_at(99, "E1", false));
  EXPECT_EQ(w.table.totals().events_late, 2u);
  EXPECT_EQ(w.units[0].status(*w.rules).unit.e10, productive);
  EXPECT_EQ(w.units[0].status(*w.rules).unit.alarms.size(), 1u);
}

TEST(unit_state, alarms_are_one_symptom_as_severe_as_the_worst) {
  equipment_rules r;
  r.alarms.critical = {"RF*"};
  r.alarms.ignored = {"door"};
  equipment_world w{r};
  w.happen(alarm_at(0, "door"));
  w.happen(alarm_at(1, "E1"));
  w.happen(alarm_at(2, "RF7"));
  w.happen(alarm_at(2, "RF7")); // set already
  w.happen(alarm_at(3, "RF7", false));
  w.happen(alarm_at(4, "E1", false));
  w.happen(alarm_at(5, "E1", false)); // not set
  EXPECT_THAT(symptom_lines(w.said), ElementsAre("raised equipment_alarm warning @ 1", "changed equipment_alarm critical @ 2", "changed equipment_alarm warning @ 3",
                                                 "cleared equipment_alarm warning @ 4"));
  EXPECT_EQ(w.said.symptoms[0].subject, "equipment/etch1");
  EXPECT_EQ(w.said.symptoms[3].since, equipment_start + 1s);
}

TEST(unit_state, alarms_that_chatter_are_said_once_a_minute) {
  equipment_world w{equipment_rules{}};
  w.happen(alarm_at(0, "E1"));
  for (int i = 1; i < 600; ++i) w.happen(alarm_at(i, "E2", i % 2 == 1));
  EXPECT_NEAR(static_cast<double>(w.said.symptoms.size()), 19, 2);
  w.happen(alarm_at(600, "E1", false));
  w.happen(alarm_at(601, "E2", false));
  EXPECT_EQ(symptom_lines(w.said).back(), "cleared equipment_alarm warning @ 601");
}

TEST(unit_state, everything_a_unit_may_invent_is_bounded) {
  equipment_world w{equipment_rules{}};
  std::vector<std::string> names;
  for (int i = 0; i < 400; ++i) names.push_back("n" + std::to_string(i));
  for (const std::string& n : names) {
    w.happen(alarm_at(1, n));
    equipment_event e = event_at(1, event_kind::measurement);
    e.name = n;
    w.happen(e);
    e = event_at(1, event_kind::process);
    e.module = n;
    w.happen(e);
    e.kind = event_kind::task;
    w.happen(e);
  }
  const equipment_status s = w.units[0].status(*w.rules);
  EXPECT_EQ(s.unit.alarms.size(), unit_state::alarms_max);
  EXPECT_EQ(s.unit.measurements.size(), unit_state::measurements_max);
  EXPECT_EQ(s.unit.tasks.size(), unit_state::modules_max);
  EXPECT_EQ(s.contexts.size(), equipment::modules_max);
}

TEST(unit_context, recipe_and_step_change_it_lot_and_wafer_do_not_and_maintenance_begins_an_epoch) {
  equipment_world w{equipment_rules{}};
  equipment_event e = event_at(0, event_kind::process);
  e.module = "ch1", e.recipe = "R1", e.step = "1", e.lot = "L1";
  w.happen(e);
  e.wafer = "2";
  w.happen(e);
  const auto context = [&] { return w.units[0].status(*w.rules).contexts.back(); };
  EXPECT_EQ(context().changes, 1u);
  EXPECT_EQ(context().wafer, "2");
  e.at += 1s;
  e.step = "2";
  w.happen(e);
  EXPECT_EQ(context().changes, 2u);
  w.happen(event_at(5, event_kind::maintenance)); // of the whole unit
  EXPECT_EQ(context().epoch, 1u);
  EXPECT_EQ(context().changes, 3u);
  e.at = equipment_start; // late
  w.happen(e);
  EXPECT_EQ(context().changes, 3u);
  EXPECT_EQ(w.table.totals().events_late, 1u);
}

equipment_rules with_silence(duration least) {
  equipment_rules r;
  r.downtime.silence.least = least;
  return r;
}

TEST(downtime, follows_the_e10_state) {
  equipment_world w{equipment_rules{}};
  w.happen(state_at(0, productive));
  w.happen(state_at(10, unscheduled_down));
  w.happen(state_at(30, scheduled_down));
  w.happen(state_at(60, standby));
  EXPECT_THAT(downtime_lines(w.said), ElementsAre("etch1 state 10..-", "etch1 state 10..30", "etch1 state 30..-", "etch1 state 30..60"));
  EXPECT_EQ(w.said.downtimes[3].e10, scheduled_down);
  EXPECT_THAT(symptom_lines(w.said), ElementsAre("raised equipment_down warning @ 10", "cleared equipment_down warning @ 30", "raised equipment_down info @ 30",
                                                 "cleared equipment_down info @ 60"));
}

TEST(downtime, a_unit_that_is_silent_while_others_are_not_is_down_from_its_last_reading) {
  equipment_world w{with_silence(60s)};
  for (int i = 0; i < 600; ++i) {
    if (i < 200 || i >= 400) w.read(i, 1, "p1", "etch1");
    w.read(i, 1, "p1", "etch2");
  }
  EXPECT_THAT(downtime_lines(w.said), ElementsAre("etch1 silence 199..-", "etch1 silence 199..400"));
  EXPECT_THAT(symptom_lines(w.said), ElementsAre("raised equipment_down warning @ 259", "cleared equipment_down warning @ 400"));
}

TEST(downtime, nobody_is_blamed_when_the_whole_source_is_silent) {
  equipment_world w{with_silence(60s)};
  for (int i = 0; i < 2000; ++i) {
    if (i < 200 || i >= 1200) {
      w.read(i, 1, "p1", "etch1", 0);
      w.read(i + 0.5, 1, "p1", "etch2", 0);
    }
    w.read(i, 1, "p1", "cvd1", 1); // another source goes on
    w.pass(i);
  }
  EXPECT_THAT(downtime_lines(w.said), ElementsAre());
}

TEST(downtime, a_unit_that_reports_seldom_has_a_longer_silence) {
  equipment_world w{with_silence(60s)};
  for (int i = 0; i < 6000; ++i) {
    if (i % 100 == 0 && i < 3000) w.read(i, 1, "p1", "slow");
    w.read(i, 1, "p1", "etch2");
  }
  EXPECT_THAT(downtime_lines(w.said), ElementsAre("slow silence 2900..-"));
  EXPECT_GE(w.said.symptoms[0].at, equipment_start + 3400s); // five usual gaps
}

TEST(downtime, a_unit_that_is_down_by_plan_may_be_silent) {
  equipment_world w{with_silence(60s)};
  for (int i = 0; i < 600; ++i) {
    if (i < 200) w.read(i, 1, "p1", "etch1");
    if (i == 200) w.happen(state_at(200, non_scheduled));
    w.read(i, 1, "p1", "etch2");
  }
  EXPECT_TRUE(w.said.downtimes.empty());
}

TEST(downtime, readings_that_come_much_less_often_are_one) {
  equipment_rules r = with_silence(50s);
  r.downtime.rate.enabled = true;
  equipment_world w{r};
  for (int i = 0; i < 1000; ++i) {
    if (i < 400 || i >= 700 || i % 9 == 0) w.read(i, 1, "p1", "etch1");
    w.read(i, 1, "p1", "etch2");
  }
  const auto lines = downtime_lines(w.said);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(w.said.downtimes[0].cause, downtime_cause::rate);
  EXPECT_NEAR(to_seconds(w.said.downtimes[0].start - equipment_start), 400, 10);
  EXPECT_NEAR(to_seconds(w.said.downtimes[1].end - equipment_start), 700, 10);
}

TEST(downtime, a_level_that_falls_while_the_unit_is_to_work_is_one) {
  equipment_rules r;
  r.downtime.levels = {{"*/power", 0.2, 10s}};
  equipment_world w{r};
  w.happen(state_at(0, productive));
  for (int i = 1; i < 1000; ++i) {
    if (i == 600) w.happen(state_at(600, standby));
    w.read(i, (i >= 300 && i < 400) || (i >= 340 && i >= 600) ? 2 : 500 + i % 7, "power");
  }
  EXPECT_THAT(downtime_lines(w.said), ElementsAre("etch1 level 300..-", "etch1 level 300..400")); // idle from 600 on: no wonder
}

} // namespace
} // namespace tocsin::unit_life_test

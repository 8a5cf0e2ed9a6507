// What is watched of equipment: faults become symptoms, contexts have their own baselines, groups see what no channel shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/equipment/channel_watch.hpp"
#include "core/equipment/equipment_table.hpp"
#include "core/equipment/group_watch.hpp"
#include "core/equipment/report_records.hpp"
#include "core/equipment/symptom_reporter.hpp"
#include "core/record.hpp"
#include "core/reported_symptom.hpp"
#include "core/sensor_plant.hpp"

namespace tocsin::equipment_watch_test {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr timestamp start = from_milliseconds(1'700'000'000'000);

std::string text_of(const symptom& s, std::string_view name) {
  for (const fact& f : s.facts)
    if (f.name == name)
      if (auto* text = std::get_if<std::string>(&f.value)) return *text;
  return {};
}

watch_rules sample_rules() {
  watch_rules r;
  r.limits = std::make_shared<const sample_limits>(r.samples.options);
  return r;
}

/// One channel fed with noise about a level.
struct one_channel {
  explicit one_channel(watch_rules r = sample_rules()) : rules(std::move(r)), watch(name, rules) {}
  void feed(int rows, double level, double sd = 1) {
    for (int i = 0; i < rows; ++i) {
      at += 100ms;
      watch.next(at, level + sd * normal(random), where, said);
    }
  }
  void enter(std::string recipe, std::string step) {
    where.recipe = std::move(recipe);
    where.step = std::move(step);
    ++where.changes;
  }
  channel_name name{"etch1", "ch1.pressure"};
  watch_rules rules;
  channel_watch watch;
  equipment_context where;
  splitmix64 random{5};
  timestamp at = start;
  equipment_effects said;
};

TEST(channel_watch, a_shift_is_raised_named_and_cleared_once) {
  one_channel c;
  c.feed(5000, 100);
  EXPECT_THAT(c.said.symptoms, IsEmpty());
  c.feed(300, 104);
  ASSERT_FALSE(c.said.symptoms.empty());
  const symptom& first = c.said.symptoms.front();
  EXPECT_EQ(first.state, symptom_state::raised);
  EXPECT_EQ(first.kind, symptom_kind::sensor_anomaly);
  EXPECT_EQ(first.subject, "equipment/etch1/ch1.pressure");
  EXPECT_LT(first.at - (start + 5000 * 100ms), 3s);
  EXPECT_EQ(text_of(c.said.symptoms.back(), "detector"), "shift") << "whatever detector saw it first";
  c.feed(3000, 100);
  EXPECT_EQ(std::ranges::count(c.said.symptoms, symptom_state::raised, &symptom::state), 1);
  EXPECT_EQ(c.said.symptoms.back().state, symptom_state::cleared);
}

TEST(channel_watch, every_step_of_a_recipe_has_its_own_baseline) {
  one_channel c;
  for (int wafer = 0; wafer < 60; ++wafer) {
    c.enter("oxide", "strike");
    c.feed(100, 50);
    c.enter("oxide", "main");
    c.feed(100, 200, 3);
  }
  EXPECT_THAT(c.said.symptoms, IsEmpty()) << "a jump of 150 between steps is no fault";
  c.enter("oxide", "strike");
  c.feed(50, 56);
  ASSERT_FALSE(c.said.symptoms.empty());
  EXPECT_EQ(text_of(c.said.symptoms.front(), "step"), "strike");
}

TEST(channel_watch, maintenance_lets_the_level_be_learnt_anew) {
  one_channel c;
  c.feed(5000, 100);
  ++c.where.epoch;
  ++c.where.changes;
  c.feed(3000, 120);
  EXPECT_THAT(c.said.symptoms, IsEmpty());
}

TEST(channel_watch, what_was_left_in_alarm_counts_until_it_is_seen_calm) {
  one_channel c;
  c.enter("a", "1");
  c.feed(4000, 100);
  c.feed(20, 130);
  ASSERT_TRUE(c.watch.raised_anything());
  c.enter("a", "2");
  c.feed(4000, 10);
  EXPECT_TRUE(c.watch.raised_anything()) << "step 2 is calm, step 1 was not seen again";
  c.enter("a", "1");
  c.feed(200, 100);
  EXPECT_FALSE(c.watch.raised_anything());
}

TEST(channel_watch, what_gives_no_readings_is_over_after_an_hour) {
  one_channel c;
  c.feed(4000, 100);
  c.feed(20, 130);
  ASSERT_TRUE(c.watch.raised_anything());
  c.watch.pass(c.at + 59min, c.said);
  EXPECT_TRUE(c.watch.raised_anything());
  c.watch.pass(c.at + 62min, c.said);
  EXPECT_FALSE(c.watch.raised_anything());
  EXPECT_EQ(text_of(c.said.symptoms.back(), "reason"), "no more readings");
}

TEST(channel_watch, contexts_are_bounded) {
  one_channel c;
  for (int i = 0; i < 500; ++i) {
    c.enter("recipe" + std::to_string(i), "1");
    c.feed(5, i);
  }
  EXPECT_THAT(c.said.symptoms, IsEmpty());
}

TEST(control_chart, points_of_recipe_steps_have_limits_of_their_context) {
  watch_rules r = sample_rules();
  r.samples.enabled = false;
  r.charts.push_back({"pressure", "etch*/*pressure", chart_rule::points_t::step});
  r.charts[0].kind = chart_rule::kind_t::nelson_rules;
  r.charts[0].learn = 100;
  one_channel c{r};
  const auto wafer = [&](double main) {
    c.enter("oxide", "strike");
    c.feed(20, 50);
    c.enter("oxide", "main");
    c.feed(20, main);
  };
  for (int i = 0; i < 110; ++i) wafer(200);
  EXPECT_THAT(c.said.symptoms, IsEmpty());
  wafer(206);
  wafer(200);
  ASSERT_THAT(c.said.symptoms, SizeIs(1));
  const symptom& s = c.said.symptoms.front();
  EXPECT_EQ(s.kind, symptom_kind::control_violation);
  EXPECT_EQ(text_of(s, "chart"), "pressure");
  EXPECT_THAT(text_of(s, "rules"), HasSubstr("beyond_3"));
  EXPECT_EQ(text_of(s, "step"), "main");
}

TEST(control_chart, a_channel_that_does_not_match_is_not_charted) {
  watch_rules r = sample_rules();
  r.charts.push_back({"pressure", "etch*/*flow", chart_rule::points_t::step});
  chart_watch unused{r.charts[0]};
  EXPECT_EQ(unused.next("a", 1), "");
  one_channel c{r};
  for (int i = 0; i < 60; ++i) {
    c.enter("a", std::to_string(i % 2));
    c.feed(3, i < 50 ? 1 : 3);
  }
  EXPECT_EQ(std::ranges::count(c.said.symptoms, symptom_kind::control_violation, &symptom::kind), 0);
}

/// A plant of three channels that share a factor, through a group.
struct one_group {
  explicit one_group(group_watch_rule rule, std::vector<signature_rule> signatures = {}) {
    rules.groups.push_back(std::move(rule));
    rules.signatures = std::move(signatures);
    group.emplace("etch1", rules.groups[0], rules);
    for (const char* name : {"ch1.pressure", "ch1.flow", "ch1.power"}) slots.push_back(*group->add(name));
    sensor_plant_options o;
    o.seed = 11;
    for (int i = 0; i < 3; ++i) {
      sensor_options s;
      s.factor = 1;
      o.sensors.push_back(s);
    }
    plant.emplace(*sensor_plant::make(o));
  }
  void feed(int rows) {
    for (int i = 0; i < rows; ++i) {
      at += 1s;
      const sensor_row row = plant->next();
      for (std::size_t k = 0; k < 3; ++k) group->next(slots[k], at, row.values[k], where, said);
    }
  }
  watch_rules rules;
  std::optional<group_watch> group;
  std::vector<std::size_t> slots;
  std::optional<sensor_plant> plant;
  equipment_context where;
  timestamp at = start;
  equipment_effects said;
};

group_watch_rule group_by(group_watch_rule::method_t method) {
  group_watch_rule r;
  r.name = "chamber";
  r.channels = {"ch1.*"};
  r.method = method;
  r.learn = 400;
  return r;
}

class group_methods : public ::testing::TestWithParam<group_watch_rule::method_t> {};
TEST_P(group_methods, are_silent_in_calm_and_see_a_channel_that_leaves_the_others) {
  one_group g{group_by(GetParam())};
  g.feed(6000);
  EXPECT_THAT(g.said.symptoms, IsEmpty());
  g.plant->disturb(1, {.add = -12});
  g.feed(120);
  ASSERT_FALSE(g.said.symptoms.empty());
  const symptom& s = g.said.symptoms.front();
  EXPECT_EQ(s.kind, symptom_kind::group_anomaly);
  EXPECT_EQ(s.subject, "equipment/etch1/chamber");
  EXPECT_THAT(text_of(s, "pattern"), HasSubstr("ch1.flow -"));
  g.plant->disturb(1, {});
  g.feed(300);
  EXPECT_EQ(g.said.symptoms.back().state, symptom_state::cleared);
}
INSTANTIATE_TEST_SUITE_P(all, group_methods,
                         ::testing::Values(group_watch_rule::method_t::adaptive, group_watch_rule::method_t::components,
                                           group_watch_rule::method_t::canonical, group_watch_rule::method_t::forest));

TEST(group_watch, a_fault_that_was_named_is_known_again) {
  one_group g{group_by(group_watch_rule::method_t::components),
              {{"mass flow controller sticks", "chamber", "ch1.flow -1"}, {"leak", "chamber", "ch1.pressure 0.8, ch1.power 0.6"}}};
  g.feed(3000);
  g.plant->disturb(1, {.add = -15});
  g.feed(60);
  ASSERT_FALSE(g.said.symptoms.empty());
  EXPECT_EQ(text_of(g.said.symptoms.back(), "known_fault"), "mass flow controller sticks");
}

TEST(group_watch, a_channel_that_comes_late_lets_the_group_learn_anew) {
  one_group g{group_by(group_watch_rule::method_t::adaptive)};
  g.feed(2000);
  EXPECT_TRUE(g.group->add("ch1.temperature"));
  EXPECT_FALSE(g.group->add("ch2.pressure")) << "not of the group";
  g.plant->disturb(1, {.add = -15});
  g.feed(100);
  EXPECT_THAT(g.said.symptoms, IsEmpty()) << "it learns";
}

TEST(fault_pattern, is_read_back_and_refused_with_what_is_wrong) {
  const std::vector<std::string> channels{"a.x", "a.y", "a.z"};
  EXPECT_EQ(pattern_text(channels, {3, -4, 0.1}), "a.y -0.80, a.x 0.60");
  EXPECT_THAT(*parse_pattern("a.y -0.80, a.x 0.60", channels), ElementsAre(0.6, -0.8, 0));
  for (const char* bad : {"", "a.x", "a.x much", "a.x 1,,", "nowhere 1"}) {
    const auto read = parse_pattern(bad, channels);
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().code, errc::malformed);
  }
}

symptom anomaly_at(timestamp at, symptom_state state = symptom_state::raised) {
  return {at, "equipment/etch1/ch1.pressure", symptom_kind::sensor_anomaly, state, severity::warning, at, {{"detector", std::string{"shift"}}, {"score", 1.5}}};
}

TEST(reported_symptom, travels_as_bytes_and_is_refused_when_they_are_broken) {
  const std::string bytes = encode_reported(anomaly_at(start));
  const auto back = decode_reported(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->subject, "equipment/etch1/ch1.pressure");
  EXPECT_EQ(text_of(*back, "detector"), "shift");
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_reported(std::string_view{bytes}.substr(0, n))) << n;
  symptom of_daemon = anomaly_at(start);
  of_daemon.kind = symptom_kind::heartbeat_lost;
  EXPECT_FALSE(decode_reported(encode_reported(of_daemon))) << "only equipment reports";
}

TEST(reported_symptom, is_bounded) {
  symptom s = anomaly_at(start);
  for (int i = 0; i < 200; ++i) s.facts.push_back({"fact" + std::to_string(i), std::string(1000, 'x')});
  EXPECT_LE(encode_reported(s).size(), reported_bytes_max);
  EXPECT_TRUE(decode_reported(encode_reported(s)));
}

TEST(reported_symptom, belongs_to_the_group_of_its_unit) {
  const effect e = effect_of_reported(anomaly_at(start + 1h), start);
  EXPECT_EQ(e.segment, "equipment/etch1");
  EXPECT_EQ(std::get<symptom>(e.what).since, start) << "never later than it was said";
  symptom whole = anomaly_at(start);
  whole.subject = "source/fab";
  EXPECT_EQ(effect_of_reported(whole, start).segment, "source/fab");
}

TEST(symptom_reporter, repeats_what_lasts) {
  symptom_reporter reporter;
  reporter.take({anomaly_at(start)});
  EXPECT_THAT(reporter.repeat(start + 1min), ElementsAre(AllOf(Field(&symptom::at, start + 1min), Field(&symptom::state, symptom_state::repeated))));
  reporter.take({anomaly_at(start + 2min, symptom_state::cleared)});
  EXPECT_THAT(reporter.repeat(start + 3min), IsEmpty());
}

TEST(replayed_reports, are_in_order_and_repeated_while_they_last) {
  std::vector<timestamp> times;
  replay_reports({anomaly_at(start + 150s, symptom_state::cleared), anomaly_at(start)}, start + 10min, [&](std::shared_ptr<record_batch> b) {
    for (const record& r : b->records) times.push_back(r.at);
  });
  EXPECT_THAT(times, ElementsAre(start, start + 60s, start + 120s, start + 150s));
}

} // namespace
} // namespace tocsin::equipment_watch_test

// Clients, inventory, drift, clocks and self checks: alone or several of a kind together.
#include <gtest/gtest.h>

#include "group_fixture.hpp"

namespace tocsin::group_others_test {
namespace {

using test::daemon;
using test::fact;
using test::lines;
using test::table_under_test;
using enum symptom_kind;

evidence clients(std::int64_t n) { return {{"clients", n}, {"limit", std::int64_t{100}}}; }

TEST(group_clients, forecast_high_and_critical_are_one_incident_that_gets_worse) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.raise(100, daemon(5), clients_limit_forecast, severity::warning,
          {{"probability", 0.93},
           {"eta_p50_s", 12'000.0},
           {"clients", std::int64_t{60}},
           {"limit", std::int64_t{100}}});
  t.until(150);
  EXPECT_DOUBLE_EQ(t.said.incidents.at(0).because.probability, 0.93);
  EXPECT_EQ(t.said.incidents[0].title,
            "rvd 10.0.0.5/7500 will run out of clients in about 3h20m (93 %): now 60 of 100");
  t.raise(200, daemon(5), clients_high, severity::warning, clients(81));
  t.clear(200, daemon(5), clients_limit_forecast, 100);
  t.raise(300, daemon(5), clients_critical, severity::critical, clients(96));
  t.until(310);
  EXPECT_EQ(t.said.incidents.back().title, "rvd 10.0.0.5/7500 is almost out of clients: 96 of 100");
  t.clear(400, daemon(5), clients_critical, 300);
  t.clear(500, daemon(5), clients_high, 200);
  t.until(1000);
  EXPECT_EQ(t.pages(), (lines{"100 opened clients_limit_forecast", "200 cause_changed clients_high",
                              "300 worse clients_critical", "400 cause_changed clients_high",
                              "560 closed clients_high"}));
}

TEST(group_clients, each_daemon_is_an_incident_of_its_own) {
  table_under_test t;
  t.fleet(0, 1, 24);
  for (int n : {1, 2, 3}) t.raise(100, daemon(n), clients_high, severity::warning, clients(80));
  t.until(1000);
  EXPECT_EQ(t.lines().size(), 3u);
}

TEST(group_inventory, several_missing_are_one_incident_newcomers_are_none) {
  table_under_test t;
  t.fleet(0, 1, 3);
  for (int n : {7, 8, 9}) t.raise(300, daemon(n), inventory_missing);
  t.raise(300, daemon(3), inventory_unknown, severity::info);
  t.until(400);
  EXPECT_EQ(t.said.incidents.at(0).title, "3 daemons on segment 7500 have never been heard");
  EXPECT_EQ(t.said.incidents[0].members, (lines{daemon(7), daemon(8), daemon(9)}));
  EXPECT_EQ(t.lines(), (lines{"330 opened warning inventory_missing segment/7500/ members 3"}));
  for (int n : {7, 8, 9}) {
    t.seen(500, daemon(n));
    t.clear(500, daemon(n), inventory_missing, 300);
  }
  t.until(1000);
  EXPECT_EQ(t.lines(), (lines{"560 closed warning inventory_missing segment/7500/ members 3"}));
}

TEST(group_drift, a_version_unlike_the_majority_is_said_as_a_symptom_and_an_incident) {
  table_under_test t;
  t.fleet(0, 1, 9);
  t.seen(10, daemon(10), 1, "8.6.0");
  t.until(100);
  ASSERT_EQ(t.said.symptoms.size(), 1u);
  const symptom s = t.said.symptoms[0];
  EXPECT_EQ(s.subject, daemon(10));
  EXPECT_EQ(s.state, symptom_state::raised);
  EXPECT_EQ(s.level, severity::warning);
  EXPECT_EQ(s.at, test::at(30)); // once in a wait
  EXPECT_EQ(t.said.incidents.at(0).title,
            "rvd 10.0.0.10/7500 differs from the majority: 8.6.0 instead of 8.7.0");
  EXPECT_EQ(t.lines(), (lines{"30 opened warning config_drift rvd/10.0.0.10/7500 members 1"}));
  t.seen(200, daemon(10));
  t.until(1000);
  ASSERT_EQ(t.said.symptoms.size(), 1u);
  EXPECT_EQ(t.said.symptoms[0].state, symptom_state::cleared);
  EXPECT_EQ(t.said.symptoms[0].since, test::at(30));
  EXPECT_EQ(t.lines(), (lines{"290 closed warning config_drift rvd/10.0.0.10/7500 members 1"}));
}

TEST(group_drift, several_that_differ_are_one_incident_and_unknown_values_differ_from_nothing) {
  table_under_test t;
  t.fleet(0, 1, 9);
  t.seen(1, daemon(10), 1, "8.7.0", 5);
  t.seen(2, daemon(11), 1, "8.6.0", 5);
  t.seen(3, daemon(12), 1, "", 0);
  t.until(100);
  ASSERT_EQ(t.said.symptoms.size(), 2u);
  EXPECT_EQ(std::get<std::string>(t.said.symptoms[0].facts[1].value), "60 s");
  EXPECT_EQ(std::get<std::string>(t.said.symptoms[1].facts[2].value), "8.6.0, 5 s");
  EXPECT_EQ(t.lines(), (lines{"30 opened warning config_drift segment/7500/ members 2"}));
}

TEST(group_drift, has_no_majority_among_few_or_when_it_is_switched_off) {
  table_under_test few;
  few.seen(0, daemon(1));
  few.seen(0, daemon(2), 1, "8.6.0");
  few.until(100);
  EXPECT_TRUE(few.said.symptoms.empty());
  table_under_test off{{.config_drift = false}};
  off.fleet(0, 1, 9);
  off.seen(0, daemon(10), 1, "8.6.0");
  off.until(100);
  EXPECT_TRUE(off.said.symptoms.empty());
}

TEST(group_clock, skews_within_the_wait_are_one_incident) {
  table_under_test t;
  t.fleet(0, 1, 9);
  t.raise(100, daemon(1), clock_skew, severity::warning, {{"skew_s", 7.0}});
  t.raise(120, daemon(2), clock_skew, severity::warning, {{"skew_s", 7.0}});
  t.raise(200, daemon(3), clock_skew, severity::warning, {{"skew_s", 7.0}});
  t.until(300);
  EXPECT_EQ(t.lines(), (lines{"130 opened warning clock_skew segment/7500/ members 2",
                              "230 opened warning clock_skew rvd/10.0.0.3/7500 members 1"}));
}

TEST(group_self_check, our_own_illness_is_told_at_once) {
  table_under_test t;
  t.fleet(0, 1, 9);
  t.raise(100, daemon(1), self_check, severity::warning, {{"reason", std::string{"out of range"}}});
  t.until(101);
  EXPECT_EQ(t.titles(), (lines{"We cannot judge rvd 10.0.0.1/7500: out of range"}));
}

TEST(group_incidents, list_a_bounded_number_of_members_and_count_them_all) {
  table_under_test t;
  auto name = [](int n) {
    return "rvd/10.1." + std::to_string(n / 250) + "." + std::to_string(n % 250) + "/7500";
  };
  for (int n = 0; n < 1200; ++n) t.seen(0, name(n));
  for (int n = 0; n < 1200; ++n) t.lost(200, name(n), 0);
  t.until(300);
  ASSERT_EQ(t.said.incidents.size(), 1u);
  EXPECT_EQ(t.said.incidents[0].members.size(), 1000u);
  EXPECT_EQ(t.said.incidents[0].member_count, 1200u);
}

TEST(group_incidents, survive_hostile_times) {
  table_under_test t{{.wait = duration::max(), .close_after = duration::max()}};
  t.fleet(0, 1, 3);
  t.send({never - 1s, "segment/7500/",
          symptom{never - 1s,
                  daemon(1),
                  heartbeat_lost,
                  symptom_state::raised,
                  severity::critical,
                  never - 1s,
                  {}}});
  t.table.advance(never, t.said);
  EXPECT_TRUE(t.lines().empty());
}

} // namespace
} // namespace tocsin::group_others_test

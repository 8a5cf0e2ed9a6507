// Silence, stops and restarts: one daemon, a whole segment, or several together.
#include <gmock/gmock.h>

#include "group_fixture.hpp"

namespace tocsin::group_liveness_test {
namespace {

using test::at;
using test::daemon;
using test::fact;
using test::lines;
using test::table_under_test;
using enum symptom_kind;

TEST(group_liveness, a_lost_daemon_is_told_after_the_wait_and_closed_after_calm) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.late(100, daemon(7), 0);
  t.lost(190, daemon(7), 0);
  t.until(221);
  ASSERT_EQ(t.said.incidents.size(), 1u);
  const incident opened = t.said.incidents[0];
  EXPECT_EQ(opened.title, "rvd 10.0.0.7/7500 is silent: 2 heartbeats missed since 08:53:20Z");
  EXPECT_EQ(opened.since, at(190));
  EXPECT_EQ(opened.group, "segment/7500/");
  EXPECT_NEAR(opened.because.probability, 24. / 25, 1e-9); // 23 others live: (23 + 1) / (23 + 2)
  EXPECT_EQ(t.lines(), (lines{"220 opened critical heartbeat_lost rvd/10.0.0.7/7500 members 1"}));
  t.heard(500, daemon(7));
  t.until(1000);
  ASSERT_EQ(t.said.incidents.size(), 1u);
  EXPECT_EQ(t.said.incidents[0].id, opened.id);
  EXPECT_EQ(t.said.incidents[0].revision, 2u);
  EXPECT_EQ(t.said.incidents[0].until, at(500)); // of the clearing, not of the closing
  EXPECT_EQ(t.said.incidents[0].title, "rvd 10.0.0.7/7500 was silent for 8m20s");
  EXPECT_EQ(t.lines(), (lines{"560 closed critical heartbeat_lost rvd/10.0.0.7/7500 members 1"}));
  EXPECT_TRUE(t.table.status()[0].open.empty());
  EXPECT_EQ(t.table.next_deadline(), never);
}

TEST(group_liveness, one_that_is_back_within_the_wait_was_nothing) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.lost(190, daemon(7), 0);
  t.heard(219, daemon(7));
  t.until(1000);
  EXPECT_EQ(t.lines(), lines{});
}

TEST(group_liveness, late_heartbeats_open_nothing_even_when_suspect) {
  table_under_test t;
  t.fleet(0, 1, 3);
  for (int n : {1, 2, 3}) t.late(100, daemon(n), 0);
  for (int n : {1, 2, 3})
    t.tell(180, daemon(n), heartbeat_late, symptom_state::changed, severity::warning, 100);
  t.until(10'000);
  EXPECT_EQ(t.lines(), lines{});
}

TEST(group_liveness, a_daemon_that_is_lost_again_while_it_calms_down_is_the_same_incident) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.lost(190, daemon(7), 0);
  t.heard(300, daemon(7));
  t.lost(350, daemon(7), 300);
  t.heard(900, daemon(7));
  t.until(2000);
  EXPECT_EQ(t.lines(), (lines{"220 opened critical heartbeat_lost rvd/10.0.0.7/7500 members 1",
                              "960 closed critical heartbeat_lost rvd/10.0.0.7/7500 members 1"}));
}

// At the first loss everybody else concerned is late already: with two missed beats for a loss, the
// last sign of life of the others is more than a period and its slack ago.
TEST(group_liveness, a_silent_segment_is_one_incident_with_all_its_members) {
  table_under_test t;
  t.fleet(0, 1, 24);
  for (int n = 1; n <= 24; ++n) t.late(99 + 3 * n, daemon(n), 3 * n); // last heard 3 s to 72 s
  for (int n = 1; n <= 24; ++n) t.lost(189 + 3 * n, daemon(n), 3 * n);
  t.until(1000);
  ASSERT_EQ(t.said.incidents.size(), 1u);
  const incident& i = t.said.incidents[0];
  EXPECT_EQ(i.title, "Segment 7500 went silent: 24 of 24 daemons since 08:54:32Z");
  EXPECT_NEAR(i.because.probability, 25. / 26, 1e-9);
  EXPECT_EQ(fact<std::int64_t>(i, "silent"), 24);
  EXPECT_EQ(fact<std::int64_t>(i, "alive_before"), 24);
  EXPECT_EQ(i.members.front(), "rvd/10.0.0.1/7500");
  EXPECT_EQ(t.lines(), (lines{"222 opened critical segment_silent segment/7500/ members 24"}));
  for (int n = 1; n <= 24; ++n) t.heard(1000 + n, daemon(n)); // leave it, said once in a wait
  t.until(2000);
  EXPECT_EQ(t.lines(), (lines{"1001 updated critical segment_silent segment/7500/ members 23",
                              "1084 closed critical segment_silent segment/7500/ members 24"}));
}

TEST(group_liveness, without_late_heartbeats_told_losses_grow_into_the_silence_of_the_segment) {
  table_under_test t;
  t.fleet(0, 1, 5);
  t.lost(200, daemon(1), 0);
  t.lost(210, daemon(2), 10);
  t.lost(250, daemon(3), 50);
  t.lost(260, daemon(4), 60); // four of five
  t.until(400);
  const std::string first = t.said.incidents[0].id;
  EXPECT_EQ(t.said.incidents.back().id, first);
  EXPECT_EQ(fact<std::string>(t.said.incidents[2], "merged_into"), first);
  EXPECT_EQ(t.lines(), (lines{"230 opened critical heartbeat_lost rvd/10.0.0.1/7500 members 1",
                              "240 opened critical heartbeat_lost rvd/10.0.0.2/7500 members 1",
                              "280 closed critical heartbeat_lost rvd/10.0.0.2/7500 members 1",
                              "280 updated critical segment_silent segment/7500/ members 4"}));
  t.lost(400, daemon(5), 200); // the rest joins it
  t.until(500);
  EXPECT_EQ(t.lines(), (lines{"430 updated critical segment_silent segment/7500/ members 5"}));
}

TEST(group_liveness, those_dead_for_long_do_not_count_as_alive_before) {
  table_under_test t;
  t.fleet(0, 1, 10);
  for (int n = 1; n <= 5; ++n) t.lost(200 + 200 * n, daemon(n), 200 * n); // one by one
  t.until(5000);
  EXPECT_EQ(t.lines().size(), 5u);
  for (int n = 6; n <= 10; ++n) t.late(6100 + n, daemon(n), 6000 + n);
  for (int n = 6; n <= 10; ++n) t.lost(6190 + n, daemon(n), 6000 + n);
  t.until(7000);
  EXPECT_EQ(t.lines(), (lines{"6226 opened critical segment_silent segment/7500/ members 5"}));
}

TEST(group_liveness, silences_that_began_apart_are_apart) {
  table_under_test t;
  t.fleet(0, 1, 2);
  t.lost(200, daemon(1), 0);
  t.lost(400, daemon(2), 200); // more than a period and its slack later
  t.until(1000);
  EXPECT_EQ(t.lines(), (lines{"230 opened critical heartbeat_lost rvd/10.0.0.1/7500 members 1",
                              "430 opened critical heartbeat_lost rvd/10.0.0.2/7500 members 1"}));
}

TEST(group_liveness, a_stop_on_purpose_is_told_after_a_sixth_of_the_wait) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.raise(100, daemon(7), daemon_stopped);
  t.until(101);
  EXPECT_EQ(t.lines(), lines{});
  t.until(200);
  EXPECT_EQ(t.lines(), (lines{"105 opened warning daemon_stopped rvd/10.0.0.7/7500 members 1"}));
  t.clear(500, daemon(7), daemon_stopped, 100);
  t.raise(500, daemon(7), daemon_restarted, severity::info); // after a stop that was told: no news
  t.until(2000);
  EXPECT_EQ(t.lines(), (lines{"560 closed warning daemon_stopped rvd/10.0.0.7/7500 members 1"}));
}

TEST(group_liveness, several_stopped_one_after_the_other_are_one_incident) {
  table_under_test t;
  t.fleet(0, 1, 24);
  for (int n = 1; n <= 6; ++n) t.raise(100 + 10 * n, daemon(n), daemon_stopped);
  t.until(1000);
  EXPECT_EQ(t.lines(), (lines{"115 opened warning daemon_stopped rvd/10.0.0.1/7500 members 1",
                              "145 updated warning daemon_stopped segment/7500/ members 4",
                              "175 updated warning daemon_stopped segment/7500/ members 6"}));
}

TEST(group_liveness, a_lost_daemon_that_comes_back_with_a_new_life_had_been_restarted) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.lost(190, daemon(7), 0);
  t.until(250);
  t.heard(260, daemon(7));
  t.raise(260, daemon(7), daemon_restarted, severity::warning, {{"downtime_max_s", 250.0}});
  t.clear(860, daemon(7), daemon_restarted, 260);
  t.until(2000);
  EXPECT_EQ(t.said.incidents[1].title, "rvd 10.0.0.7/7500 restarted (was silent for up to 4m10s)");
  const lines pages = t.pages();
  EXPECT_EQ(pages, (lines{"220 opened heartbeat_lost", "260 cause_changed daemon_restarted",
                          "920 closed daemon_restarted"}));
}

TEST(group_liveness, a_restart_nobody_noticed_before_is_an_incident_of_its_own) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.raise(100, daemon(7), daemon_restarted);
  t.raise(100, daemon(9), host_rebooted);
  t.until(200);
  EXPECT_EQ(t.lines(), (lines{"130 opened warning daemon_restarted rvd/10.0.0.7/7500 members 1",
                              "130 opened warning host_rebooted host/10.0.0.9 members 1"}));
}

TEST(group_liveness, one_that_restarts_again_and_again_gets_worse_not_more) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.raise(100, daemon(7), daemon_restarted);
  t.tell(400, daemon(7), daemon_restarted, symptom_state::changed, severity::critical, 100,
         {{"restarts_last_hour", std::int64_t{4}}});
  t.until(500);
  EXPECT_EQ(t.said.incidents.back().title, "rvd 10.0.0.7/7500 restarted, 4 times within the hour");
  EXPECT_EQ(t.pages(), (lines{"130 opened daemon_restarted", "400 worse daemon_restarted"}));
}

TEST(group_liveness, restarts_that_end_the_silence_of_a_segment_belong_to_it) {
  table_under_test t;
  t.fleet(0, 1, 10);
  for (int n = 1; n <= 10; ++n) t.late(100 + n, daemon(n), n);
  for (int n = 1; n <= 10; ++n) t.lost(190 + n, daemon(n), n);
  for (int n = 1; n <= 10; ++n) {
    t.heard(400, daemon(n));
    t.raise(400, daemon(n), daemon_restarted);
  }
  t.until(3000);
  EXPECT_EQ(t.said.incidents.back().title,
            "Segment 7500 was silent for 6m30s, 10 of its daemons restarted");
  EXPECT_EQ(t.lines(), (lines{"221 opened critical segment_silent segment/7500/ members 10",
                              "460 closed critical segment_silent segment/7500/ members 10"}));
}

TEST(group_liveness, a_daemon_that_moves_to_another_network_is_no_longer_counted) {
  table_under_test t;
  t.fleet(0, 1, 5);
  const std::string other = "segment/7500/;239.1.1.1";
  t.send({at(1), other, member_seen{daemon(5), other, "8.7.0", 60, 1, 90}});
  ASSERT_EQ(t.table.status().size(), 2u);
  EXPECT_EQ(t.table.status()[0].members, 4u);
  EXPECT_EQ(t.table.status()[1].members, 1u);
}

TEST(group_liveness, time_that_goes_back_and_brings_the_same_loss_again_harms_nothing) {
  table_under_test t;
  t.fleet(0, 1, 5);
  t.lost(200, daemon(1), 20);
  t.until(230.5); // told alone; it becomes the segment's
  for (int n = 2; n <= 5; ++n) t.lost(231, daemon(n), 25);
  t.until(262);
  t.heard(262, daemon(1));
  t.raise(262, daemon(1), daemon_stopped); // and leaves it
  t.until(270);
  t.clear(270, daemon(1), daemon_stopped);
  t.until(300);
  for (int n = 2; n <= 5; ++n) t.heard(300, daemon(n));
  t.until(335); // what was its own is closed, what was the segment's is not
  const auto former = t.lines();
  EXPECT_THAT(former, testing::Contains("261 updated critical segment_silent segment/7500/ members 5"));
  t.lost(200, daemon(1), 20);
  t.raise(225, daemon(1), host_rebooted);
  t.until(290);
  EXPECT_EQ(t.lines(), (lines{"230 opened critical heartbeat_lost rvd/10.0.0.1/7500 members 1"}));
}

} // namespace
} // namespace tocsin::group_liveness_test

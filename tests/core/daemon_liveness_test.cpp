// A daemon's silence: late, suspect, lost, blind; and the inventory.
#include <gtest/gtest.h>

#include "daemon_fixture.hpp"

namespace tocsin::daemon_liveness_test {
namespace {

using test::at;
using test::daemon_under_test;
using test::lines;

daemon_rules fixed(duration lost_after, duration late_after = 0s) {
  daemon_rules r;
  r.heartbeat.mode = heartbeat_rule::mode_t::fixed;
  r.heartbeat.lost_after = lost_after;
  r.heartbeat.late_after = late_after;
  return r;
}

TEST(daemon_liveness, fixed_mode_says_lost_at_the_limit_and_not_before) {
  daemon_under_test d{fixed(30s)};
  d.beat(0);
  EXPECT_EQ(d.machine.next_deadline(), at(30));
  d.beat(30); // exactly at the deadline is in time
  d.until(60);
  EXPECT_EQ(d.lines(), lines{});
  d.until(60.001);
  EXPECT_EQ(d.lines(), (lines{"60 heartbeat_lost raised critical"}));
  EXPECT_EQ(d.machine.silent_since(), at(30));
  EXPECT_EQ(d.machine.next_deadline(), never);
  d.beat(75.5);
  EXPECT_EQ(d.lines(), (lines{"75.5 heartbeat_lost cleared critical"}));
  EXPECT_EQ(d.row<double>(symptom_kind::heartbeat_lost, symptom_state::cleared, "silence_s"), 45.5);
  EXPECT_EQ(d.machine.silent_since(), never);
}

TEST(daemon_liveness, fixed_mode_can_say_late_first) {
  daemon_under_test d{fixed(30s, 12s)};
  d.beat(0);
  d.until(100);
  d.beat(100);
  EXPECT_EQ(d.lines(),
            (lines{"12 heartbeat_late raised info", "30 heartbeat_lost raised critical",
                   "100 heartbeat_lost cleared critical", "100 heartbeat_late cleared info"}));
}

TEST(daemon_liveness, learned_mode_goes_from_late_to_suspect_to_lost) {
  daemon_under_test d;
  for (int i = 0; i < 40; ++i) d.beat(90.0 * i);
  d.until(6000);
  // 3510 is the last beat; the slack is a tenth of the period; 40 beats without a loss ask for
  // three misses.
  EXPECT_EQ(d.lines(),
            (lines{"3609 heartbeat_late raised info", "3699 heartbeat_late changed warning",
                   "3789 heartbeat_lost raised critical"}));
  EXPECT_EQ(d.row<std::int64_t>(symptom_kind::heartbeat_lost, symptom_state::raised, "misses"), 3);
  EXPECT_GT(d.row<double>(symptom_kind::heartbeat_lost, symptom_state::raised, "log10_odds"), 6.5);
  EXPECT_EQ(d.machine.status().state, liveness_state::lost);
  d.beat(6000);
  EXPECT_EQ(d.lines(),
            (lines{"6000 heartbeat_lost cleared critical", "6000 heartbeat_late cleared warning"}));
}

TEST(daemon_liveness, a_daemon_we_hardly_know_is_given_one_beat_more) {
  daemon_under_test d;
  for (int i = 0; i < 3; ++i) d.beat(90.0 * i);
  d.until(6000);
  EXPECT_EQ(d.lines().back(), "549 heartbeat_lost raised critical"); // 180 + 4 * 90 + 9
}

TEST(daemon_liveness, a_link_that_never_loses_a_beat_is_believed_after_two) {
  daemon_under_test d;
  for (int i = 0; i < 3000; ++i) d.beat(90.0 * i);
  d.lines();
  d.until(1e6);
  const double last = 90.0 * 2999;
  ASSERT_EQ(d.said.size(), 2u);
  EXPECT_EQ(d.said[1].at, at(last + 189));
}

TEST(daemon_liveness, a_lossy_link_is_given_more_time_and_one_missing_beat_is_never_lost) {
  daemon_under_test d;
  double t = 0;
  for (int i = 0; i < 400; ++i) {
    if (i % 20 != 19) d.beat(t); // one in twenty is lost
    t += 90;
  }
  int lost = 0;
  for (const std::string& l : d.lines()) lost += l.find("lost") != std::string::npos;
  EXPECT_EQ(lost, 0);
  const daemon_status s = d.machine.status();
  EXPECT_NEAR(s.loss_rate, 0.05, 0.01);
  EXPECT_NEAR(s.period_s, 90, 0.01);
  EXPECT_EQ(s.misses, 19u);
  d.until(t + 5000);
  // Five misses: 3.4 million beats a week * 0.043^5 is below the budget of one false alarm, *
  // 0.043^4 is not.
  EXPECT_EQ(d.lines().back(), "36279 heartbeat_lost raised critical");
}

TEST(daemon_liveness, the_period_is_learned_although_the_prior_is_far_off) {
  for (double period : {1.0, 10.0, 30.0, 45.0, 60.0, 100.0, 120.0, 180.0}) {
    daemon_under_test d;
    for (int i = 0; i < 40; ++i) d.beat(period * i);
    EXPECT_NEAR(d.machine.status().period_s, period, period * 0.02) << period;
    EXPECT_LT(d.machine.status().loss_rate, 0.01) << period;
  }
}

TEST(daemon_liveness, a_beat_too_many_or_too_few_does_not_shift_the_period) {
  daemon_under_test d;
  for (int i = 0; i < 200; ++i) {
    if (i % 17 == 5) continue; // one is missing
    d.beat(90.0 * i);
    if (i % 13 == 7) d.beat(90.0 * i + 7 * (i % 9 + 1)); // one more than there should be
  }
  EXPECT_NEAR(d.machine.status().period_s, 90, 0.5);
}

TEST(daemon_liveness, the_same_heartbeat_through_two_vantage_points_counts_once) {
  daemon_under_test d;
  d.with_members = true;
  for (int i = 0; i < 20; ++i) {
    d.beat_since(90.0 * i, -1000, 0);
    d.beat(90.0 * i + 0.4, 1); // the same uptime and counters
  }
  EXPECT_EQ(d.lines(), (lines{"0 member 8.7.0 vantages=1", "0.4 member 8.7.0 vantages=3"}));
  EXPECT_EQ(d.machine.status().heartbeats, 20u);
  EXPECT_EQ(d.machine.last_heard(), at(90.0 * 19));
}

TEST(daemon_liveness, while_no_vantage_point_sees_nothing_is_said_of_silence) {
  daemon_under_test d{fixed(30s, 12s)};
  d.beat(0, 0);
  d.beat(1, 1);
  d.tell(5, record_kind::sight_lost, 0);
  EXPECT_EQ(d.machine.next_deadline(), at(12)); // vantage point 1 still sees
  d.until(20);
  EXPECT_EQ(d.lines(), (lines{"12 heartbeat_late raised info"}));
  d.tell(20, record_kind::sight_lost, 1);
  EXPECT_EQ(d.lines(), (lines{"20 heartbeat_late cleared info"}));
  EXPECT_TRUE(d.row<bool>(symptom_kind::heartbeat_late, symptom_state::cleared, "blind"));
  EXPECT_EQ(d.machine.status().state, liveness_state::unknown);
  EXPECT_EQ(d.machine.next_deadline(), never);
  d.until(1000);
  d.tell(1000, record_kind::sight_regained, 0);
  EXPECT_EQ(d.machine.next_deadline(), at(1012)); // silence counts from here
  d.until(2000);
  EXPECT_EQ(d.lines(),
            (lines{"1012 heartbeat_late raised info", "1030 heartbeat_lost raised critical"}));
}

TEST(daemon_liveness, a_lost_daemon_stays_lost_through_blindness) {
  daemon_under_test d{fixed(30s)};
  d.beat(0);
  d.tell(40, record_kind::sight_lost);
  d.tell(50, record_kind::sight_regained);
  d.until(500);
  d.beat(500);
  EXPECT_EQ(d.lines(),
            (lines{"30 heartbeat_lost raised critical", "500 heartbeat_lost cleared critical"}));
}

TEST(daemon_liveness, hearing_it_through_another_vantage_point_ends_the_blindness) {
  daemon_under_test d{fixed(30s)};
  d.beat(0, 0);
  d.tell(5, record_kind::sight_lost, 0);
  d.beat(100, 1);
  EXPECT_EQ(d.machine.next_deadline(), at(130));
  EXPECT_EQ(d.lines(), lines{});
}

TEST(daemon_liveness, a_vantage_point_that_has_long_not_carried_it_does_not_keep_it_sighted) {
  daemon_under_test d{fixed(280s)};
  d.beat(0, 1);
  for (int i = 1; i < 40; ++i) d.beat(90.0 * i, 0);
  d.tell(3600, record_kind::sight_lost, 0);
  EXPECT_EQ(d.machine.next_deadline(), never);
}

TEST(daemon_liveness, members_are_said_first_and_when_they_change) {
  daemon_under_test d;
  d.with_members = true;
  d.base.reliability_s = 60;
  d.beat(0);
  d.beat(90);
  d.base.version = "8.8.0";
  d.beat(180);
  d.base.version = ""; // absent is no change
  d.base.reliability_s = 0;
  d.beat(270);
  d.base.reliability_s = 30;
  d.beat(360);
  EXPECT_EQ(d.lines(), (lines{"0 member 8.7.0 vantages=1", "180 member 8.8.0 vantages=1",
                              "360 member 8.8.0 vantages=1"}));
  EXPECT_EQ(std::get<member_seen>(d.kept[2].what).reliability_s, 30);
  EXPECT_EQ(std::get<member_seen>(d.kept[2].what).segment, "segment/7500/");
}

TEST(daemon_inventory, an_expected_daemon_that_never_appears_is_missing) {
  daemon_under_test d;
  d.machine.expect(300s);
  EXPECT_EQ(d.machine.next_deadline(), at(300));
  d.until(400);
  EXPECT_EQ(d.machine.status().state, liveness_state::missing);
  d.beat(450);
  EXPECT_EQ(d.lines(), (lines{"300 inventory_missing raised warning",
                              "450 inventory_missing cleared warning"}));
  EXPECT_EQ(d.machine.status().state, liveness_state::alive);
}

TEST(daemon_inventory, nothing_is_missing_while_we_are_blind_or_once_it_was_heard) {
  daemon_under_test heard;
  heard.machine.expect(300s);
  heard.beat(299);
  heard.until(320);
  EXPECT_EQ(heard.lines(), lines{});

  daemon_under_test blind;
  blind.machine.expect(300s);
  blind.tell(10, record_kind::sight_lost);
  blind.tell(1000, record_kind::sight_regained);
  blind.until(2000);
  EXPECT_EQ(blind.lines(), (lines{"1300 inventory_missing raised warning"}));
}

TEST(daemon_inventory, a_newcomer_is_told_with_its_first_heartbeat) {
  daemon_under_test d;
  d.machine.mark_unknown();
  d.until(1000);
  d.beat(1000);
  d.beat(1090);
  EXPECT_EQ(d.lines(), (lines{"1000 inventory_unknown raised info"}));
  d.machine.expect(300s); // somebody has configured it
  d.beat(1180);
  EXPECT_EQ(d.lines(), (lines{"1180 inventory_unknown cleared info"}));
}

TEST(daemon_rules_change, new_rules_count_from_now_on) {
  daemon_under_test d{fixed(280s)};
  d.beat(0);
  d.machine.set_rules(std::make_shared<daemon_rules>(fixed(30s)), at(100));
  d.until(200);
  EXPECT_EQ(d.lines(), (lines{"100 heartbeat_lost raised critical"}));
}

} // namespace
} // namespace tocsin::daemon_liveness_test

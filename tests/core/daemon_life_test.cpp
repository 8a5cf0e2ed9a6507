// The verdict on the end of a life: stopped on purpose, restarted, rebooted with its host.
#include <gtest/gtest.h>

#include "daemon_fixture.hpp"

namespace tocsin::daemon_life_test {
namespace {

using test::at;
using test::daemon_under_test;
using test::lines;

TEST(daemon_life, a_stop_on_purpose_is_not_a_loss) {
  daemon_under_test d;
  d.beat_since(0, -100);
  d.tell(60, record_kind::host_stop);
  d.tell(60.2, record_kind::host_stop, 1); // the same through another vantage point
  d.until(5000);
  EXPECT_EQ(d.lines(), (lines{"60 daemon_stopped raised warning"}));
  EXPECT_EQ(d.machine.status().state, liveness_state::stopped);
  d.tell(5000, record_kind::host_start);
  EXPECT_EQ(d.lines(),
            (lines{"5000 daemon_stopped cleared warning", "5000 daemon_restarted raised info"}));
  EXPECT_TRUE(d.row<bool>(symptom_kind::daemon_restarted, symptom_state::raised, "announced"));
  d.beat_since(5005, 5000);
  d.until(5700);
  // The start counts as hearing it; after one beat and then silence it is lost again.
  EXPECT_EQ(d.lines().front(), "5104 heartbeat_late raised info");
}

TEST(daemon_life, the_stop_of_a_daemon_nobody_knew_is_no_news) {
  daemon_under_test d;
  d.tell(0, record_kind::host_stop);
  EXPECT_EQ(d.lines(), lines{});
}

TEST(daemon_life, a_fallen_uptime_is_a_restart_and_is_told_for_a_while) {
  daemon_under_test d;
  d.beat_since(0, -5000);
  d.beat_since(90, -5000);
  d.beat_since(180, 150);
  EXPECT_EQ(d.lines(), (lines{"180 daemon_restarted raised warning"}));
  EXPECT_EQ(d.row<double>(symptom_kind::daemon_restarted, symptom_state::raised, "downtime_max_s"),
            60);
  EXPECT_EQ(
      d.row<std::int64_t>(symptom_kind::daemon_restarted, symptom_state::raised, "uptime_before_s"),
      5090);
  EXPECT_EQ(
      d.row<std::int64_t>(symptom_kind::daemon_restarted, symptom_state::raised, "uptime_after_s"),
      30);
  EXPECT_TRUE(
      d.row<bool>(symptom_kind::daemon_restarted, symptom_state::raised, "host_reboot_possible"));
  EXPECT_EQ(d.machine.restarted_at(), at(150));
  for (int i = 3; i < 10; ++i) d.beat_since(90.0 * i, 150);
  EXPECT_EQ(d.lines(), (lines{"780 daemon_restarted cleared warning"}));
}

TEST(daemon_life, a_counter_that_fell_is_a_restart_too) {
  daemon_under_test d;
  d.base.set(counter::packets_sent, 1000); // no uptime at all
  d.beat(0);
  d.grow(counter::packets_sent, 10);
  d.beat(90);
  EXPECT_EQ(d.lines(), lines{});
  d.base.set(counter::packets_sent, 5);
  d.beat(180);
  EXPECT_EQ(d.lines(), (lines{"180 daemon_restarted raised warning"}));
}

TEST(daemon_life, counters_that_begin_again_in_a_life_that_goes_on_are_no_restart) {
  daemon_under_test d;
  d.base.set(counter::packets_sent, 1'000'000);
  d.base.set(counter::retransmitted, 50'000);
  d.base.set(counter::lost_inbound, 40);
  for (int i = 0; i < 3; ++i) d.beat_since(90.0 * i, -5000);
  d.base.set(counter::packets_sent, 2'000);
  d.base.set(counter::retransmitted, 5);
  d.beat_since(270, -5000); // what was lost before is still counted and no new loss
  EXPECT_EQ(d.lines(), lines{});
  EXPECT_EQ(d.machine.status().resets, 1u);
  EXPECT_EQ(d.machine.status().retransmission_outbound_percent, 0.25);
}

TEST(daemon_life, a_life_that_began_after_it_was_last_heard_is_a_restart_although_uptime_grew) {
  daemon_under_test d;
  d.base.set(counter::packets_sent, 1000);
  d.beat_since(0, -20); // up 20
  d.base.set(counter::packets_sent, 5);
  d.beat_since(90, 50); // up 40
  EXPECT_EQ(d.lines(), (lines{"90 daemon_restarted raised warning"}));
  EXPECT_EQ(d.machine.restarted_at(), at(50));
}

TEST(daemon_life, a_restart_ends_the_loss_at_the_same_time) {
  daemon_under_test d;
  for (int i = 0; i < 3; ++i) d.beat_since(90.0 * i, -100);
  d.until(1000);
  d.lines();
  d.beat_since(1000, 990);
  EXPECT_EQ(d.lines(),
            (lines{"1000 heartbeat_lost cleared critical", "1000 heartbeat_late cleared warning",
                   "1000 daemon_restarted raised warning"}));
}

TEST(daemon_life, more_than_three_restarts_within_an_hour_are_critical) {
  daemon_under_test d;
  double start = -1000;
  for (int i = 0; i < 30; ++i) {
    if (i % 5 == 4) start = 90.0 * i - 20;
    d.beat_since(90.0 * i, start);
  }
  EXPECT_EQ(d.lines(), (lines{"360 daemon_restarted raised warning",
                              "1710 daemon_restarted changed critical"}));
  EXPECT_EQ(d.machine.status().resets, 6u);
}

TEST(daemon_life, an_overtaken_heartbeat_of_the_same_life_is_no_restart) {
  daemon_under_test d;
  auto beat = [&](double arrives, double sent, std::uint8_t vantage) {
    d.base.set(counter::uptime, static_cast<std::uint64_t>(sent + 1000));
    d.base.sent_at = at(sent);
    d.beat(arrives, vantage);
  };
  beat(0, 0, 0);
  beat(90, 90, 0);
  beat(91, 0, 1); // the first one, through a slow vantage point
  beat(180, 180, 0);
  EXPECT_EQ(d.lines(), lines{});
  EXPECT_EQ(d.machine.status().heartbeats, 3u);
}

struct host {
  daemon_under_test a{{}, "7500"}, b{{}, "7600"};
  host_peers peers{{&a.machine, &b.machine}};
  host() { a.peers = b.peers = &peers; }
};

TEST(daemon_life, when_all_daemons_of_a_host_come_back_anew_the_host_was_rebooted) {
  host h;
  for (int i = 0; i < 3; ++i) {
    h.a.beat_since(90.0 * i, -1000);
    h.b.beat_since(90.0 * i + 40, -1000);
  }
  // Down from 230 to 400.
  h.b.until(420);
  h.a.beat_since(420, 400);
  h.b.beat_since(425, 402);
  EXPECT_EQ(h.a.lines().back(), "420 host_rebooted raised warning");
  EXPECT_EQ(h.b.lines().back(), "425 host_rebooted raised warning");
  h.a.beat_since(1000, 400);
  h.a.until(1030);
  h.a.beat_since(1050, 400);
  EXPECT_EQ(h.a.lines().back(), "1020 host_rebooted cleared warning");
}

TEST(daemon_life, a_neighbour_that_lived_on_means_that_only_the_daemon_restarted) {
  host h;
  h.a.beat_since(0, -1000);
  for (double t : {40.0, 130.0, 220.0}) h.b.beat_since(t, -1000);
  h.a.beat_since(240, 200);
  EXPECT_EQ(h.a.lines().back(), "240 daemon_restarted raised warning");
}

TEST(daemon_life, a_neighbour_that_is_not_due_yet_proves_nothing_but_its_own_restart_does) {
  host h;
  h.a.beat_since(0, -1000);
  h.b.beat_since(10, -1000);
  h.a.beat_since(80, 75); // b would be due at 100
  EXPECT_EQ(h.a.lines(), (lines{"80 daemon_restarted raised warning"}));
  h.b.beat_since(100, 76);
  EXPECT_EQ(h.b.lines(), (lines{"100 host_rebooted raised warning"}));
}

TEST(daemon_life, a_gap_too_short_for_a_reboot_is_a_restart) {
  host h;
  h.a.beat_since(0, -1000);
  h.b.beat_since(40, -1000);
  h.a.beat_since(90, 60);
  h.b.beat_since(130, 70);
  EXPECT_EQ(h.b.lines(), (lines{"130 daemon_restarted raised warning"})); // at most 20 s for both
}

TEST(daemon_life, a_neighbour_that_fell_silent_long_before_tells_nothing) {
  host h;
  h.b.beat_since(0, -1000);
  for (int i = 0; i < 20; ++i) h.a.beat_since(90.0 * i, -1000);
  h.a.beat_since(2000, 1900);
  EXPECT_EQ(h.a.lines().back(), "2000 daemon_restarted raised warning");
}

} // namespace
} // namespace tocsin::daemon_life_test

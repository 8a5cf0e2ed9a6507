// A daemon's counters: data loss, clients, retransmissions, suppression, clock.
#include <gtest/gtest.h>

#include "core/engine.hpp"
#include "daemon_fixture.hpp"

namespace tocsin::daemon_counters_test {
namespace {

using test::at;
using test::daemon_under_test;
using test::lines;

daemon_rules quiet_for(duration quiet) {
  daemon_rules r;
  r.data_loss.quiet = quiet;
  return r;
}

record advisory(const daemon_under_test& d, double t, record_kind kind, std::string_view peer,
                std::uint64_t lost) {
  record r = d.make(t, kind);
  r.peer = peer;
  r.set(counter::lost_count, lost);
  return r;
}

TEST(daemon_data_loss, a_rise_raises_and_the_next_heartbeat_without_clears) {
  daemon_under_test d{quiet_for(0s)};
  d.base.set(counter::uptime, 1000);
  d.base.set(counter::lost_inbound, 40); // what was lost before we came is not ours to tell
  d.base.set(counter::lost_outbound, 7);
  d.beat(0);
  d.grow(counter::lost_inbound, 2);
  d.beat(90);
  d.grow(counter::lost_outbound, 1);
  d.beat(180);
  d.beat(270);
  EXPECT_EQ(
      d.lines(),
      (lines{"90 data_loss_inbound raised critical", "180 data_loss_inbound cleared critical",
             "180 data_loss_outbound raised critical", "270 data_loss_outbound cleared critical"}));
  EXPECT_EQ(d.row<std::int64_t>(symptom_kind::data_loss_inbound, symptom_state::raised, "lost"), 2);
  EXPECT_EQ(d.row<std::string>(symptom_kind::data_loss_inbound, symptom_state::raised, "source"),
            "counter");
}

TEST(daemon_data_loss, after_a_restart_every_count_is_new) {
  daemon_under_test d{quiet_for(0s)};
  d.base.set(counter::uptime, 1000);
  d.base.set(counter::lost_inbound, 40);
  d.beat(0);
  d.base.set(counter::uptime, 20);
  d.base.set(counter::lost_inbound, 3);
  d.beat(90);
  EXPECT_EQ(d.lines(),
            (lines{"90 daemon_restarted raised warning", "90 data_loss_inbound raised critical"}));
}

TEST(daemon_data_loss, a_heartbeat_without_the_field_judges_nothing) {
  daemon_under_test d{quiet_for(0s)};
  d.base.set(counter::lost_inbound, 0);
  d.beat(0);
  d.grow(counter::lost_inbound, 1);
  d.beat(90);
  const record full = d.base;
  d.base.present = 0;
  d.beat(180);
  EXPECT_EQ(d.lines(), (lines{"90 data_loss_inbound raised critical"}));
  d.base = full;
  d.beat(270);
  EXPECT_EQ(d.lines(), (lines{"270 data_loss_inbound cleared critical"}));
}

TEST(daemon_data_loss, advisories_name_the_peer_and_only_a_new_peer_is_said) {
  daemon_under_test d;
  d.base.set(counter::lost_inbound, 0);
  d.beat(0);
  d.apply(advisory(d, 10, record_kind::data_loss_inbound, "10.9.9.1", 99));
  d.apply(advisory(d, 20, record_kind::data_loss_inbound, "10.9.9.1", 1));
  d.grow(counter::lost_inbound, 100); // the same packets, counted
  d.beat(90);
  d.apply(advisory(d, 100, record_kind::data_loss_inbound, "10.9.9.2", 5));
  for (int i = 2; i < 12; ++i) d.beat(90.0 * i);
  EXPECT_EQ(d.lines(),
            (lines{"10 data_loss_inbound raised critical", "100 data_loss_inbound changed critical",
                   "700 data_loss_inbound cleared critical"}));
  const auto kind = symptom_kind::data_loss_inbound;
  EXPECT_EQ(d.row<std::string>(kind, symptom_state::raised, "peer"), "10.9.9.1");
  EXPECT_EQ(d.row<std::string>(kind, symptom_state::cleared, "peer"), "10.9.9.1, 10.9.9.2");
  EXPECT_EQ(d.row<std::int64_t>(kind, symptom_state::cleared, "lost"), 105);
  EXPECT_EQ(d.row<std::string>(kind, symptom_state::cleared, "source"), "counter, advisory");
}

TEST(daemon_data_loss, any_number_of_peers_is_said_a_bounded_number_of_times) {
  daemon_under_test d;
  for (int i = 0; i < 100; ++i)
    d.apply(advisory(d, i, record_kind::data_loss_outbound, "10.9.9." + std::to_string(i), 1));
  EXPECT_EQ(d.lines().size(), 8u);
}

TEST(daemon_data_loss, while_blind_nobody_says_that_it_is_over) {
  daemon_under_test d{quiet_for(60s)};
  d.base.set(counter::lost_inbound, 0);
  d.beat(0);
  d.grow(counter::lost_inbound, 1);
  d.beat(90);
  d.tell(100, record_kind::sight_lost);
  d.tell(1000, record_kind::sight_regained);
  d.until(1050);
  EXPECT_EQ(d.lines(), (lines{"90 data_loss_inbound raised critical"}));
  d.beat(1080);
  d.until(1170);
  EXPECT_EQ(d.lines(), (lines{"1099 data_loss_inbound cleared critical"}));
}

TEST(daemon_clients, high_and_critical_have_their_own_hysteresis) {
  daemon_under_test d;
  d.rules->clients.limit = 100;
  d.rules->forecast.enabled = false;
  const std::vector<std::pair<std::uint64_t, lines>> table{
      {79, {}},
      {80, {"clients_high raised warning"}},
      {79, {}},
      {94, {}},
      {95, {"clients_critical raised critical"}},
      {90, {}},
      {89, {"clients_critical cleared critical"}},
      {75, {}},
      {74, {"clients_high cleared warning"}},
      {100, {"clients_high raised warning", "clients_critical raised critical"}},
      {0, {"clients_high cleared warning", "clients_critical cleared critical"}},
  };
  double t = 0;
  for (const auto& [clients, want] : table) {
    d.base.set(counter::clients, clients);
    d.beat(t);
    lines said = d.lines();
    for (std::string& l : said) l = l.substr(l.find(' ') + 1);
    EXPECT_EQ(said, want) << clients << " clients";
    t += 90;
  }
}

TEST(daemon_clients, the_limit_of_the_record_wins_over_the_inventory_over_the_rules) {
  daemon_under_test none;
  none.base.set(counter::clients, 1'000'000);
  none.beat(0);
  EXPECT_EQ(none.lines(), lines{}); // no limit, no judgement

  daemon_under_test d;
  d.rules->clients.limit = 10;
  d.machine.set_client_limit(20);
  d.base.set(counter::clients, 15);
  d.beat(0);
  EXPECT_EQ(d.lines(), lines{}); // 15 of 20
  d.base.set(counter::client_limit, 16);
  d.beat(90);
  EXPECT_EQ(d.lines(), (lines{"90 clients_high raised warning"}));
  EXPECT_EQ(d.row<std::int64_t>(symptom_kind::clients_high, symptom_state::raised, "limit"), 16);
}

struct rates : daemon_under_test {
  double t = 0;
  explicit rates(daemon_rules r = {}) : daemon_under_test(std::move(r)) {
    for (auto c : {counter::packets_sent, counter::packets_received, counter::retransmitted,
                   counter::missed, counter::suppressed_inbound, counter::suppressed_outbound})
      base.set(c, 1'000'000);
    beat(0);
  }
  /// One interval with 10,000 packets each way.
  void out(double percent, std::uint64_t suppressed = 0) {
    grow(counter::packets_sent, 10'000);
    grow(counter::retransmitted, static_cast<std::uint64_t>(percent * 100));
    grow(counter::suppressed_outbound, suppressed);
    beat(t += 90);
  }
};

TEST(daemon_retransmission, two_intervals_raise_one_below_clears_and_severity_changes_once) {
  rates d;
  for (double percent :
       {2.0, 0.5, 2.0, 2.0, 2.0, 6.0, 6.0, 6.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.9, 0.9})
    d.out(percent);
  const lines said = d.lines();
  ASSERT_EQ(said.size(), 4u);
  EXPECT_EQ(said[0], "360 retransmission_outbound raised warning");
  EXPECT_EQ(said[1], "630 retransmission_outbound changed critical");
  EXPECT_TRUE(said[2].ends_with("retransmission_outbound changed warning")) << said[2];
  EXPECT_EQ(said[3], "1350 retransmission_outbound cleared warning");
  EXPECT_EQ(d.row<std::int64_t>(symptom_kind::retransmission_outbound, symptom_state::raised,
                                "retransmitted"),
            200);
}

TEST(daemon_retransmission, the_limit_itself_counts_as_reached) {
  daemon_rules r;
  r.retransmission_outbound.intervals = 1;
  rates d{r};
  d.out(0.99);
  EXPECT_EQ(d.lines(), lines{});
  d.out(1);
  EXPECT_EQ(d.lines(), (lines{"180 retransmission_outbound raised warning"}));
}

TEST(daemon_retransmission, an_interval_with_few_packets_leaves_things_as_they_are) {
  rates d;
  d.out(2);
  d.grow(counter::packets_sent, 10);
  d.grow(counter::retransmitted, 10);
  d.beat(d.t += 90);
  EXPECT_EQ(d.lines(), lines{});
  d.out(2);
  EXPECT_EQ(d.lines(), (lines{"270 retransmission_outbound raised warning"}));
}

TEST(daemon_retransmission, inbound_is_missed_against_received) {
  rates d;
  for (int i = 0; i < 2; ++i) {
    d.grow(counter::packets_received, 10'000);
    d.grow(counter::missed, 10);
    d.beat(d.t += 90);
  }
  EXPECT_EQ(d.lines(), (lines{"180 retransmission_inbound raised warning"}));
}

TEST(daemon_retransmission, a_falling_rate_under_suppression_is_no_recovery) {
  rates d;
  d.out(3);
  d.out(3);
  d.out(0.1, 50); // requests are no longer answered
  d.out(0.1, 50);
  EXPECT_EQ(d.lines(), (lines{"180 retransmission_outbound raised warning",
                              "360 hidden_loss raised warning"}));
  const daemon_status status = d.machine.status();
  ASSERT_EQ(status.symptoms.size(), 2u);
  bool held = false;
  for (const fact& f : status.symptoms[0].facts) held |= f.name == "suppressed_held";
  EXPECT_TRUE(held);
  d.out(0.1);
  EXPECT_EQ(d.lines(), (lines{"450 retransmission_outbound cleared warning",
                              "450 hidden_loss cleared warning"}));
}

TEST(daemon_retransmission, suppression_told_by_advisories_counts_too) {
  rates d;
  for (int i = 0; i < 2; ++i) {
    record r = d.make(d.t + 10, record_kind::retransmission_suppressed);
    r.peer = "10.9.9.9";
    d.apply(r);
    d.out(0);
  }
  EXPECT_EQ(d.lines(), (lines{"180 hidden_loss raised warning"}));
  EXPECT_EQ(d.row<std::string>(symptom_kind::hidden_loss, symptom_state::raised, "peer"),
            "10.9.9.9");
  d.out(0);
  EXPECT_EQ(d.lines(), (lines{"270 hidden_loss cleared warning"}));
}

TEST(daemon_retransmission, a_rising_trend_foresees_data_loss_before_the_rate_is_critical) {
  rates d;
  for (double percent : {0.1, 0.2, 0.4, 0.7, 1.1, 1.5, 1.8, 2.2, 2.6}) d.out(percent);
  EXPECT_EQ(d.lines(), (lines{"540 retransmission_outbound raised warning",
                              "630 retransmission_outbound changed critical"}));
  const auto expected = d.row<double>(symptom_kind::retransmission_outbound, symptom_state::changed,
                                      "data_loss_expected_s");
  EXPECT_GT(expected, 600); // 3.5 % to go at about 0.3 % per 90 s
  EXPECT_LT(expected, 1500);
}

TEST(daemon_retransmission, a_rate_that_stays_is_not_foreseen_to_rise) {
  rates d;
  for (int i = 0; i < 200; ++i) d.out(2 + 0.3 * ((i * 7919) % 11 - 5) / 5.0);
  EXPECT_EQ(d.lines(), (lines{"180 retransmission_outbound raised warning"}));
}

TEST(daemon_retransmission, a_step_is_not_a_trend) {
  for (double level : {1.2, 2.0, 3.0, 4.5}) {
    rates d;
    for (int i = 0; i < 20; ++i) d.out(0.03);
    for (int i = 0; i < 200; ++i) d.out(level + 0.01 * ((i * 7919) % 11));
    EXPECT_EQ(d.lines(), (lines{"1980 retransmission_outbound raised warning"})) << level;
  }
}

TEST(daemon_clock, skew_must_last_and_is_not_judged_by_the_messages_own_time) {
  daemon_under_test d;
  auto beat = [&](double t, double skew, time_source timed_by) {
    d.base.sent_at = at(t - skew);
    d.base.timed_by = timed_by;
    d.beat(t);
  };
  for (int i = 0; i < 5; ++i) beat(90.0 * i, 60, time_source::message);
  EXPECT_EQ(d.lines(), lines{});
  for (int i = 5; i < 10; ++i) beat(90.0 * i, -7.5, time_source::arrival);
  EXPECT_EQ(d.lines(), (lines{"630 clock_skew raised warning"}));
  EXPECT_EQ(d.row<double>(symptom_kind::clock_skew, symptom_state::raised, "skew_s"), -7.5);
  d.base.sent_at = unset;
  d.beat(900);
  EXPECT_EQ(d.lines(), lines{});
  beat(990, 5, time_source::log);
  EXPECT_EQ(d.lines(), (lines{"990 clock_skew cleared warning"}));
}

TEST(daemon_clock, what_only_came_late_is_no_wrong_clock) {
  daemon_under_test d;
  timestamp watermark = unset;
  auto beat = [&](double heard, double now, double sent) { // heard by a bridge then, and read when time had come to `now`
    record_batch one;
    one.records.push_back(d.base);
    one.records[0].moved_s = 0;
    one.records[0].at = at(heard);
    one.records[0].sent_at = at(sent);
    one.records[0].timed_by = time_source::arrival;
    watermark = at(now);
    sequence(one, watermark);
    EXPECT_EQ(one.records[0].at, at(now));
    d.base.sent_at = one.records[0].sent_at;
    d.base.timed_by = time_source::arrival;
    d.base.moved_s = one.records[0].moved_s;
    d.beat(now);
  };
  for (int i = 4; i < 10; ++i) beat(90.0 * i - 300, 90.0 * i, 90.0 * i - 300);
  EXPECT_EQ(d.lines(), lines{}) << "minutes late, all of them, and every clock is right";
  for (int i = 10; i < 13; ++i) beat(90.0 * i - 300, 90.0 * i, 90.0 * i - 308);
  EXPECT_EQ(d.lines(), (lines{"1080 clock_skew raised warning"})) << "a wrong one is found all the same";
  EXPECT_EQ(d.row<double>(symptom_kind::clock_skew, symptom_state::raised, "skew_s"), 8);
}

TEST(daemon_numbers, extremes_break_nothing) {
  daemon_under_test d;
  d.rules->clients.limit = ~std::uint64_t{0};
  for (std::uint64_t v :
       {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0} - 1}) {
    for (std::size_t i = 0; i < counter_count; ++i) d.base.set(static_cast<counter>(i), v);
    for (timestamp t : {from_nanoseconds(1), at(0), never}) {
      record r = d.base;
      r.at = t;
      r.sent_at = timestamp::min() + 1ns;
      d.apply(r);
      d.machine.status();
    }
  }
  record first = d.base;
  first.at = timestamp::min();
  daemon_under_test e;
  e.apply(first);
  first.at = never;
  e.apply(first);
  EXPECT_EQ(e.machine.status().heartbeats, 2u);
}

} // namespace
} // namespace tocsin::daemon_counters_test

// Losses between daemons: one daemon, a pair, a storm, and who is to blame.
#include <gtest/gtest.h>

#include "core/blame.hpp"
#include "group_fixture.hpp"

namespace tocsin::group_loss_test {
namespace {

using test::at;
using test::daemon;
using test::fact;
using test::lines;
using test::table_under_test;
using enum symptom_kind;

evidence percent(double p) { return {{"percent", p}}; }
evidence peer(const std::string& p) { return {{"lost", std::int64_t{12}}, {"peer", p}}; }

TEST(group_loss, data_loss_is_told_at_once_with_everything_of_that_moment) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.raise(100, daemon(7), data_loss_outbound, severity::critical);
  t.raise(100, daemon(7), data_loss_inbound, severity::critical, peer("10.0.0.99"));
  t.until(101);
  EXPECT_EQ(t.said.incidents.at(0).title,
            "rvd 10.0.0.7/7500 loses data it should receive: 12 packets, sent by 10.0.0.99");
  EXPECT_EQ(t.lines(),
            (lines{"100 opened critical data_loss_inbound rvd/10.0.0.7/7500 members 1"}));
}

TEST(group_loss, a_rate_is_told_after_a_period_and_grows_worse_in_place) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.raise(100, daemon(7), retransmission_inbound, severity::warning, percent(0.4));
  t.until(1000);
  EXPECT_EQ(t.said.incidents.at(0).title, "rvd 10.0.0.7/7500 misses packets: 0.4 %");
  t.raise(1000, daemon(7), data_loss_inbound, severity::critical);
  t.clear(1100, daemon(7), data_loss_inbound, 1000);
  t.clear(1100, daemon(7), retransmission_inbound, 100);
  t.until(2000);
  EXPECT_EQ(t.pages(), (lines{"212.5 opened retransmission_inbound", "1000 worse data_loss_inbound",
                              "1160 closed data_loss_inbound"}));
}

TEST(group_loss, enough_daemons_within_the_window_are_one_storm_from_the_start) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.raise(100, daemon(9), retransmission_inbound, severity::critical, percent(5));
  t.raise(120, daemon(1), retransmission_outbound, severity::warning, percent(2));
  t.raise(130, daemon(2), retransmission_outbound, severity::warning, percent(2));
  t.raise(140, daemon(3), retransmission_outbound, severity::warning, percent(2));
  t.until(300);
  ASSERT_EQ(t.said.incidents.size(), 1u);
  const incident& i = t.said.incidents[0];
  EXPECT_EQ(fact<std::string>(i, "suspect"), "receiver");
  EXPECT_EQ(fact<std::int64_t>(i, "senders"), 3);
  EXPECT_FALSE(fact<std::string>(i, "runner_up").empty());
  EXPECT_GT(i.because.probability, 0.5);
  EXPECT_TRUE(i.title.starts_with(
      "Loss storm on segment 7500: 4 daemons, most likely receiver rvd 10.0.0.9/7500 ("))
      << i.title;
  EXPECT_EQ(t.lines(),
            (lines{"212.5 opened critical retransmission_inbound rvd/10.0.0.9/7500 members 4"}));
}

TEST(group_loss, incidents_that_were_told_apart_become_the_storm_and_newcomers_join_it) {
  table_under_test t;
  t.fleet(0, 1, 24);
  for (int n : {1, 2, 3}) t.raise(100 * n, daemon(n), data_loss_inbound, severity::critical);
  t.raise(330, daemon(4), retransmission_inbound, severity::warning, percent(0.2));
  t.until(1000);
  const std::string storm = t.said.incidents[0].id;
  EXPECT_EQ(fact<std::string>(t.said.incidents[2], "merged_into"), storm);
  EXPECT_EQ(t.said.incidents[3].id, storm);
  EXPECT_EQ(t.lines(), (lines{"100 opened critical data_loss_inbound rvd/10.0.0.1/7500 members 1",
                              "200 opened critical data_loss_inbound rvd/10.0.0.2/7500 members 1",
                              "300 closed critical data_loss_inbound rvd/10.0.0.2/7500 members 1",
                              "300 updated critical data_loss_inbound segment/7500/ members 3",
                              "330 updated critical data_loss_inbound segment/7500/ members 4"}));
}

TEST(group_loss, one_of_many_that_gets_worse_is_said_at_once_however_calm_the_others_are) {
  table_under_test t;
  t.fleet(0, 1, 24);
  for (int n = 1; n <= 12; ++n)
    t.raise(100, daemon(n), retransmission_inbound, severity::warning, percent(0.2));
  for (int n = 1; n <= 12; ++n) // nobody's change so far is worse
    t.tell(300 + n, daemon(n), retransmission_inbound, symptom_state::changed, severity::warning,
           100, percent(0.3));
  t.raise(315, daemon(2), data_loss_inbound, severity::critical);
  t.until(1000);
  EXPECT_EQ(t.pages(),
            (lines{"212.5 opened retransmission_inbound", "315 worse data_loss_inbound"}));
}

TEST(group_loss, losses_far_apart_are_no_storm) {
  table_under_test t;
  t.fleet(0, 1, 24);
  for (int n : {1, 2, 3}) t.raise(1000 * n, daemon(n), data_loss_inbound, severity::critical);
  t.until(5000);
  EXPECT_EQ(t.lines().size(), 3u);
}

TEST(group_loss, both_ends_of_one_loss_are_one_incident) {
  table_under_test t;
  t.fleet(0, 1, 24);
  t.raise(100, daemon(1), data_loss_outbound, severity::critical, peer("10.0.0.9"));
  t.raise(100, daemon(9), data_loss_inbound, severity::critical, peer("10.0.0.1"));
  t.raise(100, daemon(5), data_loss_inbound, severity::critical,
          peer("10.0.0.99")); // by itself it would be three
  table_under_test two;
  two.fleet(0, 1, 24);
  two.raise(100, daemon(1), data_loss_outbound, severity::critical, peer("10.0.0.9"));
  two.raise(100, daemon(9), data_loss_inbound, severity::critical, peer("10.0.0.1"));
  two.until(200);
  t.until(200);
  EXPECT_EQ(t.lines().size(), 1u);
  EXPECT_EQ(two.lines(),
            (lines{"100 opened critical data_loss_inbound rvd/10.0.0.9/7500 members 2"}));
}

TEST(group_loss, the_verdict_stands_while_the_storm_abates) {
  table_under_test t;
  t.fleet(0, 1, 24);
  for (int n = 1; n <= 4; ++n)
    t.raise(100, daemon(n), retransmission_inbound, severity::warning, percent(1 + 0.1 * n));
  t.until(300);
  EXPECT_EQ(t.lines(),
            (lines{"212.5 opened warning retransmission_inbound segment/7500/ members 4"}));
  for (int n = 1; n <= 4; ++n) t.clear(300 + 100 * n, daemon(n), retransmission_inbound, 100);
  t.until(2000);
  EXPECT_EQ(t.pages(), (lines{"760 closed retransmission_inbound"}));
}

loss_report from(int n, symptom_kind kind, double rate = 0, std::vector<std::string> peers = {}) {
  return {daemon(n), kind, severity::warning, at(n), rate, std::move(peers)};
}

TEST(blame, a_receiver_that_misses_by_far_the_most_is_to_blame_not_those_it_drags_along) {
  const auto ranked = rank_suspects(
      "segment/7500/", {from(9, retransmission_inbound, 6), from(10, retransmission_inbound, 0.5),
                        from(11, retransmission_inbound, 0.4), from(12, retransmission_outbound, 3),
                        from(13, retransmission_outbound, 3)});
  EXPECT_EQ(ranked[0].subject, daemon(9));
  EXPECT_EQ(ranked[0].role, suspect::role_t::receiver);
  EXPECT_GT(ranked[0].probability, 0.7);
}

TEST(blame, receivers_that_miss_alike_point_at_the_network) {
  const auto ranked = rank_suspects(
      "segment/7500/", {from(1, retransmission_inbound, 3), from(2, retransmission_inbound, 2.5),
                        from(3, retransmission_inbound, 2.8), from(4, retransmission_outbound, 2)});
  EXPECT_EQ(ranked[0].subject, "segment/7500/");
  EXPECT_EQ(ranked[0].role, suspect::role_t::network);
}

TEST(blame, a_sender_that_every_receiver_names_is_to_blame) {
  const auto ranked = rank_suspects("segment/7500/", {from(1, data_loss_inbound, 0, {daemon(9)}),
                                                      from(2, data_loss_inbound, 0, {daemon(9)}),
                                                      from(3, data_loss_inbound, 0, {daemon(9)}),
                                                      from(9, retransmission_outbound, 4)});
  EXPECT_EQ(ranked[0].subject, daemon(9));
  EXPECT_EQ(ranked[0].role, suspect::role_t::sender);
  EXPECT_EQ(ranked[0].kind, data_loss_outbound);
}

TEST(blame, a_receiver_that_several_senders_name_is_to_blame_though_it_says_nothing) {
  const auto ranked = rank_suspects("segment/7500/", {from(1, data_loss_outbound, 0, {daemon(9)}),
                                                      from(2, data_loss_outbound, 0, {daemon(9)}),
                                                      from(3, retransmission_outbound, 2)});
  EXPECT_EQ(ranked[0].subject, daemon(9));
  EXPECT_EQ(ranked[0].kind, data_loss_inbound);
  double sum = 0;
  for (const suspect& s : ranked) {
    EXPECT_GE(s.probability, 0);
    EXPECT_LE(s.probability, 0.95);
    sum += s.probability;
  }
  EXPECT_LE(sum, 1);
}

} // namespace
} // namespace tocsin::group_loss_test

// Our own sight: a link that is down is one incident about us, and silence nobody could see is
// none.
#include <gtest/gtest.h>

#include "group_fixture.hpp"

namespace tocsin::sight_test {
namespace {

using test::at;
using test::daemon;
using test::fact;
using test::lines;
using test::table_under_test;
using enum symptom_kind;

constexpr std::uint64_t through_first = 1, through_both = 3;

TEST(sight, a_link_that_is_back_within_its_grace_is_not_told) {
  table_under_test t;
  t.fleet(0, 1, 5);
  t.sight(100, 0, false);
  t.sight(104, 0, true);
  t.until(1000);
  EXPECT_EQ(t.lines(), lines{});
}

TEST(sight, a_broken_link_is_one_incident_for_all_segments) {
  table_under_test t;
  t.fleet(0, 1, 5, "7500", through_first);
  t.fleet(0, 6, 8, "7600", through_first);
  t.seen(0, daemon(9), through_both);
  t.sight(100, 0, false);
  t.sight(100, 0, false); // said twice is said once
  t.until(200);
  ASSERT_EQ(t.said.incidents.size(), 1u);
  const incident& i = t.said.incidents[0];
  EXPECT_EQ(i.title, "We are blind: link to fab1 is down, 8 daemons unwatched");
  EXPECT_EQ(i.since, at(100));
  EXPECT_EQ(i.because.probability, 1);
  EXPECT_EQ(i.members.front(), "rvd/10.0.0.1/7500"); // of those heard through fab1 alone
  EXPECT_EQ(t.table.sight_incidents().size(), 1u);
  EXPECT_EQ(t.lines(), (lines{"105 opened critical sight_lost vantage/fab1 members 8"}));
  t.sight(500, 0, true);
  t.until(1000);
  EXPECT_EQ(t.said.incidents.at(0).until, at(500));
  EXPECT_EQ(t.said.incidents[0].title,
            "We were blind for 6m40s: link to fab1, 8 daemons unwatched");
  EXPECT_EQ(t.lines(), (lines{"560 closed critical sight_lost vantage/fab1 members 8"}));
}

TEST(sight, of_an_input_that_others_write_is_all_there_is) {
  constexpr std::uint64_t through_a = 2, through_b = 4;
  table_under_test t;
  t.table.set_vantage_names({"input", "a", "b"}, true);
  t.fleet(0, 1, 5, "7500", through_a);
  t.fleet(0, 6, 8, "7600", through_b);
  for (std::uint8_t v = 0; v < 3; ++v) t.sight(1, v, true);
  t.sight(100, 0, false);
  for (int n = 1; n <= 5; ++n) t.lost(150, daemon(n), 90);
  t.until(200);
  EXPECT_EQ(t.lines(), (lines{"105 opened critical sight_lost vantage/input members 8"}));
  for (int n = 1; n <= 5; ++n) t.heard(210, daemon(n));
  t.sight(211, 0, true);
  t.until(400);
  EXPECT_EQ(t.lines(), (lines{"271 closed critical sight_lost vantage/input members 8"}));
  t.sight(500, 1, false);
  t.lost(520, daemon(6, "7600"), 400);
  t.until(600);
  EXPECT_EQ(t.lines(), (lines{"505 opened critical sight_lost vantage/a members 5", "550 opened critical heartbeat_lost rvd/10.0.0.6/7600 members 1"}));
}

TEST(sight, a_spare_link_that_breaks_is_a_warning) {
  table_under_test t;
  t.fleet(0, 1, 5, "7500", through_both);
  t.sight(100, 1, false);
  t.until(200);
  EXPECT_EQ(t.lines(), (lines{"105 opened warning sight_lost vantage/fab2 members 0"}));
  t.lost(300, daemon(1), 110); // the other link sees
  t.until(400);
  EXPECT_EQ(t.lines(), (lines{"330 opened critical heartbeat_lost rvd/10.0.0.1/7500 members 1"}));
}

TEST(sight, a_link_that_breaks_again_while_it_calms_down_is_the_same_incident) {
  table_under_test t;
  t.fleet(0, 1, 5);
  t.sight(100, 0, false);
  t.sight(200, 0, true);
  t.sight(230, 0, false);
  t.sight(300, 0, true);
  t.until(1000);
  EXPECT_EQ(t.lines(), (lines{"105 opened critical sight_lost vantage/fab1 members 5",
                              "235 updated critical sight_lost vantage/fab1 members 5",
                              "360 closed critical sight_lost vantage/fab1 members 5"}));
}

TEST(sight, silence_that_was_not_judged_yet_waits_until_we_see_again) {
  table_under_test t;
  t.fleet(0, 1, 5);
  t.lost(190, daemon(1), 0);
  t.lost(195, daemon(2), 5);
  t.sight(200, 0, false);
  t.sight(300, 0, true);
  t.heard(350, daemon(2)); // lives; the other one is still silent a period and its slack later
  t.until(2000);
  EXPECT_EQ(t.lines(), (lines{"205 opened critical sight_lost vantage/fab1 members 5",
                              "360 closed critical sight_lost vantage/fab1 members 5",
                              "442.5 opened critical heartbeat_lost rvd/10.0.0.1/7500 members 1"}));
}

TEST(sight, a_link_that_comes_and_goes_cannot_hide_a_death_for_ever) {
  table_under_test t;
  t.fleet(0, 1, 5);
  t.lost(190, daemon(1), 0);
  for (int n = 0; n < 20; ++n) {
    t.sight(200 + 60 * n, 0, false);
    t.sight(201 + 60 * n, 0, true);
  }
  t.until(1400);
  EXPECT_EQ(t.lines(), (lines{"463.5 opened critical heartbeat_lost rvd/10.0.0.1/7500 members 1"}));
}

TEST(sight, silence_told_shortly_before_the_broken_link_was_noticed_ends_in_its_incident) {
  table_under_test t;
  t.fleet(0, 1, 5);
  for (int n = 1; n <= 5; ++n) t.lost(190, daemon(n), 0);
  t.sight(230, 0, false);
  t.until(300);
  EXPECT_EQ(fact<std::string>(t.said.incidents[2], "merged_into"), t.said.incidents[1].id);
  EXPECT_EQ(t.lines(), (lines{"220 opened critical segment_silent segment/7500/ members 5",
                              "235 opened critical sight_lost vantage/fab1 members 5",
                              "235 closed critical segment_silent segment/7500/ members 5"}));
  t.sight(300, 0, true);
  t.until(1000); // nobody is heard though we see: the segment is silent after all
  EXPECT_EQ(t.lines(), (lines{"360 closed critical sight_lost vantage/fab1 members 5",
                              "442.5 opened critical segment_silent segment/7500/ members 5"}));
}

TEST(sight, every_segment_of_one_vantage_silent_at_once_is_our_sight) {
  table_under_test t;
  t.fleet(0, 1, 5, "7500");
  t.fleet(0, 6, 9, "7600");
  t.fleet(0, 10, 12, "7700", 2); // through fab2, alive
  for (int n = 1; n <= 5; ++n) t.late(100 + n, daemon(n), n);
  for (int n = 6; n <= 9; ++n) t.late(100 + n, daemon(n, "7600"), n);
  for (int n = 1; n <= 5; ++n) t.lost(190 + n, daemon(n), n);
  for (int n = 6; n <= 9; ++n) t.lost(190 + n, daemon(n, "7600"), n);
  t.until(400);
  ASSERT_EQ(t.said.incidents.size(), 1u);
  EXPECT_DOUBLE_EQ(t.said.incidents[0].because.probability, 0.75);
  EXPECT_EQ(t.said.incidents[0].since, at(9)); // the last sign of life
  EXPECT_EQ(t.said.incidents[0].title,
            "We are probably blind: all 9 daemons heard through fab1 fell silent at once");
  EXPECT_EQ(t.lines(), (lines{"221 opened critical sight_lost vantage/fab1 members 9"}));
  for (int n = 1; n <= 5; ++n) t.heard(500, daemon(n)); // proves that we see
  for (int n = 6; n <= 9; ++n) t.heard(520, daemon(n, "7600"));
  t.until(2000);
  EXPECT_EQ(t.lines(), (lines{"560 closed critical sight_lost vantage/fab1 members 9"}));
}

TEST(sight, who_stays_silent_when_others_are_heard_again_is_judged_anew) {
  table_under_test t;
  t.fleet(0, 1, 5, "7500");
  t.fleet(0, 6, 9, "7600");
  for (int n = 1; n <= 5; ++n) t.lost(190, daemon(n), 0);
  for (int n = 6; n <= 9; ++n) t.lost(190, daemon(n, "7600"), 0);
  t.until(400);
  t.heard(500, daemon(1));
  t.until(2000);
  EXPECT_EQ(t.lines(), (lines{"220 opened critical sight_lost vantage/fab1 members 9",
                              "560 closed critical sight_lost vantage/fab1 members 9",
                              "642.5 opened critical segment_silent segment/7500/ members 4",
                              "642.5 opened critical segment_silent segment/7600/ members 4"}));
}

TEST(sight, one_living_daemon_through_the_same_vantage_proves_that_we_see) {
  table_under_test t;
  t.fleet(0, 1, 5, "7500");
  t.fleet(0, 6, 9, "7600");
  for (int n = 1; n <= 5; ++n) t.lost(190, daemon(n), 0);
  for (int n = 6; n <= 8; ++n) t.lost(190, daemon(n, "7600"), 0);
  t.until(230);
  EXPECT_EQ(t.lines().front(), "220 opened critical segment_silent segment/7500/ members 5");
}

TEST(sight, a_source_that_confirms_the_inference_makes_it_certain) {
  table_under_test t;
  t.fleet(0, 1, 5, "7500");
  t.fleet(0, 6, 9, "7600");
  for (int n = 1; n <= 5; ++n) t.lost(190, daemon(n), 0);
  for (int n = 6; n <= 9; ++n) t.lost(190, daemon(n, "7600"), 0);
  t.until(250);
  t.sight(300, 0, false);
  t.until(400);
  ASSERT_EQ(t.said.incidents.size(), 2u);
  EXPECT_EQ(t.said.incidents[0].id, t.said.incidents[1].id);
  EXPECT_EQ(t.said.incidents[1].because.probability, 1);
  EXPECT_EQ(t.pages(), (lines{"220 opened sight_lost"})); // the same cause is not told twice
}

} // namespace
} // namespace tocsin::sight_test

// What several segments say about one host is one incident.
#include <gtest/gtest.h>

#include "group_fixture.hpp"

namespace tocsin::host_join_test {
namespace {

using test::at;
using test::daemon;
using test::lines;
using test::table_under_test;
using enum symptom_kind;

/// Ten hosts with a daemon on each of two services.
table_under_test two_services() {
  table_under_test t;
  t.fleet(0, 1, 10, "7500");
  t.fleet(0, 1, 10, "7600");
  return t;
}

TEST(host_join, a_reboot_seen_on_two_services_is_one_incident_about_the_host) {
  auto t = two_services();
  t.raise(100, daemon(7, "7500"), host_rebooted);
  t.raise(110, daemon(7, "7600"), host_rebooted);
  t.clear(700, daemon(7, "7500"), host_rebooted, 100);
  t.clear(710, daemon(7, "7600"), host_rebooted, 110);
  t.until(2000);
  EXPECT_EQ(t.said.notifications.size(), 2u);
  for (std::uint32_t n = 0; n < 4; ++n) EXPECT_EQ(t.said.incidents.at(n).revision, n + 1);
  EXPECT_EQ(t.said.incidents[3].until, at(710));
  EXPECT_EQ(t.lines(), (lines{"130 opened warning host_rebooted host/10.0.0.7 members 1",
                              "140 updated warning host_rebooted host/10.0.0.7 members 2",
                              "760 updated warning host_rebooted host/10.0.0.7 members 1",
                              "770 closed warning host_rebooted host/10.0.0.7 members 2"}));
}

TEST(host_join, a_host_that_falls_silent_is_told_with_all_its_daemons_at_once) {
  auto t = two_services();
  t.late(100, daemon(7, "7500"), 0);
  t.late(130, daemon(7, "7600"), 30);
  t.lost(190, daemon(7, "7500"), 0);
  t.lost(250, daemon(7, "7600"), 30);
  t.until(400);
  EXPECT_EQ(t.said.incidents.at(0).title, "2 daemons of host 10.0.0.7 are silent since 08:53:20Z");
  EXPECT_EQ(t.lines(), (lines{"220 opened critical heartbeat_lost host/10.0.0.7 members 2"}));
  std::size_t open = 0;
  for (const group_status& g : t.table.status()) open += g.open.size();
  EXPECT_EQ(open, 1u);
  t.heard(500, daemon(7, "7500"));
  t.raise(500, daemon(7, "7500"), host_rebooted);
  t.heard(510, daemon(7, "7600"));
  t.raise(510, daemon(7, "7600"), host_rebooted);
  for (const char* service : {"7500", "7600"})
    t.clear(1100, daemon(7, service), host_rebooted, 500);
  t.until(2000);
  EXPECT_EQ(t.pages(), (lines{"510 cause_changed host_rebooted", "1160 closed host_rebooted"}));
}

TEST(host_join, a_daemon_that_falls_silent_on_a_living_host_is_told_alone) {
  auto t = two_services();
  t.lost(190, daemon(7, "7500"), 0);
  t.lost(2000, daemon(7, "7600"), 1800);
  t.until(3000);
  EXPECT_EQ(t.lines(), (lines{"220 opened critical heartbeat_lost rvd/10.0.0.7/7500 members 1",
                              "2030 opened critical heartbeat_lost rvd/10.0.0.7/7600 members 1"}));
}

TEST(host_join, a_part_that_grows_into_the_silence_of_its_segment_leaves_the_host) {
  auto t = two_services();
  t.lost(190, daemon(1, "7500"), 0);
  t.lost(191, daemon(1, "7600"), 1);
  t.until(230);
  EXPECT_EQ(t.lines(), (lines{"220 opened critical heartbeat_lost host/10.0.0.1 members 2"}));
  for (int n = 2; n <= 10; ++n) t.lost(240, daemon(n, "7500"), 50);
  t.until(300);
  EXPECT_EQ(t.said.incidents.at(0).revision, 2u);
  EXPECT_EQ(t.lines(), (lines{"270 updated critical segment_silent segment/7500/ members 10",
                              "270 opened critical heartbeat_lost rvd/10.0.0.1/7600 members 1"}));
  for (int n = 1; n <= 10; ++n) t.heard(400, daemon(n, "7500"));
  t.heard(410, daemon(1, "7600"));
  t.until(1000);
  EXPECT_EQ(t.said.incidents.at(0).revision, 3u);
  EXPECT_EQ(t.lines(), (lines{"460 closed critical segment_silent segment/7500/ members 10",
                              "470 closed critical heartbeat_lost rvd/10.0.0.1/7600 members 1"}));
}

} // namespace
} // namespace tocsin::host_join_test

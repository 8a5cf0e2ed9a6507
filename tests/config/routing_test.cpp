// What route, inhibit_rules and time_intervals of a file mean.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/document.hpp"
#include "config/settings.hpp"
#include "core/limits.hpp"

namespace tocsin::routing_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string all_problems(const loaded& l) {
  std::string out;
  for (const config_problem& p : l.problems) out += to_text(p) + '\n';
  return out;
}

const std::string receivers = R"(
receivers:
  - {name: ops, kind: webhook, webhook: {url: 'http://h/ops'}}
  - {name: night, kind: webhook, webhook: {url: 'http://h/night'}}
)";

settings good(const std::string& yaml) {
  loaded l = parse_settings(receivers + yaml, "t.yaml");
  EXPECT_EQ(all_problems(l), "");
  return std::move(l.value);
}

std::vector<std::string> told(const routing_rules& r, const label_set& labels) {
  std::vector<std::string> out;
  for (const route_rule* route : routes_of(r.root, labels)) out.push_back(route->receiver);
  return out;
}

TEST(routing, without_a_route_every_receiver_is_told_as_before) {
  const settings s = good("");
  EXPECT_THAT(told(s.routing, {{"severity", "info"}}), ElementsAre("ops", "night"));
  EXPECT_FALSE(s.routing_text.given);
  EXPECT_THAT(told(s.alerting().routing, {}), ElementsAre("ops", "night"));
  EXPECT_THAT(told(parse_settings("", "t.yaml").value.routing, {}), ElementsAre("default"));
}

TEST(routing, children_inherit_receiver_group_timers_and_escalation) {
  const settings s = good(R"(
route:
  receiver: ops
  group_by: [service, host]
  group_wait: 30s
  group_interval: 2m
  repeat_interval: 1h
  escalation: [{after: 15m, receiver: night}]
  routes:
    - matchers: ['severity="critical"', '{host=~"10.1.*", service!="7600"}']
      continue: true
      routes:
        - {group_by: ["..."], group_wait: 0s, repeat_interval: 0, receiver: night, escalation: []}
)");
  const route_rule& root = s.routing.root;
  EXPECT_EQ(root.id, "root");
  EXPECT_THAT(root.group_by, ElementsAre("host", "service")) << "sorted";
  const route_rule& child = root.routes.at(0);
  EXPECT_EQ(child.id, "root/0");
  EXPECT_EQ(child.receiver, "ops");
  EXPECT_EQ(child.matchers.size(), 3u) << "one text may hold several";
  EXPECT_TRUE(child.go_on);
  EXPECT_FALSE(child.group_all);
  EXPECT_EQ(child.group_wait, 30s);
  EXPECT_EQ(child.repeat_interval, 1h);
  ASSERT_EQ(child.escalation.size(), 1u);
  EXPECT_EQ(child.escalation[0].after, 15min);
  const route_rule& leaf = child.routes.at(0);
  EXPECT_EQ(leaf.id, "root/0/0");
  EXPECT_EQ(leaf.receiver, "night");
  EXPECT_TRUE(leaf.group_all);
  EXPECT_THAT(leaf.group_by, IsEmpty());
  EXPECT_EQ(leaf.group_wait, 0s);
  EXPECT_EQ(leaf.group_interval, 2min);
  EXPECT_EQ(leaf.repeat_interval, 0s) << "never repeated";
  EXPECT_FALSE(leaf.go_on) << "not inherited";
  EXPECT_THAT(leaf.escalation, IsEmpty());
}

TEST(routing, the_defaults_of_a_route) {
  const settings s =
      good("route: {receiver: ops, routes: [{receiver: night, matchers: [severity=critical]}]}");
  EXPECT_TRUE(s.routing.root.group_all);
  EXPECT_EQ(s.routing.root.group_wait, 0s);
  EXPECT_EQ(s.routing.root.group_interval, 5min);
  EXPECT_EQ(s.routing.root.repeat_interval, 4h);
  EXPECT_THAT(told(s.routing, {{"severity", "critical"}}), ElementsAre("night"));
  EXPECT_THAT(told(s.routing, {{"severity", "info"}}), ElementsAre("ops"));
}

TEST(routing, calendars_in_their_zones) {
  const settings s = good(R"(
route:
  receiver: ops
  routes: [{receiver: night, matchers: [severity=critical], mute_time_intervals: [office], active_time_intervals: [always]}]
time_intervals:
  - name: office
    time_intervals:
      - times: [{start_time: 09:00, end_time: 17:00}]
        weekdays: ['Monday:friday']
        months: ['november:february', 7]
        years: [2026, '2028:2030']
        location: Europe/Berlin
      - days_of_month: ['1:2', '-2:-1']
  - name: always
    time_intervals: [{weekdays: ['saturday:friday']}]
)");
  const named_calendar& office = *s.routing.calendar("office");
  const auto holds = [&](const char* t) { return contains(office, *parse_rfc3339(t)); };
  EXPECT_TRUE(holds("2026-11-20T08:00:00Z")) << "nine in Berlin";
  EXPECT_FALSE(holds("2026-11-20T07:59:59Z"));
  EXPECT_TRUE(holds("2026-07-20T07:00:00Z"));
  EXPECT_FALSE(holds("2026-08-20T10:00:00Z")) << "no month of it";
  EXPECT_FALSE(holds("2027-01-20T10:00:00Z")) << "no year of it";
  EXPECT_TRUE(holds("2026-08-31T23:00:00Z")) << "the month's last day";
  const named_calendar& always = *s.routing.calendar("always");
  for (int day = 1; day <= 7; ++day) EXPECT_TRUE(contains(always, from_nanoseconds(0) + day * 24h));
  const route_rule& route = s.routing.root.routes.at(0);
  EXPECT_EQ(muted_by_calendar(s.routing, route, *parse_rfc3339("2026-11-20T08:00:00Z")), "office");
}

TEST(routing, inhibitions) {
  const settings s = good(R"(
inhibit_rules:
  - {name: silent, source_matchers: [alertname=segment_silent], target_matchers: ['alertname=~"heartbeat_.*"'], equal: [service, network]}
  - {source_matchers: [severity=critical], target_matchers: [severity=warning]}
)");
  ASSERT_EQ(s.routing.inhibit.size(), 2u);
  EXPECT_EQ(s.routing.inhibit[0].name, "silent");
  EXPECT_EQ(s.routing.inhibit[1].name, "inhibit/1");
  EXPECT_TRUE(inhibits(s.routing.inhibit[0], {{"alertname", "segment_silent"}},
                       {{"alertname", "heartbeat_lost"}}));
}

TEST(routing, the_version_follows_it) {
  const std::string plain = good("").rules.version;
  EXPECT_EQ(plain, good("inhibit_rules: []").rules.version);
  EXPECT_NE(
      plain,
      good("route: {receiver: ops, routes: [{receiver: night, matchers: [severity=critical]}]}")
          .rules.version);
  const settings s =
      good("route: {receiver: ops, routes: [{receiver: night, matchers: [severity=critical]}]}");
  EXPECT_THAT(canonical_text(document_of(s)), HasSubstr("route.routes[0].group_interval: 5m\n"));
  const loaded from_environment = parse_settings(
      receivers +
          "route: {receiver: ops, routes: [{receiver: ops, matchers: [severity=critical]}]}",
      "t.yaml", {{"TOCSIN_ROUTE_RECEIVER", "night"}});
  EXPECT_EQ(from_environment.value.routing.root.receiver, "night");
}

std::string nested(std::size_t depth) {
  std::string out = "route: {receiver: ops";
  for (std::size_t i = 0; i < depth; ++i)
    out += ", routes: [{receiver: night, matchers: [severity=critical]";
  for (std::size_t i = 0; i < depth; ++i) out += "}]";
  return out + "}";
}

TEST(routing, is_bounded) {
  good(nested(limits::route_depth_max));
  const loaded deep = parse_settings(receivers + nested(limits::route_depth_max + 1), "t.yaml");
  EXPECT_THAT(all_problems(deep), HasSubstr("error: route is nested deeper than 8 levels"));
  // An alias names the same thousand routes a thousand times.
  std::string many = "route:\n  receiver: ops\n  routes:\n    - routes: &all\n";
  for (int i = 0; i < 500; ++i) many += "        - matchers: [service=" + std::to_string(i) + "]\n";
  for (int i = 0; i < 100; ++i)
    many += "    - {matchers: [host=h" + std::to_string(i) + "], routes: *all}\n";
  const loaded wide = parse_settings(receivers + many, "t.yaml");
  EXPECT_THAT(all_problems(wide), HasSubstr("error: route has more than 1000 routes in all"));
  EXPECT_THAT(wide.value.routing.root.routes, IsEmpty());
  std::string matchers = "route: {receiver: ops, routes: [{receiver: night, matchers: [";
  for (std::size_t i = 0; i <= limits::matchers_max; ++i)
    matchers += "host!=h" + std::to_string(i) + ",";
  EXPECT_THAT(all_problems(parse_settings(receivers + matchers + "]}]}", "t.yaml")),
              HasSubstr("has more than 64 matchers"));
}

} // namespace
} // namespace tocsin::routing_test

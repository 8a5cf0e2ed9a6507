// Which routes an incident takes, what inhibits what, and what a calendar mutes.
#include "core/route.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tocsin::route_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

route_rule node(std::string receiver, const char* matchers, bool go_on = false,
                std::vector<route_rule> routes = {}) {
  route_rule r;
  r.receiver = std::move(receiver);
  r.matchers = *parse_matchers(matchers);
  r.go_on = go_on;
  r.routes = std::move(routes);
  return r;
}

std::vector<std::string> receivers(const std::vector<const route_rule*>& routes) {
  std::vector<std::string> out;
  for (const route_rule* r : routes) out.push_back(r->receiver);
  return out;
}

std::vector<std::string> taken(const route_rule& root, label_set labels) {
  std::sort(labels.begin(), labels.end());
  return receivers(routes_of(root, labels));
}

TEST(route, the_deepest_match_speaks_and_the_root_when_none_does) {
  const route_rule root =
      node("all", "", false,
           {node("critical", "severity=critical", false, {node("litho", "area=litho")}),
            node("warning", "severity=warning")});
  EXPECT_THAT(taken(root, {{"severity", "critical"}, {"area", "litho"}}), ElementsAre("litho"));
  EXPECT_THAT(taken(root, {{"severity", "critical"}}), ElementsAre("critical"));
  EXPECT_THAT(taken(root, {{"severity", "warning"}}), ElementsAre("warning"));
  EXPECT_THAT(taken(root, {{"severity", "info"}}), ElementsAre("all"));
}

TEST(route, the_first_match_wins_unless_it_goes_on) {
  const route_rule root =
      node("all", "", false, {node("a", "x=1", true), node("b", "x=1"), node("c", "x=1")});
  EXPECT_THAT(taken(root, {{"x", "1"}}), ElementsAre("a", "b"));
}

TEST(silences, overlap_when_one_mutes_whatever_the_other_does_at_some_time) {
  const auto made = [](const char* matchers, std::int64_t from, std::int64_t to) {
    return silence{"s", *parse_matchers(matchers), from_milliseconds(from), from_milliseconds(to), "ann", ""};
  };
  const silence wide = made("service=7500", 0, 100), narrow = made("host=a,service=7500", 50, 150);
  EXPECT_TRUE(wide.overlaps(narrow));
  EXPECT_FALSE(narrow.overlaps(wide)) << "it mutes less";
  EXPECT_TRUE(wide.overlaps(wide));
  EXPECT_FALSE(wide.overlaps(made("service=7500", 100, 200))) << "the end is not in it";
  EXPECT_FALSE(wide.overlaps(made("service!=7500", 0, 100)));
}

TEST(route, found_by_id) {
  const route_rule r = default_routing({"a", "b"});
  EXPECT_EQ(find_route(r, "root/1")->receiver, "b");
  EXPECT_EQ(find_route(r, "root")->receiver, "a");
  EXPECT_EQ(find_route(r, "root/2"), nullptr);
}

TEST(route, by_default_every_receiver_is_told_once_and_at_once) {
  const route_rule root = default_routing({"mail", "hook"});
  EXPECT_THAT(taken(root, {{"severity", "info"}}), ElementsAre("mail", "hook"));
  for (const route_rule* route : routes_of(root, {})) {
    EXPECT_EQ(route->group_wait, 0s);
    EXPECT_EQ(route->group_interval, 0s);
    EXPECT_EQ(route->repeat_interval, 0s) << "never repeated";
    EXPECT_TRUE(route->group_all);
  }
}

/// The rule in other words: a node speaks when it is entered and nobody below it does.
std::vector<std::string> reference(const route_rule& r, const label_set& labels) {
  std::vector<std::string> below;
  bool open = true;
  for (const route_rule& child : r.routes) {
    bool enters = open;
    for (const matcher& m : child.matchers) enters = enters && m.matches(labels);
    if (!enters) continue;
    for (std::string& s : reference(child, labels)) below.push_back(std::move(s));
    open = child.go_on;
  }
  return below.empty() ? std::vector{r.receiver} : below;
}

route_rule any_route(int depth, int& count) {
  route_rule r = node("r" + std::to_string(count++), "", *rc::gen::arbitrary<bool>());
  for (const char* name : {"a", "b"})
    if (const int v = *rc::gen::inRange(0, 4); v < 3)
      r.matchers.push_back(*matcher::make(name, static_cast<matcher::comparison>(v),
                                          *rc::gen::element<std::string>("", "1", "2")));
  if (depth > 0)
    for (int n = *rc::gen::inRange(0, 4); n > 0; --n)
      r.routes.push_back(any_route(depth - 1, count));
  return r;
}

RC_GTEST_PROP(route_property, routes_are_those_of_the_reference, ()) {
  int count = 0;
  route_rule root = any_route(3, count);
  root.matchers.clear();
  for (const char* a : {"", "1", "2"})
    for (const char* b : {"", "1", "2"}) {
      label_set labels;
      if (*a) labels.emplace_back("a", a);
      if (*b) labels.emplace_back("b", b);
      const auto routes = routes_of(root, labels);
      RC_ASSERT(receivers(routes) == reference(root, labels));
      RC_ASSERT(!routes.empty());
    }
}

TEST(inhibit, needs_both_sides_and_the_same_labels) {
  const inhibit_rule rule{"segment",
                          *parse_matchers("alertname=segment_silent"),
                          *parse_matchers("alertname=heartbeat_lost"),
                          {"network", "service"}};
  const label_set source{{"alertname", "segment_silent"}, {"service", "7500"}};
  EXPECT_TRUE(inhibits(rule, source, {{"alertname", "heartbeat_lost"}, {"service", "7500"}}))
      << "network is missing on both";
  EXPECT_FALSE(inhibits(rule, source, {{"alertname", "heartbeat_lost"}, {"service", "7600"}}));
  EXPECT_FALSE(inhibits(rule, source,
                        {{"alertname", "heartbeat_lost"}, {"network", "x"}, {"service", "7500"}}));
  EXPECT_FALSE(inhibits(rule, source, {{"alertname", "data_loss_inbound"}, {"service", "7500"}}));
  EXPECT_FALSE(inhibits(rule, {{"alertname", "clock_skew"}}, {{"alertname", "heartbeat_lost"}}));
}

TEST(inhibit, two_that_match_both_sides_do_not_mute_each_other) {
  const inhibit_rule rule{"worse",
                          *parse_matchers("severity=~warning|critical"),
                          *parse_matchers("severity=~info|warning"),
                          {}};
  const label_set info{{"severity", "info"}}, warning{{"severity", "warning"}},
      critical{{"severity", "critical"}};
  EXPECT_FALSE(inhibits(rule, warning, warning));
  EXPECT_TRUE(inhibits(rule, warning, info));
  EXPECT_TRUE(inhibits(rule, critical, warning));
}

timestamp at(const char* text) { return *parse_rfc3339(text); }

routing_rules with_calendars() {
  time_interval office, weekend;
  office.minutes = {{540, 1020}};
  weekend.weekdays = {{6, 6}, {0, 0}};
  routing_rules r;
  r.calendars = {{"office", {office}}, {"weekend", {weekend}}};
  return r;
}

TEST(route, a_calendar_mutes_or_lets_speak) {
  const routing_rules rules = with_calendars();
  route_rule r;
  EXPECT_EQ(muted_by_calendar(rules, r, at("2026-11-21T03:00:00Z")), "");
  EXPECT_EQ(next_calendar_change(rules, r, at("2026-11-21T03:00:00Z")), never);
  r.active = {"office"};
  EXPECT_EQ(muted_by_calendar(rules, r, at("2026-11-20T03:00:00Z")), "not office");
  EXPECT_EQ(muted_by_calendar(rules, r, at("2026-11-20T10:00:00Z")), "");
  r.mute = {"weekend"};
  EXPECT_EQ(muted_by_calendar(rules, r, at("2026-11-21T10:00:00Z")), "weekend") << "a Saturday";
  EXPECT_EQ(next_calendar_change(rules, r, at("2026-11-20T20:00:00Z")), at("2026-11-21T00:00:00Z"));
  r.active = {"office", "weekend"};
  r.mute.clear();
  EXPECT_EQ(muted_by_calendar(rules, r, at("2026-11-20T03:00:00Z")), "not office, weekend");
  EXPECT_EQ(muted_by_calendar(rules, r, at("2026-11-21T03:00:00Z")), "");
}

TEST(route, a_calendar_that_is_not_there_mutes_nobody) {
  const routing_rules rules = with_calendars();
  route_rule r;
  r.mute = {"holidays"};
  r.active = {"shift"};
  EXPECT_EQ(muted_by_calendar(rules, r, at("2026-11-20T03:00:00Z")), "");
}

} // namespace
} // namespace tocsin::route_test

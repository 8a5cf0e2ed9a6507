// Every mistake in routes, inhibitions and calendars, with its place and remedy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "config/settings.hpp"

namespace tocsin::routing_problems_test {
namespace {

struct mistake {
  const char* name;
  const char* yaml;   ///< from line 4 on
  const char* answer; ///< the whole line, without "t.yaml:"; empty = nothing is wrong
};

void PrintTo(const mistake& m, std::ostream* out) { *out << m.name; }

class routing_mistakes : public testing::TestWithParam<mistake> {};

TEST_P(routing_mistakes, are_answered_with_place_and_remedy) {
  const std::string start = "receivers:\n"
                            "  - {name: ops, kind: webhook, webhook: {url: 'http://h'}}\n"
                            "inventory: {daemons: [{host: 10.1.1.1, labels: {area: litho}}]}\n";
  const loaded l = parse_settings(start + GetParam().yaml, "t.yaml");
  std::string all;
  for (const config_problem& p : l.problems) all += to_text(p) + '\n';
  EXPECT_EQ(all, *GetParam().answer ? std::string{"t.yaml:"} + GetParam().answer + '\n' : "");
}

auto name_of = [](const auto& info) { return std::string{info.param.name}; };

const mistake route_mistakes[] = {
    {"nothing_wrong", "route: {receiver: ops, routes: [{matchers: ['area=\"litho\"']}]}\n", ""},
    {"root_without_receiver", "route: {group_wait: 1s}\n",
     "4:8: error: route.receiver is missing; name who is told when no other route "
     "matches\nt.yaml:4:8: warning: no route leads to the receiver 'ops'; name it in a route, or "
     "remove it"},
    {"unknown_receiver", "route: {receiver: ops, routes: [{receiver: opps}]}\n",
     "4:44: error: route.routes[0].receiver: there is no receiver 'opps'; did you mean 'ops'?"},
    {"unused_receiver", "route: {receiver: default}\n",
     "4:8: warning: no route leads to the receiver 'ops'; name it in a route, or remove "
     "it\nt.yaml:4:19: error: route.receiver: there is no receiver 'default'; add it to receivers"},
    {"root_with_matchers", "route: {receiver: ops, matchers: [area=litho]}\n",
     "4:24: error: route.matchers has no meaning in the root, which takes what no route took; "
     "write it into a route below"},
    {"bad_matcher",
     "route:\n  receiver: ops\n  routes:\n    - matchers:\n        - area=litho\n        - "
     "area~litho\n",
     "9:11: error: route.routes[0].matchers[1]: no matcher: one of = != =~ !~ is missing after "
     "'area' at character 5 of 'area~litho'; write for example 'severity=\"critical\"' or "
     "'host=~\"10\\.1\\..*\"'"},
    {"bad_expression", "route: {receiver: ops, routes: [{matchers: ['host=~\"10.(1\"']}]}\n",
     "4:45: error: route.routes[0].matchers[0]: no matcher: regular expression for host: missing "
     "): 10.(1 at character 1 of '10.(1'; write for example 'severity=\"critical\"' or "
     "'host=~\"10\\.1\\..*\"'"},
    {"unknown_label", "route: {receiver: ops, routes: [{matchers: [severty=critical]}]}\n",
     "4:45: warning: route.routes[0].matchers[0]: no incident has a label 'severty': it never "
     "matches; did you mean 'severity'?"},
    {"unknown_label_unlike", "route: {receiver: ops, routes: [{matchers: [location!=x]}]}\n",
     "4:45: warning: route.routes[0].matchers[0]: no incident has a label 'location': it always "
     "matches; give it to daemons of the inventory, as a label"},
    {"unknown_severity",
     "route: {receiver: ops, routes: [{matchers: ['severity=~\"crit|warn\"']}]}\n",
     "4:45: warning: route.routes[0].matchers[0]: severity=~\"crit|warn\" never matches; "
     "severities are info, warning and critical"},
    {"unknown_alertname",
     "route: {receiver: ops, routes: [{matchers: [alertname=heartbeat_lots]}]}\n",
     "4:45: warning: route.routes[0].matchers[0]: alertname=\"heartbeat_lots\" never matches; did "
     "you mean 'heartbeat_lost'?"},
    {"contradiction",
     "route: {receiver: ops, routes: [{matchers: [severity=critical], routes: [{matchers: "
     "[severity!=critical]}]}]}\n",
     "4:74: warning: route.routes[0].routes[0] can never match: its matchers and those around it "
     "contradict each other; change or remove it"},
    {"behind_one_without_matchers",
     "route:\n  receiver: ops\n  routes:\n    - {group_wait: 1s}\n    - {matchers: [area=litho]}\n",
     "8:7: warning: route.routes[1] can never be reached: route.routes[0] in line 7 takes all of "
     "it; put it before that one, or let that one continue"},
    {"behind_one_that_takes_more",
     "route:\n  receiver: ops\n  routes:\n    - {matchers: [area=litho]}\n    - {matchers: "
     "[severity=critical, 'area=\"litho\"']}\n",
     "8:7: warning: route.routes[1] can never be reached: route.routes[0] in line 7 takes all of "
     "it; put it before that one, or let that one continue"},
    {"behind_one_that_continues",
     "route: {receiver: ops, routes: [{continue: true}, {matchers: [area=litho]}]}\n", ""},
    {"interval_below_wait", "route: {receiver: ops, group_wait: 10m}\n",
     "4:36: warning: route: group_interval (5m) is shorter than group_wait (10m); a group would "
     "wait longer for its first notification than for later ones"},
    {"repeat_below_interval", "route: {receiver: ops, repeat_interval: 1m}\n",
     "4:41: warning: route: repeat_interval (1m) is shorter than group_interval (5m); it is "
     "repeated after group_interval at the earliest"},
    {"repeat_never", "route: {receiver: ops, repeat_interval: 0}\n", ""},
    {"group_by_unknown", "route: {receiver: ops, group_by: [cluster]}\n",
     "4:35: warning: route.group_by[0]: no incident has a label 'cluster'; give it to daemons of "
     "the inventory, as a label"},
    {"group_by_all_and_more", "route: {receiver: ops, group_by: ['...', host]}\n",
     "4:34: error: route.group_by: '...' already means every label; write it alone, or the labels "
     "without it"},
    {"escalation_to_nobody", "route: {receiver: ops, escalation: [{after: 5m, receiver: management}]}\n",
     "4:59: error: route.escalation[0].receiver: there is no receiver 'management'; add it to receivers"},
    {"escalation_backwards",
     "route: {receiver: ops, escalation: [{after: 5m, receiver: ops}, {after: 5m, receiver: "
     "ops}]}\n",
     "4:73: error: route.escalation[1].after (5m) is not after the step before (5m); order the "
     "steps by their time"},
    {"told_of_nothing", "route: {receiver: ops, routes: [{matchers: [severity=info]}]}\n",
     "4:33: warning: route.routes[0]: 'ops' is told of nothing below warning, and this route takes "
     "at most info; lower its least, or name another receiver"},
    {"unknown_calendar", "route: {receiver: ops, routes: [{mute_time_intervals: [night]}]}\n",
     "4:56: error: route.routes[0].mute_time_intervals[0]: there is no calendar 'night'; add it to "
     "time_intervals"},
    {"old_key", "route: {receiver: ops, routes: [{match: {area: litho}}]}\n",
     "4:34: error: unknown key 'match' in route.routes[0]; did you mean 'matchers'?"},
};
INSTANTIATE_TEST_SUITE_P(routes, routing_mistakes, testing::ValuesIn(route_mistakes), name_of);

const mistake inhibit_mistakes[] = {
    {"no_target", "inhibit_rules: [{source_matchers: [severity=critical]}]\n",
     "4:17: error: inhibit_rules[0].target_matchers is missing; add it: Incidents that are muted."},
    {"same_sides",
     "inhibit_rules: [{source_matchers: [severity=critical], target_matchers: "
     "['severity=\"critical\"']}]\n",
     "4:17: warning: inhibit_rules[0] can never mute: an incident that matches both sides is not "
     "muted by another that does; let the sides differ, for example by severity"},
    {"side_in_contradiction",
     "inhibit_rules: [{source_matchers: [severity=critical, severity=info], target_matchers: "
     "[severity=warning]}]\n",
     "4:35: warning: inhibit_rules[0] can never mute: its source matchers contradict each other; "
     "change or remove it"},
    {"side_that_never_matches",
     "inhibit_rules: [{source_matchers: [alertname=silence], target_matchers: "
     "[severity=warning]}]\n",
     "4:36: warning: inhibit_rules[0].source_matchers[0]: alertname=\"silence\" never matches; "
     "alert names are those of the conditions in docs/operating.md"},
    {"equal_of_no_label",
     "inhibit_rules: [{source_matchers: [severity=critical], target_matchers: [severity=warning], "
     "equal: [hots]}]\n",
     "4:101: warning: inhibit_rules[0].equal[0]: no incident has a label 'hots'; did you mean "
     "'host'?"},
    {"equal_incident",
     "inhibit_rules: [{source_matchers: [severity=critical], target_matchers: [severity=warning], "
     "equal: [incident]}]\n",
     "4:101: warning: inhibit_rules[0] can never mute: no two incidents have the same 'incident'; "
     "compare other labels, as host or subject"},
    {"name_taken",
     "inhibit_rules:\n  - {name: a, source_matchers: [severity=critical], target_matchers: "
     "[severity=warning]}\n  - {name: a, source_matchers: [severity=critical], target_matchers: "
     "[severity=info]}\n",
     "6:12: error: inhibit_rules[1].name: the name 'a' is taken; choose another; the first is in "
     "line 5"},
};
INSTANTIATE_TEST_SUITE_P(inhibitions, routing_mistakes, testing::ValuesIn(inhibit_mistakes),
                         name_of);

const mistake calendar_mistakes[] = {
    {"used_by_nobody",
     "route: {receiver: ops}\ntime_intervals: [{name: n, time_intervals: [{weekdays: "
     "[monday]}]}]\n",
     "5:25: warning: time_intervals[0]: no route uses 'n'; use it or remove it"},
    {"name_taken",
     "time_intervals: [{name: n, time_intervals: [{months: [may]}]}, {name: n, time_intervals: "
     "[{months: [5]}]}]\n",
     "4:71: error: time_intervals[1].name: the name 'n' is taken; choose another; the first is in "
     "line 4"},
    {"never", "time_intervals: [{name: n}]\n",
     "4:18: warning: time_intervals[0] has no time_intervals: it never holds; add one, or remove "
     "it"},
    {"always", "time_intervals: [{name: n, time_intervals: [{location: UTC}]}]\n",
     "4:45: warning: time_intervals[0].time_intervals[0] has no times, days, months or years: it "
     "always holds; add one, or remove it"},
    {"over_midnight",
     "time_intervals: [{name: n, time_intervals: [{times: [{start_time: 22:00, end_time: "
     "06:00}]}]}]\n",
     "4:54: error: time_intervals[0].time_intervals[0].times[0]: end_time (06:00) is not after "
     "start_time (22:00); a night is two entries: 22:00 to 24:00, and 00:00 to 06:00"},
    {"to_midnight",
     "time_intervals: [{name: n, time_intervals: [{times: [{start_time: 22:00, end_time: "
     "00:00}]}]}]\n",
     "4:54: error: time_intervals[0].time_intervals[0].times[0]: end_time (00:00) is not after "
     "start_time (22:00); midnight at the end of the day is 24:00"},
    {"no_time", "time_intervals: [{name: n, time_intervals: [{times: [{start_time: 8am}]}]}]\n",
     "4:67: error: time_intervals[0].time_intervals[0].times[0].start_time: '8am' is no time of "
     "day; write for example '09:00', 00:00 to 24:00"},
    {"no_weekday", "time_intervals: [{name: n, time_intervals: [{weekdays: ['mon:friday']}]}]\n",
     "4:57: error: time_intervals[0].time_intervals[0].weekdays[0]: 'mon:friday' is no weekday or "
     "range of weekdays; did you mean 'monday'?"},
    {"no_day", "time_intervals: [{name: n, time_intervals: [{days_of_month: ['-1:3']}]}]\n",
     "4:62: error: time_intervals[0].time_intervals[0].days_of_month[0]: '-1:3' is no day of a "
     "month or range of days; write for example '15', '1:5' or '-3:-1', which counts from the "
     "month's end; the first day comes first"},
    {"no_month", "time_intervals: [{name: n, time_intervals: [{months: ['januar:13']}]}]\n",
     "4:55: error: time_intervals[0].time_intervals[0].months[0]: 'januar:13' is no month or range "
     "of months; did you mean 'january'?"},
    {"no_year", "time_intervals: [{name: n, time_intervals: [{years: ['2028:2026']}]}]\n",
     "4:54: error: time_intervals[0].time_intervals[0].years[0]: '2028:2026' is no year or range "
     "of years; write for example '2026' or '2026:2028'"},
    {"no_zone",
     "time_intervals: [{name: n, time_intervals: [{weekdays: [monday], location: ../etc}]}]\n",
     "4:76: error: time_intervals[0].time_intervals[0].location: '../etc' is no name of a time "
     "zone; write for example 'Europe/Berlin' or 'UTC'"},
};
INSTANTIATE_TEST_SUITE_P(calendars, routing_mistakes, testing::ValuesIn(calendar_mistakes),
                         name_of);

TEST(routing_places, a_time_zone_that_is_not_in_the_database) {
  if (!std::ifstream{"/usr/share/zoneinfo/zone.tab"}) GTEST_SKIP() << "needs the package tzdata";
  const loaded l = parse_settings(
      "time_intervals: [{name: n, time_intervals: [{weekdays: [monday], location: Europe/Berln}]}]",
      "t.yaml");
  ASSERT_EQ(l.problems.size(), 1u);
  EXPECT_EQ(
      to_text(l.problems[0]),
      "t.yaml:1:76: error: time_intervals[0].time_intervals[0].location: there is no time zone "
      "'Europe/Berln'; did you mean 'Europe/Berlin'?");
}

TEST(routing_places, labels_of_the_inventory_that_routes_do_not_see) {
  const loaded l = parse_settings(
      "inventory: {daemons: [{host: a, labels: {severity: high, 'cost centre': 1}}]}", "t.yaml");
  ASSERT_EQ(l.problems.size(), 2u);
  EXPECT_EQ(to_text(l.problems[0]), "t.yaml:1:42: warning: inventory.daemons[0].labels.severity: "
                                    "incidents have a label 'severity' of "
                                    "their own: routes do not see this one; choose another name");
  EXPECT_THAT(to_text(l.problems[1]),
              testing::HasSubstr("'cost centre' is no name of a label: routes cannot match it"));
}

} // namespace
} // namespace tocsin::routing_problems_test

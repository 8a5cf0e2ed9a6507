// Routes at work: waits and intervals, what mutes, what escalates, and what a flood becomes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/alerting.hpp"
#include "group_fixture.hpp"

namespace tocsin::alerting_routes_test {
namespace {

using test::at;
using test::lines;
using enum incident_state;
using enum severity;

std::vector<matcher> match(std::string_view text) { return *parse_matchers(text); }

/// One route for everything, told each incident by itself; tests change it.
struct desk {
  alerting_rules rules;
  std::unique_ptr<alerting> machine;
  story said;
  std::map<std::string, incident> all;
  bool restart_always = false; ///< every step goes through a snapshot

  desk() {
    rules.receivers = {{"mail"}, {"boss"}};
    for (receiver_rule& r : rules.receivers) r.flood.start = 0;
    rules.routing.root.id = "root";
    rules.routing.root.receiver = "mail";
    rules.routing.root.group_interval = rules.routing.root.repeat_interval = 0s;
  }
  route_rule& root() { return rules.routing.root; }
  alerting& it() {
    if (!machine) machine = std::make_unique<alerting>(rules, nullptr);
    if (restart_always) {
      writer w;
      machine->save(w);
      machine = std::make_unique<alerting>(rules, nullptr);
      reader r{w.bytes()};
      EXPECT_TRUE(machine->load(r));
    }
    return *machine;
  }
  void say(double t, const std::string& id, incident_state state, severity level = warning,
           cause_kind kind = cause_kind::heartbeat_lost, std::string subject = "") {
    incident& i = all[id];
    if (i.id.empty()) {
      i.id = id;
      i.since = at(t);
      i.because = {kind, subject.empty() ? "rvd/10.0.0." + id.substr(1) + "/7500" : subject, 1};
      i.group = "segment/7500/";
    }
    i.at = at(t);
    ++i.revision;
    i.state = state;
    i.level = level;
    it().apply(i, said);
  }
  void until(double t) { it().advance(at(t), said); }
  void order(double t, operator_command c) {
    if (c.who.empty()) c.who = "ann";
    EXPECT_TRUE(it().accepts(c, at(t)));
    it().obey(encode(c), at(t), said);
  }
  void order_of_node(double t, const operator_command& c) { it().obey(encode(c), at(t), said); }
  void silence(double t, std::string id, std::string matcher, double until) {
    operator_command c{command_kind::silence, std::move(id), "ann", "works on it"};
    c.until = at(until);
    c.matchers = {std::move(matcher)};
    order(t, c);
  }
  /// "10 mail opened I1 (I2)"
  lines told() {
    lines out;
    for (const notification& n : said.notifications) {
      std::string line = std::to_string(static_cast<int>(to_seconds(n.at - at(0)))) + " " + n.receiver + " " +
                         n.reason + " " + n.about.id;
      for (const incident& i : n.more) line += " (" + i.id + ")";
      out.push_back(std::move(line));
    }
    said.notifications.clear();
    return out;
  }
  std::string why(const std::string& id) {
    std::string out;
    for (const decision& d : it().standing(id)) out += (out.empty() ? "" : ", ") + std::string{to_text(d.what)};
    return out;
  }
};

/// Every test runs twice: as it is, and with a restart before each step.
class routed : public ::testing::TestWithParam<bool> {
protected:
  routed() { d.restart_always = GetParam(); }
  desk d;
};
INSTANTIATE_TEST_SUITE_P(alerting, routed, ::testing::Bool(),
                         [](const auto& p) { return std::string{p.param ? "restarted" : "alive"}; });

TEST_P(routed, a_group_waits_for_others_and_tells_them_together) {
  d.root().group_all = false;
  d.root().group_by = {"group"};
  d.root().group_wait = 30s;
  d.root().group_interval = 5min;
  d.say(0, "I1", opened);
  d.say(10, "I2", opened, critical);
  d.until(30);
  EXPECT_EQ(d.told(), lines{});
  EXPECT_EQ(d.why("I1"), "");
  d.until(31);
  EXPECT_EQ(d.told(), (lines{"30 mail opened I2 (I1)"}));
  d.say(40, "I3", opened);
  d.until(329);
  EXPECT_EQ(d.told(), lines{});
  d.until(331);
  EXPECT_EQ(d.told(), (lines{"330 mail opened I3 (I1) (I2)"}));
  d.say(340, "I1", closed);
  d.until(631);
  EXPECT_EQ(d.told(), (lines{"630 mail closed I1 (I2) (I3)"}));
}

TEST_P(routed, what_is_over_within_the_wait_is_never_told) {
  d.root().group_wait = 30s;
  d.say(0, "I1", opened);
  d.say(20, "I1", closed);
  d.until(1000);
  EXPECT_EQ(d.told(), lines{});
  ASSERT_FALSE(d.said.decisions.empty());
  EXPECT_EQ(d.said.decisions.back().what, decision_kind::never_told);
}

TEST_P(routed, repeats_until_somebody_acknowledges) {
  d.root().repeat_interval = 1h;
  d.say(0, "I1", opened);
  d.until(2 * 3600 + 1);
  EXPECT_EQ(d.told(), (lines{"0 mail opened I1", "3600 mail repeat I1", "7200 mail repeat I1"}));
  d.order(7300, {command_kind::acknowledge, "I1"});
  d.until(6 * 3600);
  EXPECT_EQ(d.told(), lines{});
}

TEST_P(routed, an_acknowledgement_that_ends_lets_it_repeat_again) {
  d.root().repeat_interval = 1h;
  d.say(0, "I1", opened);
  operator_command c{command_kind::acknowledge, "I1"};
  c.until = at(10'000);
  d.order(100, c);
  d.until(10'001);
  EXPECT_EQ(d.told(), (lines{"0 mail opened I1", "10000 mail repeat I1"}));
}

TEST_P(routed, a_silence_mutes_what_matches_and_its_end_tells_what_is_still_open) {
  d.silence(0, "S1", "subject=~\".*10.0.0.1/.*\"", 600);
  d.say(10, "I1", opened);
  d.say(10, "I2", opened);
  EXPECT_EQ(d.told(), (lines{"10 mail opened I2"}));
  EXPECT_EQ(d.why("I1"), "silenced");
  d.until(601);
  EXPECT_EQ(d.told(), (lines{"600 mail opened I1"}));
  EXPECT_EQ(d.why("I1"), "told");
}

TEST_P(routed, a_silence_can_be_ended_early) {
  d.silence(0, "S1", "severity=warning", 6000);
  d.say(10, "I1", opened);
  d.order(20, {command_kind::expire_silence, "S1"});
  EXPECT_EQ(d.told(), (lines{"20 mail opened I1"}));
  EXPECT_FALSE(d.it().accepts({command_kind::expire_silence, "S1", "ann"}, at(21)));
  EXPECT_FALSE(d.it().accepts({command_kind::expire_silence, "S9", "ann"}, at(21)));
}

TEST_P(routed, the_end_is_told_even_when_a_silence_came_in_between) {
  d.say(0, "I1", opened);
  d.silence(10, "S1", "severity=warning", 6000);
  d.say(20, "I1", closed);
  EXPECT_EQ(d.told(), (lines{"0 mail opened I1", "20 mail closed I1"}));
}

TEST_P(routed, an_incident_inhibits_another_until_it_is_over) {
  d.rules.routing.inhibit.push_back(
      {"storm", match("alertname=segment_silent"), match("alertname=heartbeat_lost"), {"group"}});
  d.say(0, "I1", opened, critical, cause_kind::segment_silent, "segment/7500/");
  d.say(1, "I2", opened);
  EXPECT_EQ(d.told(), (lines{"0 mail opened I1"}));
  EXPECT_EQ(d.why("I2"), "inhibited");
  d.say(100, "I1", closed, critical);
  EXPECT_EQ(d.told(), (lines{"100 mail opened I2", "100 mail closed I1"}));
}

TEST_P(routed, a_shelved_alarm_is_quiet_also_when_it_comes_again) {
  d.say(0, "I1", opened);
  operator_command c{command_kind::shelve, "heartbeat_lost rvd/10.0.0.1/7500", "ann", "known, part ordered"};
  c.until = at(5000);
  d.order(10, c);
  d.say(20, "I1", closed);
  d.say(30, "I7", opened, warning, cause_kind::heartbeat_lost, "rvd/10.0.0.1/7500");
  EXPECT_EQ(d.told(), (lines{"0 mail opened I1", "20 mail closed I1"}));
  EXPECT_EQ(d.why("I7"), "shelved");
  d.until(5001);
  EXPECT_EQ(d.told(), (lines{"5000 mail opened I7"}));
}

TEST_P(routed, an_on_delay_tells_only_what_stays) {
  d.rules.alarms.conditions.push_back({cause_kind::heartbeat_lost});
  d.rules.alarms.conditions.back().on_delay = 60s;
  d.say(0, "I1", opened);
  EXPECT_EQ(d.why("I1"), "delayed");
  d.say(50, "I1", closed);
  d.say(100, "I2", opened);
  d.until(1000);
  EXPECT_EQ(d.told(), (lines{"160 mail opened I2"}));
}

TEST_P(routed, an_off_delay_makes_one_of_an_alarm_that_comes_and_goes) {
  d.rules.alarms.conditions.push_back({cause_kind::heartbeat_lost});
  d.rules.alarms.conditions.back().off_delay = 60s;
  const auto again = [&](double t, const std::string& id, incident_state state, severity level = warning) {
    d.say(t, id, state, level, cause_kind::heartbeat_lost, "rvd/10.0.0.1/7500");
  };
  again(0, "I1", opened);
  again(10, "I1", closed);
  EXPECT_EQ(d.why("I1"), "held");
  again(30, "I2", opened);
  EXPECT_EQ(d.why("I2"), "covered");
  again(200, "I2", closed);
  d.until(259);
  EXPECT_EQ(d.told(), (lines{"0 mail opened I1"}));
  d.until(261);
  EXPECT_EQ(d.told(), (lines{"260 mail closed I1"}));
  again(300, "I3", opened);
  again(310, "I3", closed);
  again(320, "I4", opened, critical); // worse is not covered
  EXPECT_EQ(d.told(), (lines{"300 mail opened I3", "320 mail opened I4"}));
}

TEST_P(routed, nobody_acknowledges_so_the_boss_is_told_and_hears_of_the_end) {
  d.root().escalation = {{15min, "boss"}};
  d.say(0, "I1", opened);
  d.say(0, "I2", opened);
  d.order(60, {command_kind::acknowledge, "I2"});
  d.until(3600);
  EXPECT_EQ(d.told(), (lines{"0 mail opened I1", "0 mail opened I2", "900 boss escalated I1"}));
  d.say(4000, "I1", closed);
  d.say(4000, "I2", closed);
  EXPECT_EQ(d.told(), (lines{"4000 mail closed I1", "4000 boss closed I1", "4000 mail closed I2"}));
}

TEST_P(routed, a_flood_becomes_digests) {
  d.rules.receivers[0].flood = {10, 5, 10min, 1min};
  for (int i = 1; i <= 30; ++i) d.say(i, "I" + std::to_string(i), opened, i == 25 ? critical : warning);
  EXPECT_EQ(d.told().size(), 10u);
  EXPECT_EQ(d.why("I11"), "told") << "decided by the group";
  EXPECT_EQ(d.it().floods(), (std::vector<std::string>{"mail"}));
  d.until(72);
  ASSERT_EQ(d.said.notifications.size(), 1u);
  EXPECT_EQ(d.said.notifications[0].reason, "digest");
  EXPECT_EQ(d.said.notifications[0].about.id, "I25");
  EXPECT_EQ(d.said.notifications[0].more.size(), 19u);
  d.told();
  d.until(700); // ten minutes later it is calm
  EXPECT_TRUE(d.it().floods().empty());
  EXPECT_EQ(d.told(), lines{});
  d.say(701, "I99", opened);
  EXPECT_EQ(d.told(), (lines{"701 mail opened I99"}));
}

TEST_P(routed, a_severity_that_rises_takes_another_route_as_well) {
  route_rule pager = d.root();
  pager.id = "root/0";
  pager.receiver = "boss";
  pager.matchers = match("severity=critical");
  d.root().routes = {pager};
  d.say(0, "I1", opened, warning);
  d.say(10, "I1", updated, critical);
  d.say(20, "I1", closed, critical);
  EXPECT_EQ(d.told(), (lines{"0 mail opened I1", "10 mail worse I1", "10 boss opened I1", "20 mail closed I1",
                             "20 boss closed I1"}));
}

TEST_P(routed, a_calendar_mutes_a_route_until_its_hour) {
  time_interval night;
  night.minutes = {{0, 24 * 60}}; // always, today
  night.days_of_month = {{9, 9}}; // at(0) is 2025-10-09T08:53:20Z
  d.rules.routing.calendars = {{"night", {night}}};
  d.root().mute = {"night"};
  d.say(0, "I1", opened);
  EXPECT_EQ(d.why("I1"), "calendar");
  EXPECT_EQ(d.told(), lines{});
  d.until(54401);
  EXPECT_EQ(d.told(), (lines{"54400 mail opened I1"})); // midnight
}

TEST_P(routed, the_figures_are_due_at_each_beginning_of_a_calendar) {
  time_interval nine;
  nine.minutes = {{9 * 60, 9 * 60 + 1}}; // at(0) is 2025-10-09T08:53:20Z
  d.rules.routing.calendars = {{"nine", {nine}}};
  d.rules.report = {"mail", "nine"};
  d.say(0, "I1", opened);
  d.until(400);
  EXPECT_TRUE(d.said.reports.empty());
  d.until(401);
  ASSERT_EQ(d.said.reports.size(), 1u);
  EXPECT_EQ(d.said.reports[0].receiver, "mail");
  EXPECT_EQ(d.said.reports[0].at, at(400));
  EXPECT_EQ(d.said.reports[0].figures.activations.count, 1u);
  d.until(400 + 86400);
  EXPECT_EQ(d.said.reports.size(), 1u);
  d.until(401 + 86400);
  EXPECT_EQ(d.said.reports.size(), 2u);
}

TEST_P(routed, a_calendar_that_never_begins_makes_no_report) {
  d.rules.routing.calendars = {{"never", {time_interval{.years = {{1990, 1991}}}}}, {"always", {time_interval{}}}};
  d.rules.report = {"mail", "never"};
  d.say(0, "I1", opened);
  d.until(1e7);
  d.rules.report = {"mail", "always"};
  d.it().set_rules(d.rules, nullptr);
  d.until(2e7);
  EXPECT_TRUE(d.said.reports.empty());
}

TEST_P(routed, a_receiver_that_fails_is_told_by_another_and_not_to_itself) {
  route_rule other = d.root();
  other.id = "root/0";
  other.receiver = "boss";
  other.go_on = true;
  route_rule own = d.root();
  own.id = "root/1";
  d.root().routes = {other, own};
  d.it();
  d.order_of_node(0, {command_kind::receiver_failing, "mail", "tocsin", "connection refused"});
  ASSERT_EQ(d.said.incidents.size(), 1u);
  EXPECT_EQ(d.said.incidents[0].because.subject, "receiver/mail");
  d.order_of_node(1, {command_kind::receiver_failing, "mail", "tocsin", "connection refused"});
  d.order_of_node(60, {command_kind::receiver_works, "mail", "tocsin", ""});
  EXPECT_EQ(d.said.incidents.size(), 2u);
  const std::string id = d.said.incidents[0].id;
  EXPECT_EQ(d.told(), (lines{"0 boss opened " + id, "60 boss closed " + id}));
}

TEST_P(routed, the_canary_is_an_incident_when_it_fails_and_not_while_it_lives_and_dies) {
  d.it();
  d.order_of_node(0, {command_kind::self_failing, "canary", "tocsin", "nobody was told"});
  d.order_of_node(60, {command_kind::self_works, "canary", "tocsin", ""});
  ASSERT_EQ(d.said.incidents.size(), 2u);
  EXPECT_EQ(d.said.incidents[0].because.subject, "self/canary");
  EXPECT_EQ(d.said.incidents[0].title, "Tocsin's own canary fails: nobody was told");
  EXPECT_EQ(d.said.alarms.size(), 2u);
  incident lost = d.said.incidents[0];
  lost.id = "bird";
  lost.at = lost.since = d.said.incidents[1].at;
  lost.group = "segment/tocsin-canary/";
  lost.because.subject = "rvd/tocsin-canary/tocsin-canary";
  d.it().apply(lost, d.said);
  EXPECT_EQ(d.said.alarms.size(), 2u) << "nobody needs to acknowledge it";
  EXPECT_EQ(d.said.notifications.back().about.id, "bird");
}

} // namespace
} // namespace tocsin::alerting_routes_test

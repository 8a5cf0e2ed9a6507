// The scenario language: what it reads, what it refuses and how it says so.
#include "core/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/scenario_check.hpp"

namespace tocsin::scenario_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* good = R"(
# A daemon dies
fleet      24 daemons on service 7500 network ";239.1.1.1" period 30s jitter 20ms loss 1% clients 30 seed 7
expected   inventory        # optional
expected   10.0.9.1/7500 network ";239.1.1.1" limit 50
limit      100 clients
config     groups.wait 10s
config     retransmission_inbound.warning_percent 0.2
at 30m     die 10.0.0.7
at 50m     revive 10.0.0.7
until      2h
expect     incident heartbeat_lost of 10.0.0.7 opened within 10m of 30m members 1 probability >= 0.5
expect     no incident segment_silent
expect     incidents 1
expect     notifications 2
expect     symptom heartbeat_lost of 10.0.0.7/7500 cleared within 2m of 50m severity critical
)";

scenario parsed(const std::string& text) {
  auto s = parse_scenario(text, "test");
  if (!s) {
    for (const scenario_error& e : s.error()) ADD_FAILURE() << to_text(e);
    return {};
  }
  return *s;
}

std::vector<std::string> problems(const std::string& text) {
  std::vector<std::string> all;
  if (auto s = parse_scenario(text, "test"); !s)
    for (const scenario_error& e : s.error()) all.push_back(to_text(e));
  return all;
}

/// The first complaint about one line amid an otherwise good file; it is line 3.
std::string problem(const std::string& line) {
  auto all = problems("fleet 10 daemons\nfleet 5 daemons on service 7600 from 10.0.0.1\n" + line +
                      "\nuntil 1h\nexpect incidents 0\n");
  return all.empty() ? "" : all.front();
}

TEST(scenario, reads_a_fleet_faults_rules_and_expectations) {
  const scenario s = parsed(good);
  ASSERT_EQ(s.plant.fleets.size(), 1u);
  const fleet_options& f = s.plant.fleets[0];
  EXPECT_EQ(f.daemons, 24u);
  EXPECT_EQ(f.network, ";239.1.1.1");
  EXPECT_EQ(f.period, 30s);
  EXPECT_EQ(f.jitter, 20ms);
  EXPECT_EQ(f.loss, 0.01);
  EXPECT_EQ(f.clients, 30u);
  EXPECT_EQ(f.seed, 7u);
  EXPECT_EQ(s.until, scenario_start + 2h);
  ASSERT_EQ(s.faults.size(), 2u);
  EXPECT_EQ(s.faults[0].kind, fault_kind::die);
  EXPECT_EQ(s.faults[0].at, scenario_start + 30min);
  EXPECT_EQ(s.faults[0].on[0].host, "10.0.0.7");
  ASSERT_EQ(s.rules.inventory.size(), 25u);
  EXPECT_EQ(s.rules.inventory[0].client_limit, 50u);
  EXPECT_EQ(s.rules.global->clients.limit, 100u);
  EXPECT_EQ(s.rules.global->retransmission_inbound.warning_percent, 0.2);
  EXPECT_EQ(s.rules.groups.wait, 10s);
  ASSERT_EQ(s.settings.size(), 3u);
  EXPECT_EQ(s.settings[1].key, "groups.wait");
  ASSERT_EQ(s.expectations.size(), 5u);
  const expectation& e = s.expectations[0];
  EXPECT_EQ(e.line, 12);
  EXPECT_EQ(e.kind, cause_kind::heartbeat_lost);
  EXPECT_EQ(e.subject, "rvd/10.0.0.7/7500");
  EXPECT_EQ(e.incident_is, incident_state::opened);
  EXPECT_EQ(e.from, scenario_start + 30min);
  EXPECT_EQ(e.to, scenario_start + 40min);
  EXPECT_TRUE(e.members->holds(1));
  EXPECT_TRUE(e.probability->holds(0.7));
  EXPECT_FALSE(e.probability->holds(0.4));
  EXPECT_TRUE(s.expectations[1].none);
}

TEST(scenario, scenarios_begin_on_new_years_day) {
  EXPECT_EQ(to_rfc3339(scenario_start), "2026-01-01T00:00:00Z");
  EXPECT_EQ(parsed(good).plant.start, scenario_start);
}

TEST(scenario, knows_every_fault) {
  const scenario s = parsed(R"(vantage a
vantage b at 10.0.0.1
fleet 10 daemons network n through a
fleet 5 daemons on service 7600 from 10.0.0.1 through b
at 1m die 10.0.0.1..10.0.0.3, 10.0.0.5/7500
at 2m revive 10.0.0.1
at 3m stop 10.0.0.1/7600
at 4m start 10.0.0.1/7600
at 5m restart 10.0.0.2 down 5s
at 6m reboot 10.0.0.3 down 4m
at 7m segment 7500 n silent
at 8m segment 7500 n back
at 9m segment 7600 silent
at 10m link b broken
at 11m link b restored
at 12m leak on 10.0.0.4/7500 30 clients per hour up to 100 for 2h
at 13m storm on 10.0.0.5/7500 from 10.0.0.6, 10.0.0.7 ramp 5m peak 6% without loss for 10m
at 14m suppress 10.0.0.6 for 20m
at 15m reset of 10.0.0.8
at 16m skew 10.0.0.9 behind 7s
at 17m upgrade 10.0.0.1..10.0.0.5 to 8.8.0 every 2m down 15s
at 18m reliability 10.0.0.9 30s
at 19m lossy 10.0.0.10 25% for 1h
at 20m join 10.0.0.11, 10.0.0.12 on service 7600
until 3h
expect incidents >= 0
)");
  std::vector<fault_kind> kinds;
  for (const fault& f : s.faults) kinds.push_back(f.kind);
  using k = fault_kind;
  EXPECT_THAT(kinds, ElementsAre(k::die, k::revive, k::stop, k::start, k::restart, k::reboot,
                                 k::silence_segment, k::restore_segment, k::silence_segment,
                                 k::break_link, k::restore_link, k::leak, k::storm, k::suppress,
                                 k::reset_counters, k::skew_clock, k::upgrade, k::set_reliability,
                                 k::lose_heartbeats, k::join));
  ASSERT_EQ(s.faults.size(), 20u);
  EXPECT_EQ(s.faults[0].on.size(), 4u);
  EXPECT_EQ(s.faults[0].on[3].service, "7500");
  EXPECT_EQ(s.faults[5].down, 4min);
  EXPECT_EQ(s.faults[8].network, "");
  EXPECT_EQ(s.faults[9].vantage, 1);
  EXPECT_EQ(s.faults[11].amount, 30);
  EXPECT_EQ(s.faults[11].up_to, 100u);
  EXPECT_EQ(s.faults[11].lasts, 2h);
  EXPECT_EQ(s.faults[12].from.size(), 2u);
  EXPECT_EQ(s.faults[12].amount, 0.06);
  EXPECT_TRUE(s.faults[12].lossless);
  EXPECT_EQ(s.faults[15].amount, -7);
  EXPECT_EQ(s.faults[16].text, "8.8.0");
  EXPECT_EQ(s.faults[16].every, 2min);
  EXPECT_EQ(s.faults[19].service, "7600");
}

TEST(scenario, names_subjects_of_every_sort) {
  const scenario s = parsed(R"(fleet 3 daemons network n
fleet 3 daemons on service 7600 from 10.0.0.1
until 1h
expect incident host_rebooted of host 10.0.0.1
expect incident segment_silent of segment 7500 n opened
expect incident segment_silent of segment 7600 opened
expect incident sight_lost of vantage main
expect symptom heartbeat_lost of 10.0.0.1/7600
)");
  std::vector<std::string> subjects;
  for (const expectation& e : s.expectations) subjects.push_back(*e.subject);
  EXPECT_THAT(subjects, ElementsAre("host/10.0.0.1", "segment/7500/n", "segment/7600/",
                                    "vantage/main", "rvd/10.0.0.1/7600"));
  EXPECT_EQ(s.expectations[2].incident_is, incident_state::opened);
}

TEST(scenario, says_the_line_what_is_wrong_and_what_to_write) {
  EXPECT_EQ(problem("at 30m explode 10.0.0.7"),
            "line 3: 'explode' is nothing that can happen; write die, revive, stop, start, "
            "restart, reboot, leak, storm, "
            "suppress, reset, skew, upgrade, reliability, lossy, join, segment or link");
  EXPECT_EQ(problem("flet 3 daemons"),
            "line 3: 'flet' begins no statement; begin the line with fleet, vantage, expected, "
            "limit, config, at, until or expect");
  EXPECT_EQ(problem("at noon die 10.0.0.1"),
            "line 3: 'noon' is no time; write a span of time like 90s, 1m30s or 2h");
  EXPECT_EQ(problem("at 5m die 10.0.0.99"),
            "line 3: there is no daemon 10.0.0.99 in the plant; use an address of a fleet, or let "
            "it join first; correct the target");
  EXPECT_EQ(problem("at 2h die 10.0.0.1"),
            "line 3: this happens after the scenario's end; let the scenario last longer");
  EXPECT_THAT(problem("at 5m die 10.0.0.300"), HasSubstr("line 3: '10.0.0.300' is not an address"));
  EXPECT_THAT(problem("at 5m die 10.0.0.9..10.0.0.2"),
              HasSubstr("line 3: '10.0.0.9..10.0.0.2' does not end"));
  EXPECT_THAT(problem("at 5m die 10.0.0.1 quickly"),
              HasSubstr("line 3: 'quickly' has no place here"));
  EXPECT_THAT(problem("at 5m leak 10.0.0.1 many clients per hour"),
              HasSubstr("line 3: 'many' is no number of clients"));
  EXPECT_THAT(problem("at 5m storm on 10.0.0.1"),
              HasSubstr("line 3: the storm has no strength; write: peak 6%"));
  EXPECT_THAT(problem("at 5m storm on 10.0.0.1 peak 600%"), HasSubstr("line 3: '600%' is no peak"));
  EXPECT_THAT(problem("at 5m segment 7500 nowhere silent"),
              HasSubstr("line 3: there is no segment of service 7500 and network \"nowhere\""));
  EXPECT_THAT(problem("at 5m link backbone broken"),
              HasSubstr("line 3: there is no vantage point 'backbone'"));
  EXPECT_THAT(problem("fleet 0 daemons"), HasSubstr("line 3: a fleet has no daemons"));
  EXPECT_THAT(problem("fleet 9 daemons in a row"), HasSubstr("line 3: 'in' has no place here"));
  EXPECT_THAT(problem("fleet 9 daemons network \"open"),
              HasSubstr("line 3: a quote is not closed"));
  EXPECT_THAT(problem("fleet 9 daemons period 0s"),
              HasSubstr("line 3: a fleet's period is below 1ms"));
  EXPECT_THAT(problem("config groups.wate 3s"),
              HasSubstr("line 3: there is no rule 'groups.wate'"));
  EXPECT_THAT(
      problem("config groups.wait soon"),
      HasSubstr("line 3: 'soon' is no value for groups.wait; it must be a span of time like 90s"));
  EXPECT_THAT(problem("at 5m restart 10.0.0.1 down 9000d"),
              HasSubstr("line 3: '9000d' is too long"));
  EXPECT_THAT(problem("at 5m upgrade 10.0.0.1..10.0.0.10, 10.0.0.1..10.0.0.10 to 9 every 365d"),
              HasSubstr("line 3: so many targets take longer than ten years"));
  EXPECT_THAT(problem("at 5m die 10.0.0.1..10.0.39.1"), HasSubstr("line 3: there is no daemon"));
  EXPECT_THAT(problem("at 5m die 10.0.0.1..10.0.30.1, 10.0.0.1..10.0.30.1"),
              HasSubstr("line 3: more than 10000 daemons are named"));
  EXPECT_THAT(problem("expect thunder"), HasSubstr("line 3: 'thunder' cannot be expected"));
  EXPECT_THAT(problem("expect incident thunder"), HasSubstr("line 3: 'thunder' is no kind"));
  EXPECT_THAT(problem("expect symptom segment_silent"),
              HasSubstr("line 3: no symptom is of the kind segment_silent"));
  EXPECT_THAT(problem("expect incident heartbeat_lost of 10.0.0.1"),
              HasSubstr("line 3: 10.0.0.1 has several services; name one: 10.0.0.1/7500"));
  EXPECT_THAT(problem("expect incident heartbeat_lost of 10.9.9.9"),
              HasSubstr("line 3: there is no daemon on 10.9.9.9"));
  EXPECT_THAT(problem("expect incident heartbeat_lost raised"),
              HasSubstr("line 3: 'raised' has no place here"));
  EXPECT_THAT(problem("expect incident heartbeat_lost within 10m 30m"),
              HasSubstr("line 3: '30m' is where 'of' must be"));
  EXPECT_THAT(problem("expect"), HasSubstr("line 3: '' cannot be expected"));
}

TEST(scenario, reports_every_wrong_line_and_what_is_missing) {
  EXPECT_THAT(problems("fleet 3 deamons\nat x\n"),
              ElementsAre(HasSubstr("line 1: "), HasSubstr("line 2: "),
                          HasSubstr("there is no fleet"), HasSubstr("the scenario has no end"),
                          HasSubstr("nothing is expected")));
  EXPECT_THAT(problems(""), testing::SizeIs(3));
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "nonsense\n";
  EXPECT_THAT(problems(many), testing::SizeIs(100)) << "no file makes the report endless";
}

TEST(scenario, reads_carriage_returns_tabs_and_no_last_line_end) {
  const scenario s = parsed("fleet\t3 daemons\r\n\r\n# nothing\r\nuntil 1h\r\nexpect incidents 0");
  EXPECT_EQ(s.plant.fleets[0].daemons, 3u);
  EXPECT_EQ(s.expectations[0].text, "expect incidents 0");
}

TEST(scenario, any_rule_can_be_set_by_its_name) {
  daemon_rules d;
  rule_book b;
  alerting_rules a;
  for (auto [key, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"heartbeat.mode", "fixed"},
           {"heartbeat.lost_after", "3s"},
           {"heartbeat.misses_max", "9"},
           {"data_loss.quiet", "1m"},
           {"clients.warning_percent", "70"},
           {"forecast.horizon", "1h"},
           {"retransmission_outbound.packets_min", "10"},
           {"hidden_loss.enabled", "false"},
           {"clock_skew.limit", "1s"},
           {"groups.config_drift", "false"},
           {"inventory.wait", "1m"},
           {"alerting.least", "info"},
           {"alerting.send_closed", "false"}})
    EXPECT_TRUE(set_rule(key, value, d, b, a)) << key;
  EXPECT_EQ(d.heartbeat.mode, heartbeat_rule::mode_t::fixed);
  EXPECT_EQ(d.heartbeat.lost_after, 3s);
  EXPECT_EQ(d.heartbeat.misses_max, 9u);
  EXPECT_EQ(d.retransmission_outbound.packets_min, 10u);
  EXPECT_FALSE(d.hidden_loss.enabled);
  EXPECT_FALSE(b.groups.config_drift);
  EXPECT_EQ(b.inventory_wait, 1min);
  EXPECT_EQ(a.receivers[0].least, severity::info);
  for (auto [key, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"heartbeat.misses_max", "-1"},
                                                                  {"heartbeat.mode", "clever"},
                                                                  {"clients.limit", "1e3"},
                                                                  {"heartbeat", "1s"},
                                                                  {"", ""},
                                                                  {"x.y", "1"}})
    EXPECT_FALSE(set_rule(key, value, d, b, a)) << key;
}

// ---- what was said against what is expected
// -----------------------------------------------------------------

incident an_incident(std::string id, incident_state state, duration at, cause_kind kind,
                     std::string subject, std::size_t members = 1) {
  incident i{};
  i.at = scenario_start + at;
  i.id = std::move(id);
  i.state = state;
  i.level = severity::critical;
  i.because = {kind, std::move(subject), 0.9};
  i.member_count = members;
  return i;
}

story a_story() {
  story told;
  told.incidents = {an_incident("i1", incident_state::opened, 33min, cause_kind::heartbeat_lost,
                                "rvd/10.0.0.7/7500"),
                    an_incident("i1", incident_state::closed, 52min, cause_kind::heartbeat_lost,
                                "rvd/10.0.0.7/7500")};
  told.notifications = {
      {scenario_start + 33min, "i1.1@default", "default", "opened", told.incidents[0]},
      {scenario_start + 52min, "i1.2@default", "default", "closed", told.incidents[1]}};
  told.symptoms = {{scenario_start + 32min,
                    "rvd/10.0.0.7/7500",
                    symptom_kind::heartbeat_lost,
                    symptom_state::raised,
                    severity::critical,
                    scenario_start + 32min,
                    {}}};
  return told;
}

std::vector<std::string> failures(const std::string& expectations) {
  return check(parsed("fleet 24 daemons\nuntil 2h\n" + expectations), a_story());
}

TEST(scenario_check, is_silent_when_everything_is_as_expected) {
  EXPECT_THAT(
      failures(
          R"(expect incident heartbeat_lost of 10.0.0.7 opened within 10m of 30m members 1 probability >= 0.5
expect incident heartbeat_lost of 10.0.0.7 closed within 10m of 50m severity critical
expect incidents 1
expect incidents 0 segment_silent
expect no incident segment_silent
expect no incident of 10.0.0.8
expect notifications 2
expect notifications 1 closed
expect symptom heartbeat_lost of 10.0.0.7 raised within 10m of 30m
expect symptoms <= 1
expect no symptom after 40m
)"),
      IsEmpty());
}

TEST(scenario_check, names_the_line_and_what_came_nearest) {
  EXPECT_THAT(failures("expect incident heartbeat_lost of 10.0.0.7 opened within 1m of 30m"),
              ElementsAre(testing::AllOf(
                  HasSubstr("line 3: expect incident heartbeat_lost"),
                  HasSubstr("the nearest is: 33m incident i1 opened critical heartbeat_lost"))));
  for (const char* wrong :
       {"expect incident heartbeat_lost of 10.0.0.8", "expect incident heartbeat_lost members 2",
        "expect incident heartbeat_lost probability >= 0.95",
        "expect incident heartbeat_lost severity warning", "expect incident heartbeat_lost updated",
        "expect incident heartbeat_lost closed before 30m", "expect incidents 2",
        "expect incidents >= 2", "expect notifications 1", "expect notifications 1 worse",
        "expect no incident", "expect no symptom heartbeat_lost of 10.0.0.7",
        "expect symptom heartbeat_lost cleared", "expect symptoms 0"})
    EXPECT_THAT(failures(wrong), testing::SizeIs(1)) << wrong;
}

TEST(scenario_check, an_outline_tells_the_whole_story_in_order) {
  const std::string told = outline(a_story());
  EXPECT_LT(told.find("32m symptom"), told.find("33m incident"));
  EXPECT_LT(told.find("33m incident"), told.find("33m notification"));
  EXPECT_THAT(
      told, HasSubstr("52m notification i1.2@default closed heartbeat_lost of rvd/10.0.0.7/7500"));
}

} // namespace
} // namespace tocsin::scenario_test

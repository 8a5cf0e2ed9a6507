// Alarms in the configuration: conditions by kind, suppressions, and what check-config finds in
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/document.hpp"
#include "config/settings.hpp"

namespace tocsin::alarms_test {
namespace {

using ::testing::HasSubstr;

std::string problems_of(const std::string& yaml) {
  std::string out;
  for (const config_problem& p : parse_settings(yaml, "t.yaml").problems) out += to_text(p) + '\n';
  return out;
}

TEST(alarm_settings, every_condition_has_a_rule_and_a_response_text_by_default) {
  const settings s;
  for (int k = 0; k <= static_cast<int>(cause_kind::sight_lost); ++k) {
    const condition_rule* rule = s.alarms.condition(static_cast<cause_kind>(k));
    ASSERT_NE(rule, nullptr);
    EXPECT_FALSE(rule->action.empty());
    EXPECT_FALSE(rule->latched);
  }
}

TEST(alarm_settings, reads_conditions_suppressions_and_the_words_of_the_report) {
  const loaded l = parse_settings(R"(
alarms: {chatter_count: 5, chatter_window: 1h, stale_after: 2d, fleeting_below: 1m}
conditions:
  clients_critical: {priority: highest, latched: true, on_delay: 2m, off_delay: 5m, action: "Call ann."}
  clients_high: {priority: by_severity}
suppressions:
  - {name: blind, when: "sight_lost vantage/*", what: "heartbeat_* rvd/*"}
)",
                                  "t.yaml");
  ASSERT_EQ(problems_of(""), "");
  ASSERT_TRUE(l.problems.empty()) << to_text(l.problems[0]);
  const alarm_rules rules = l.value.alerting().alarms;
  EXPECT_EQ(rules.chatter_count, 5u);
  EXPECT_EQ(rules.chatter_window, 1h);
  EXPECT_EQ(rules.stale_after, 48h);
  EXPECT_EQ(rules.fleeting_below, 1min);
  const condition_rule& c = *rules.condition(cause_kind::clients_critical);
  EXPECT_EQ(c.priority, "highest");
  EXPECT_TRUE(c.latched);
  EXPECT_EQ(c.on_delay, 2min);
  EXPECT_EQ(c.off_delay, 5min);
  EXPECT_EQ(c.action, "Call ann.");
  EXPECT_FALSE(c.cause.empty()) << "what is not named keeps its default";
  EXPECT_EQ(rules.condition(cause_kind::clients_high)->priority, "");
  ASSERT_EQ(rules.suppressions.size(), 1u);
  EXPECT_EQ(rules.suppressions[0].name, "blind");
  EXPECT_NE(canonical_text(document_of(l.value)), canonical_text(document{}))
      << "the version tells them apart";
}

TEST(alarm_settings, can_be_set_from_the_environment) {
  const loaded l =
      parse_settings("", "t.yaml", {{"TOCSIN_CONDITIONS_HEARTBEAT_LOST_PRIORITY", "highest"}});
  EXPECT_TRUE(l.problems.empty());
  EXPECT_EQ(l.value.alarms.condition(cause_kind::heartbeat_lost)->priority, "highest");
}

TEST(alarm_settings, mistakes_are_answered_with_place_and_remedy) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"conditions: {hartbeat_lost: {}}", "t.yaml:1:14: error: unknown key 'hartbeat_lost' in "
                                          "conditions; did you mean 'heartbeat_lost'?"},
      {"conditions: {clock_skew: {on_delay: -5s}}",
       "t.yaml:1:37: error: conditions.clock_skew.on_delay: "},
      {"conditions: {clock_skew: {priority: urgent}}",
       "t.yaml:1:37: error: conditions.clock_skew.priority: "},
      {"alarms: {chatter_count: 1}", "t.yaml:1:25: error: alarms.chatter_count: "},
      {"suppressions: [{name: a, when: '*'}]", "error: suppressions[0].what is missing"},
      {"suppressions: [{name: a, when: x, what: '*'}]",
       "t.yaml:1:32: error: suppressions[0].when: 'x' is no pattern over <kind> <subject>"},
      {"suppressions: [{name: a, when: 'sight_lost *', what: 'hartbeat_lost *'}]",
       "t.yaml:1:54: warning: suppressions[0].what: 'hartbeat_lost *' matches no alarm there could "
       "be; check it against"},
      {"suppressions: [{name: a, when: 'sight_lost *', what: 'clients_high 10.1.*'}]",
       "matches no alarm there could be"},
      {"suppressions: [{name: a, when: 'sight_lost *', what: 'clients_hig rvd/*'}]",
       "matches no alarm there could be"},
      {"suppressions: [{name: a, when: '* *', what: '* *'}]",
       "warning: suppressions[0]: it suppresses nothing"},
      {"suppressions: [{name: a, when: 'sight_lost *', what: '* rvd/*'}, {name: a, when: "
       "'self_check *', what: '*'}]",
       "error: suppressions[1].name: 'a' is given twice"},
      {"inventory: {daemons: [{host: 10.1.1.1}]}\nsuppressions: [{name: a, when: 'sight_lost *', "
       "what: '* rvd/10.2.*'}]",
       "t.yaml:2:54: warning: suppressions[0].what: '* rvd/10.2.*' matches no alarm there could "
       "be; check the kind"},
  };
  for (const auto& [yaml, answer] : cases)
    EXPECT_THAT(problems_of(yaml), HasSubstr(answer)) << yaml;
}

TEST(alarm_settings, patterns_that_can_match_are_not_complained_of) {
  for (const std::string what :
       {"*", "* *", "clients_* rvd/10.*", "?lients_high host/x", "clock_skew ?vd/10.1.1.1/*",
        "heartbeat_lost rvd/10.1.1.1/7500", "segment_silent segment/7500/*", "* vantage/fab1"})
    EXPECT_EQ(problems_of("inventory: {daemons: [{host: 10.1.1.1}]}\n"
                          "suppressions: [{name: a, when: 'self_check *', what: '" +
                          what + "'}]"),
              "")
        << what;
}

} // namespace
} // namespace tocsin::alarms_test

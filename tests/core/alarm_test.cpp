// The states of an alarm and every transition between them, allowed and refused.
#include "alarm_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::alarm_test {
namespace {

using test::alarms_under_test;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using test::rvd;
using test::second;
using enum alarm_state;
using command_kind::acknowledge, command_kind::unacknowledge, command_kind::shelve,
    command_kind::return_to_service, command_kind::reset, command_kind::silence;
constexpr command_kind take_out = command_kind::out_of_service;

const std::string key = "clients_high " + rvd;

alarm_rules rules_of(bool latched) {
  alarm_rules r;
  r.conditions = default_conditions();
  for (condition_rule& c : r.conditions) c.latched = latched;
  r.suppressions = {{"blind", "sight_lost vantage/*", "* rvd/10.0.0.*"}};
  return r;
}

/// Brings the alarm of incident I1 into a state, by second 100.
void bring_to(alarm_state wanted, alarms_under_test& a) {
  a.open(1, "I1");
  switch (wanted) {
  case normal:
    ASSERT_TRUE(a.order(2, acknowledge, "I1"));
    a.close(3, "I1");
    break;
  case unacknowledged:
    break;
  case acknowledged:
    ASSERT_TRUE(a.order(2, acknowledge, "I1"));
    break;
  case returned_unacknowledged:
  case latched_unacknowledged:
    a.close(3, "I1");
    break;
  case latched_acknowledged:
    ASSERT_TRUE(a.order(2, acknowledge, "I1"));
    a.close(3, "I1");
    break;
  case shelved:
    ASSERT_TRUE(a.order(2, shelve, key, second(1000)));
    break;
  case suppressed:
    a.open(2, "B1", cause_kind::sight_lost, "vantage/fab1");
    break;
  case out_of_service:
    ASSERT_TRUE(a.order(2, take_out, "rvd/10.0.0.1/*"));
    break;
  }
  ASSERT_EQ(a.state(), wanted);
  a.out.clear();
}

bool is_latched(alarm_state s) { return s == latched_unacknowledged || s == latched_acknowledged; }

/// What happens in a state: the next state, or the words of the refusal.
struct transition {
  alarm_state from;
  std::string what; ///< "open", "close" or a command
  alarm_state to;
  std::string refusal = {};
};

void PrintTo(const transition& t, std::ostream* out) { *out << to_text(t.from) << " + " << t.what; }

class alarm_transition : public ::testing::TestWithParam<transition> {};

TEST_P(alarm_transition, goes_where_the_table_says) {
  const transition& t = GetParam();
  alarms_under_test a{rules_of(is_latched(t.from) || is_latched(t.to))};
  bring_to(t.from, a);
  result<void> answer{};
  if (t.what == "open")
    a.open(100, "I2");
  else if (t.what == "close")
    a.close(100, "I1");
  else {
    const command_kind kind = *parse_command_kind(t.what);
    const std::string target = kind == acknowledge || kind == unacknowledge    ? "I1"
                               : kind == take_out || kind == return_to_service ? "rvd/10.0.0.1/*"
                                                                               : key;
    const operator_command c =
        alarms_under_test::command(kind, target, kind == shelve ? second(2000) : never);
    const result<void> asked = a.table.accepts(c, second(100));
    answer = a.table.apply(c, second(100), a.out);
    EXPECT_EQ(asked.has_value(), answer.has_value());
  }
  EXPECT_EQ(a.state(), t.to);
  if (t.refusal.empty()) {
    EXPECT_TRUE(answer) << answer.error().text;
    if (t.from != t.to) {
      ASSERT_EQ(a.out.size(), 1u);
      EXPECT_EQ(a.out[0].from, t.from);
      EXPECT_EQ(a.out[0].to, t.to);
      EXPECT_FALSE(a.out[0].why.empty());
    }
  } else {
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().text, HasSubstr(t.refusal));
    EXPECT_THAT(answer.error().text, HasSubstr(";")) << "names the remedy";
    EXPECT_TRUE(a.out.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    activity, alarm_transition,
    ::testing::Values(transition{normal, "open", unacknowledged},
                      transition{unacknowledged, "close", returned_unacknowledged},
                      transition{unacknowledged, "open", unacknowledged},
                      transition{acknowledged, "close", normal},
                      transition{acknowledged, "open", acknowledged},
                      transition{returned_unacknowledged, "open", unacknowledged},
                      transition{unacknowledged, "close", latched_unacknowledged},
                      transition{acknowledged, "close", latched_acknowledged},
                      transition{latched_unacknowledged, "open", unacknowledged},
                      transition{latched_acknowledged, "open", unacknowledged},
                      transition{shelved, "close", shelved}, transition{shelved, "open", shelved},
                      transition{suppressed, "open", suppressed},
                      transition{suppressed, "close", normal},
                      transition{out_of_service, "open", out_of_service},
                      transition{out_of_service, "close", out_of_service}));

INSTANTIATE_TEST_SUITE_P(
    acknowledging, alarm_transition,
    ::testing::Values(
        transition{unacknowledged, "acknowledge", acknowledged},
        transition{acknowledged, "acknowledge", acknowledged},
        transition{returned_unacknowledged, "acknowledge", normal},
        transition{latched_unacknowledged, "acknowledge", latched_acknowledged},
        transition{latched_acknowledged, "acknowledge", latched_acknowledged},
        transition{shelved, "acknowledge", shelved},
        transition{suppressed, "acknowledge", suppressed},
        transition{out_of_service, "acknowledge", out_of_service},
        transition{normal, "acknowledge", normal, "is normal; it is over"},
        transition{acknowledged, "unacknowledge", unacknowledged},
        transition{latched_acknowledged, "unacknowledge", latched_unacknowledged},
        transition{unacknowledged, "unacknowledge", unacknowledged, "is unacknowledged; nobody"},
        transition{returned_unacknowledged, "unacknowledge", returned_unacknowledged,
                   "is returned unacknowledged; nobody"},
        transition{latched_unacknowledged, "unacknowledge", latched_unacknowledged,
                   "is latched unacknowledged; nobody"},
        transition{shelved, "unacknowledge", shelved, "is shelved; nobody"},
        transition{suppressed, "unacknowledge", suppressed, "is suppressed; nobody"},
        transition{out_of_service, "unacknowledge", out_of_service, "is out of service; nobody"},
        transition{normal, "unacknowledge", normal, "is normal; it is over"}));

INSTANTIATE_TEST_SUITE_P(
    shelving, alarm_transition,
    ::testing::Values(
        transition{normal, "shelve", shelved}, transition{unacknowledged, "shelve", shelved},
        transition{acknowledged, "shelve", shelved},
        transition{returned_unacknowledged, "shelve", shelved},
        transition{latched_unacknowledged, "shelve", shelved},
        transition{latched_acknowledged, "shelve", shelved}, transition{shelved, "shelve", shelved},
        transition{suppressed, "shelve", suppressed},
        transition{out_of_service, "shelve", out_of_service},
        transition{shelved, "unshelve", unacknowledged},
        transition{normal, "unshelve", normal, "is normal; it is not shelved"},
        transition{unacknowledged, "unshelve", unacknowledged, "is unacknowledged; it is not"},
        transition{acknowledged, "unshelve", acknowledged, "is acknowledged; it is not shelved"},
        transition{suppressed, "unshelve", suppressed, "is suppressed; it is not shelved"},
        transition{out_of_service, "unshelve", out_of_service, "is out of service; it is not"}));

INSTANTIATE_TEST_SUITE_P(
    service_and_reset, alarm_transition,
    ::testing::Values(
        transition{normal, "out_of_service", out_of_service},
        transition{unacknowledged, "out_of_service", out_of_service},
        transition{acknowledged, "out_of_service", out_of_service},
        transition{returned_unacknowledged, "out_of_service", out_of_service},
        transition{latched_unacknowledged, "out_of_service", out_of_service},
        transition{shelved, "out_of_service", out_of_service},
        transition{suppressed, "out_of_service", out_of_service},
        transition{out_of_service, "out_of_service", out_of_service},
        transition{out_of_service, "return_to_service", unacknowledged},
        transition{unacknowledged, "return_to_service", unacknowledged, "no out-of-service order"},
        transition{latched_acknowledged, "reset", normal},
        transition{latched_unacknowledged, "reset", latched_unacknowledged,
                   "acknowledge incident I1 first"},
        transition{unacknowledged, "reset", unacknowledged, "when its condition is over"},
        transition{acknowledged, "reset", acknowledged, "when its condition is over"},
        transition{returned_unacknowledged, "reset", returned_unacknowledged,
                   "is not latched; acknowledge incident I1"},
        transition{normal, "reset", normal, "needs no reset"},
        transition{shelved, "reset", shelved, "when its condition is over"}));

TEST(alarm, an_acknowledgement_has_an_owner_and_may_end) {
  alarms_under_test a;
  a.open(1, "I1");
  ASSERT_TRUE(a.order(2, acknowledge, "I1", second(60)));
  const alarm held = *a.table.of_incident("I1");
  EXPECT_EQ(held.owner, "ann");
  EXPECT_EQ(held.comment, "because");
  EXPECT_EQ(held.acknowledged_at, second(2));
  EXPECT_EQ(a.table.next_deadline(), second(60));
  a.table.advance(second(60), a.out);
  EXPECT_EQ(a.state(), acknowledged) << "deadlines fire strictly before";
  a.out.clear();
  a.table.advance(second(61), a.out);
  EXPECT_THAT(
      a.said(),
      ElementsAre(
          "60 clients_high: acknowledged -> unacknowledged (acknowledgement by ann ended)"));
  EXPECT_EQ(a.table.of_incident("I1")->owner, "");
  EXPECT_EQ(a.table.next_deadline(), never);
}

TEST(alarm, of_an_acknowledged_warning_that_becomes_critical_is_not_acknowledged_any_more) {
  alarms_under_test a;
  const auto kind = cause_kind::retransmission_inbound;
  a.open(1, "I1", kind, rvd, severity::warning);
  ASSERT_TRUE(a.order(2, acknowledge, "I1"));
  a.update(3, "I1", kind, rvd, severity::info);
  a.update(4, "I1", kind, rvd, severity::warning); // as when it was acknowledged
  EXPECT_EQ(state_of(*a.table.of_incident("I1")), acknowledged);
  a.out.clear();
  a.update(5, "I1", kind, rvd, severity::critical);
  EXPECT_THAT(a.said(), ElementsAre("5 retransmission_inbound: acknowledged -> unacknowledged "
                                    "(got worse: critical)"));
}

TEST(alarm, whose_incident_changes_its_cause_hands_the_acknowledgement_on_unless_it_got_worse) {
  for (const severity now : {severity::warning, severity::critical}) {
    alarms_under_test a;
    a.open(1, "I1", cause_kind::heartbeat_lost);
    ASSERT_TRUE(a.order(2, acknowledge, "I1"));
    a.out.clear();
    a.update(3, "I1", cause_kind::host_rebooted, "host/10.0.0.1", now);
    const alarm& to = *a.table.of_incident("I1");
    EXPECT_EQ(to.key, "host_rebooted host/10.0.0.1");
    const bool worse = now == severity::critical;
    EXPECT_EQ(to.owner, worse ? "" : "ann");
    EXPECT_THAT(a.said(),
                ElementsAre("3 heartbeat_lost: acknowledged -> normal (cause changed)",
                            worse ? "3 host_rebooted: normal -> unacknowledged (cause changed)"
                                  : "3 host_rebooted: normal -> acknowledged (cause changed)"));
    a.close(4, "I1", cause_kind::host_rebooted, "host/10.0.0.1");
    EXPECT_FALSE(to.active);
  }
}

TEST(alarm, of_two_open_incidents_is_active_until_both_are_closed) {
  alarms_under_test a;
  a.open(1, "I1");
  a.open(2, "I2");
  a.close(3, "I1");
  EXPECT_EQ(a.state(), unacknowledged);
  EXPECT_EQ(a.table.of_incident("I1"), nullptr) << "over, and not the newest";
  ASSERT_TRUE(a.order(4, acknowledge, "I2"));
  a.close(5, "I2");
  EXPECT_EQ(a.state(), normal);
  EXPECT_EQ(a.table.find(key)->activations, 1u);
}

TEST(alarm, shelved_ends_by_itself_and_shows_what_became_of_it) {
  alarms_under_test a;
  a.open(1, "I1");
  ASSERT_TRUE(a.order(2, shelve, key, second(100)));
  a.close(10, "I1");
  a.open(20, "I2");
  a.out.clear();
  a.table.advance(second(200), a.out);
  EXPECT_THAT(a.said(),
              ElementsAre("100 clients_high: shelved -> unacknowledged (shelving ended)"));
  EXPECT_EQ(a.table.find(key)->shelved_by, "");
}

TEST(alarm, that_came_and_went_while_it_was_hidden_needs_nobodys_eye) {
  alarms_under_test a{rules_of(true)};
  a.open(1, "I1");
  ASSERT_TRUE(a.order(2, shelve, key, second(100)));
  a.close(10, "I1");
  a.table.advance(second(200), a.out);
  EXPECT_EQ(a.state(), latched_acknowledged) << "but a latch holds";
  ASSERT_TRUE(a.order(300, reset, key));
  EXPECT_EQ(a.state(), normal);
}

TEST(alarm, orders_out_of_service_hold_for_what_comes_later_and_may_end) {
  alarms_under_test a;
  ASSERT_TRUE(a.order(1, take_out, "rvd/10.0.0.*", second(50)));
  ASSERT_TRUE(a.order(1, take_out, "rvd/10.0.0.1/*"));
  a.open(2, "I1");
  EXPECT_THAT(a.said(),
              ElementsAre("2 clients_high: out_of_service -> out_of_service (incident opened)"));
  EXPECT_EQ(a.table.find(key)->out_of_service_by, "rvd/10.0.0.*") << "the first that matches";
  a.table.advance(second(51), a.out);
  EXPECT_EQ(a.table.find(key)->out_of_service_by, "rvd/10.0.0.1/*");
  EXPECT_THAT(a.said(), ElementsAre()) << "another order holds it";
  ASSERT_EQ(a.table.orders().size(), 1u);
  EXPECT_EQ(a.table.orders()[0].comment, "because");
  ASSERT_TRUE(a.order(60, return_to_service, "rvd/10.0.0.1/*"));
  EXPECT_THAT(a.said(), ElementsAre("60 clients_high: out_of_service -> unacknowledged (returned "
                                    "to service by ann: because)"));
}

TEST(alarm, suppression_holds_while_any_trigger_is_active_and_never_hides_a_trigger) {
  alarm_rules r;
  r.suppressions = {{"blind", "sight_lost *", "* *"}};
  alarms_under_test a{r};
  a.open(1, "I1");
  a.open(2, "B1", cause_kind::sight_lost, "vantage/a");
  a.open(3, "B2", cause_kind::sight_lost, "vantage/b");
  a.open(4, "I2", cause_kind::heartbeat_lost);
  EXPECT_EQ(a.state("sight_lost vantage/a"), unacknowledged);
  EXPECT_EQ(a.table.find("heartbeat_lost " + rvd)->suppressed_by, "blind");
  a.close(5, "B1", cause_kind::sight_lost, "vantage/a");
  EXPECT_EQ(a.state(), suppressed);
  a.out.clear();
  a.close(6, "B2", cause_kind::sight_lost, "vantage/b");
  EXPECT_THAT(
      a.said(),
      ElementsAre("6 sight_lost: unacknowledged -> returned_unacknowledged (incident closed)",
                  "6 clients_high: suppressed -> unacknowledged (suppression ended: blind)",
                  "6 heartbeat_lost: suppressed -> unacknowledged (suppression ended: blind)"));
}

TEST(alarm, chatters_when_it_comes_often_and_stops_after_a_calm_window) {
  alarms_under_test a;
  for (int n = 0; n < 3; ++n) {
    a.open(100 * n, "I" + std::to_string(n));
    EXPECT_EQ(a.table.find(key)->chattering, n == 2);
    a.close(100 * n + 50, "I" + std::to_string(n));
  }
  EXPECT_EQ(a.table.next_deadline(), second(200 + 600));
  a.table.advance(second(801), a.out);
  EXPECT_FALSE(a.table.find(key)->chattering);
  a.open(802, "I9");
  EXPECT_FALSE(a.table.find(key)->chattering);
  EXPECT_EQ(a.table.find(key)->activations, 4u);
}

TEST(alarm, new_rules_say_what_they_change) {
  alarms_under_test a{rules_of(true)};
  bring_to(latched_acknowledged, a);
  a.open(50, "I5", cause_kind::heartbeat_lost);
  a.open(51, "B1", cause_kind::sight_lost, "vantage/fab1");
  EXPECT_EQ(a.state("heartbeat_lost " + rvd), suppressed);
  a.out.clear();
  a.table.set_rules({}, second(60), a.out);
  EXPECT_THAT(a.said(),
              ElementsAre("60 clients_high: suppressed -> normal (rules changed)",
                          "60 heartbeat_lost: suppressed -> unacknowledged (rules changed)"));
}

TEST(alarm, refuses_what_is_not_there) {
  alarms_under_test a;
  const auto refusal = [&](command_kind kind, const std::string& target) {
    const auto r = a.order(1, kind, target, second(100));
    return r ? std::string{"taken"} : r.error().text;
  };
  EXPECT_THAT(refusal(acknowledge, "I7"), AllOf(HasSubstr("'I7'"), HasSubstr("incidents list")));
  EXPECT_THAT(refusal(shelve, "clients_high x"),
              AllOf(HasSubstr("no alarm 'clients_high x'"), HasSubstr("silence")));
  EXPECT_THAT(refusal(return_to_service, "rvd/*"), HasSubstr("'rvd/*'"));
  EXPECT_THAT(refusal(silence, "S1"), HasSubstr("not about an alarm"));
  a.open(1, "I1");
  const auto no_end = a.order(2, shelve, key);
  ASSERT_FALSE(no_end);
  EXPECT_EQ(no_end.error().code, errc::invalid);
  EXPECT_FALSE(a.order(2, acknowledge, "I1", second(1)));
  EXPECT_FALSE(a.order(2, take_out, "*", second(2)));
}

TEST(alarm, every_condition_has_a_response_text_and_a_priority) {
  const std::vector<condition_rule> all = default_conditions();
  alarm_rules rules;
  rules.conditions = all;
  EXPECT_EQ(all.size(), static_cast<std::size_t>(cause_kind::sight_lost) + 1);
  for (std::size_t k = 0; k < all.size(); ++k) {
    const auto* rule = rules.condition(static_cast<cause_kind>(k));
    ASSERT_NE(rule, nullptr) << to_text(static_cast<cause_kind>(k));
    for (const std::string& text :
         {rule->cause, rule->consequence, rule->action, rule->time_to_respond}) {
      EXPECT_FALSE(text.empty()) << to_text(rule->kind);
      EXPECT_LE(text.size(), 160u) << text;
    }
  }
  EXPECT_EQ(priority_of(rules, cause_kind::clients_high, severity::critical), "high");
  rules.conditions[0].priority = "highest";
  EXPECT_EQ(priority_of(rules, rules.conditions[0].kind, severity::info), "highest");
}

} // namespace
} // namespace tocsin::alarm_test

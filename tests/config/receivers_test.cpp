// What the configuration says about how receivers are told, and how fast.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/settings.hpp"

namespace tocsin::receivers_test {
namespace {

std::string first_problem(const std::string& receiver) {
  const loaded l = parse_settings("receivers:\n  - {name: a, " + receiver + "}\n", "t.yaml");
  return l.problems.empty() ? "" : to_text(l.problems.front());
}

TEST(receivers, private_targets_need_a_word) {
  const std::string remedy = "; if it is meant, say allow_private: true";
  for (const auto& [url, kind] : {std::pair{"http://127.0.0.1:9/x", "a loopback address"},
                                  {"https://localhost/x", "this machine"},
                                  {"http://[::1]:9/", "a loopback address"},
                                  {"http://10.1.2.3/", "a private address"},
                                  {"http://169.254.169.254/latest", "a link-local address"}}) {
    const std::string written = std::string{"url: '"} + url + "'";
    EXPECT_THAT(first_problem("kind: webhook, webhook: {" + written + "}"),
                testing::EndsWith("error: receivers[0].webhook.url leads to " + std::string{kind} + remedy));
    EXPECT_THAT(first_problem("kind: alertmanager, alertmanager: {" + written + "}"), testing::HasSubstr(kind));
    EXPECT_EQ(first_problem("kind: webhook, webhook: {allow_private: true, " + written + "}"), "");
  }
  EXPECT_EQ(first_problem("kind: webhook, webhook: {url: 'https://8.8.8.8/'}"), "");
}

TEST(receivers, keys_of_a_format_are_checked) {
  const std::string hook = "kind: webhook, webhook: {url: 'https://h/x', ";
  EXPECT_THAT(first_problem(hook + "format: pagerduty}"), testing::HasSubstr("has no routing_key_file; write the"));
  EXPECT_THAT(first_problem(hook + "routing_key_file: k}"), testing::HasSubstr("no meaning for format alertmanager"));
  EXPECT_THAT(first_problem(hook + "format: cloudevents, max_alerts: 3}"), testing::HasSubstr("no meaning for format cloudevents"));
  EXPECT_THAT(first_problem(hook + "secret_files: [a, b, c]}"), testing::HasSubstr("names more than two files"));
  EXPECT_THAT(first_problem(hook + "format: pagerdooty}"), testing::HasSubstr("did you mean 'pagerduty'?"));
}

TEST(receivers, floods_that_could_not_end_or_never_begin) {
  const std::string hook = "kind: webhook, webhook: {url: 'https://h/x'}, flood: ";
  EXPECT_THAT(first_problem(hook + "{start: 3}"),
              testing::EndsWith("error: receivers[0].flood: end is above start: a flood would end as it begins; write end <= start"));
  EXPECT_EQ(first_problem(hook + "{start: 3, end: 3}"), "");
  EXPECT_EQ(first_problem(hook + "{start: 0}"), "");
  EXPECT_THAT(first_problem(hook + "{start: 1001}"), testing::HasSubstr("receivers[0].flood.start"));
  EXPECT_THAT(first_problem(hook + "{window: 59s}"), testing::HasSubstr("receivers[0].flood.window"));
  EXPECT_THAT(first_problem("kind: alertmanager, alertmanager: {url: 'https://h/x'}, flood: {start: 20}"),
              testing::EndsWith("warning: receivers[0].flood has no meaning for kind alertmanager; remove it"));
}

TEST(receivers, rates_and_breakers) {
  const std::string hook = "kind: webhook, webhook: {url: 'https://h/x'}, ";
  for (const char* bad : {"60", "60 per minute", "0/s", "-1/s", "5/d", "99999999999/s", "/s"})
    EXPECT_THAT(first_problem(hook + "rate_limit: '" + bad + "'"), testing::HasSubstr("is no rate; write for example 60/min")) << bad;
  EXPECT_THAT(first_problem(hook + "breaker: {pause: 5m, pause_max: 1m}"), testing::HasSubstr("pause_max is below pause"));
  const auto of = [&](const std::string& more) {
    const loaded l = parse_settings("receivers: [{name: a, " + hook + more + "}]", "t.yaml");
    EXPECT_TRUE(l.ok());
    return l.value.receivers.at(0).delivery;
  };
  EXPECT_EQ(of("least: info").rate_count, 0u);
  EXPECT_EQ(of("rate_limit: 60/min").rate_count, 60u);
  EXPECT_EQ(of("rate_limit: 60/min").rate_window, 1min);
  EXPECT_EQ(of("rate_limit: 5/s").rate_window, 1s);
  EXPECT_EQ(of("breaker: {failures: 9, pause: 1s}, give_up_after: 2h").breaker_failures, 9u);
  EXPECT_EQ(of("give_up_after: 2h").give_up_after, 2h);
}

} // namespace
} // namespace tocsin::receivers_test

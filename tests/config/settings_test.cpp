// What a configuration gives: defaults, every kind of value, overrides, environment.
#include "config/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/document.hpp"

namespace tocsin::settings_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string all_problems(const loaded& l) {
  std::string out;
  for (const config_problem& p : l.problems) out += to_text(p) + '\n';
  return out;
}

settings good(const std::string& yaml,
              const std::vector<std::pair<std::string, std::string>>& environment = {}) {
  loaded l = parse_settings(yaml, "t.yaml", environment);
  EXPECT_EQ(all_problems(l), "");
  return std::move(l.value);
}

TEST(settings, no_file_and_an_empty_file_are_the_defaults) {
  const loaded none = load_settings("");
  EXPECT_TRUE(none.ok());
  EXPECT_TRUE(none.problems.empty());
  EXPECT_EQ(none.value.http_address, "127.0.0.1:8420");
  EXPECT_EQ(none.value.rules.global->heartbeat.lost_after, 280s);
  EXPECT_EQ(canonical_text(document_of(none.value)), canonical_text(document{}));
  for (const char* empty :
       {"", "\n", "# only a comment\n", "---\n", "{}", "rules:\n", "sources:\n"})
    EXPECT_EQ(canonical_text(document_of(good(empty))), canonical_text(document{})) << empty;
}

TEST(settings, reads_every_type_of_value) {
  const settings s = good(R"(
data_dir: ""
http: {address: "[::1]:0", threads: 64}
shards: 3
log: {level: debug, json: true}
external_url: https://tocsin.example.com
keep: {journal: 1d12h}
rules:
  heartbeat: {mode: fixed, lost_after: 1.5m, false_alarms_per_week: 0.25}
  clients: off
  forecast: on
)");
  EXPECT_EQ(s.data_dir, "");
  EXPECT_EQ(s.http_address, "[::1]:0");
  EXPECT_EQ(s.http_threads, 64u);
  EXPECT_EQ(s.shards, 3u);
  EXPECT_EQ(s.log_level, "debug");
  EXPECT_TRUE(s.log_json);
  EXPECT_EQ(s.keep_journal, 36h);
  EXPECT_EQ(s.rules.global->heartbeat.mode, heartbeat_rule::mode_t::fixed);
  EXPECT_EQ(s.rules.global->heartbeat.lost_after, 90s);
  EXPECT_EQ(s.rules.global->heartbeat.false_alarms_per_week, 0.25);
  EXPECT_FALSE(s.rules.global->clients.enabled);
  EXPECT_TRUE(s.rules.global->forecast.enabled);
}

TEST(settings, sources_start_from_the_formats_and_know_their_vantage_index) {
  const settings s = good(R"(
sources:
  - {name: feed, kind: jsonl, address: 127.0.0.1:7420, jsonl: {at: t, fields: {cc: clients}}}
  - {name: fab1, kind: rv, daemon: 10.1.1.1:7500, network: ";239.1.1.1", listen: [A.>, B.*.C], reconnect: {max: 5s}}
formats:
  defaults: {service: 7510, network: eth0, daemon: 10.0.0.9}
  jsonl: {at_unit: ms, message: "", fields: {hostaddr: id}}
)");
  ASSERT_EQ(s.sources.size(), 2u);
  const source_settings& feed = s.sources[0];
  EXPECT_EQ(feed.context.service, "7510");
  EXPECT_EQ(feed.context.network, "eth0");
  EXPECT_EQ(feed.context.daemon_host, "10.0.0.9");
  EXPECT_EQ(feed.context.vantage, 0);
  EXPECT_EQ(feed.mapping.at, "t");
  EXPECT_EQ(feed.mapping.at_unit, "ms");
  EXPECT_EQ(feed.mapping.message, "");
  EXPECT_THAT(feed.mapping.fields, ElementsAre(Pair("cc", "clients"))) << "a map is replaced whole";
  const source_settings& fab1 = s.sources[1];
  EXPECT_EQ(fab1.daemon, "10.1.1.1:7500");
  EXPECT_THAT(fab1.listen, ElementsAre("A.>", "B.*.C"));
  EXPECT_EQ(fab1.reconnect_min, 1s);
  EXPECT_EQ(fab1.reconnect_max, 5s);
  EXPECT_EQ(fab1.context.network, ";239.1.1.1");
  EXPECT_EQ(fab1.context.daemon_host, "") << "an RV client learns it from its daemon";
  EXPECT_EQ(fab1.context.vantage, 1);
  EXPECT_EQ(s.replay_mapping.at_unit, "ms");
  EXPECT_EQ(s.replay_context.daemon_host, "10.0.0.9");
}

TEST(settings, overrides_are_merged_over_the_global_rules_wherever_these_stand) {
  const settings s = good(R"(
overrides:
  - {match: "rvd/10.98.*", rules: {clients: {limit: 200}, forecast: off}}
  - {match: "rvd/10.98.1.1/7500", rules: {data_loss: {quiet: 1s}}}
rules: {clients: {limit: 50, warning_percent: 85}, heartbeat: {fleet: 7}}
)");
  const auto of = [&](const char* host) { return s.rules.resolve(host, "7500"); };
  EXPECT_EQ(of("10.97.0.1")->clients.limit, 50u);
  EXPECT_EQ(of("10.98.0.1")->clients.limit, 200u);
  EXPECT_EQ(of("10.98.0.1")->clients.warning_percent, 85);
  EXPECT_EQ(of("10.98.0.1")->heartbeat.fleet, 7u);
  EXPECT_FALSE(of("10.98.0.1")->forecast.enabled);
  EXPECT_EQ(of("10.98.1.1")->data_loss.quiet, 1s);
  EXPECT_EQ(of("10.98.1.1")->clients.limit, 50u) << "the last match wins alone";
}

TEST(settings, inventory_and_receivers) {
  const settings s = good(R"(
external_url: http://me:8420
inventory:
  wait: 1m
  daemons:
    - {host: 10.98.163.137, client_limit: 100, labels: {area: litho, line: 3}}
receivers:
  - {name: ops, kind: mail, mail: {server: "mail.fab:587", from: t@fab, to: [a@fab, b@fab]}}
  - {name: hook, kind: webhook, least: critical, send_closed: false, webhook: {url: "https://h/x"}}
)");
  const expected_daemon* e = s.rules.expected("10.98.163.137", "7500");
  ASSERT_TRUE(e);
  EXPECT_EQ(e->client_limit, 100u);
  EXPECT_THAT(e->labels, ElementsAre(Pair("area", "litho"), Pair("line", "3")));
  EXPECT_EQ(s.rules.inventory_wait, 1min);
  ASSERT_EQ(s.receivers.size(), 2u);
  EXPECT_THAT(s.receivers[0].mail.to, ElementsAre("a@fab", "b@fab"));
  EXPECT_EQ(s.receivers[0].mail.security, "starttls");
  EXPECT_EQ(s.receivers[1].webhook.external_url, "http://me:8420");
  const alerting_rules told = s.alerting();
  ASSERT_EQ(told.receivers.size(), 2u);
  EXPECT_EQ(told.receivers[0].name, "ops");
  EXPECT_EQ(told.receivers[1].least, severity::critical);
  EXPECT_FALSE(told.receivers[1].send_closed);
}

TEST(settings, without_receivers_the_default_one_is_told) {
  const alerting_rules told = settings{}.alerting();
  ASSERT_EQ(told.receivers.size(), 1u);
  EXPECT_EQ(told.receivers[0].name, "default");
}

TEST(settings, aliases_repeat_values) {
  const settings s =
      good("rules: {retransmission_outbound: &r {critical_percent: 9, intervals: 7}, "
           "retransmission_inbound: *r, forecast: off}");
  EXPECT_EQ(s.rules.global->retransmission_inbound.intervals, 7u);
}

TEST(settings, critical_zero_is_off_and_in_order) {
  const settings s = good("rules: {clients: {critical_percent: 0}, retransmission_outbound: "
                          "{warning_percent: 1, critical_percent: 0, clear_below_percent: 1}}");
  EXPECT_EQ(s.rules.global->clients.critical_percent, 0);
}

TEST(settings, the_environment_wins_over_the_file) {
  const settings s = good("http: {address: 127.0.0.1:1}\nrules: {clients: {limit: 1}}\n"
                          "overrides: [{match: 'rvd/x/*', rules: {forecast: off}}]",
                          {{"TOCSIN_HTTP_ADDRESS", "0.0.0.0:9000"},
                           {"TOCSIN_DATA_DIR", ""},
                           {"TOCSIN_RULES_CLIENTS_LIMIT", "7"},
                           {"TOCSIN_RULES_HIDDEN_LOSS_ENABLED", "false"},
                           {"PATH", "/bin"}});
  EXPECT_EQ(s.http_address, "0.0.0.0:9000");
  EXPECT_EQ(s.data_dir, "");
  EXPECT_EQ(s.rules.global->clients.limit, 7u);
  EXPECT_EQ(s.rules.resolve("x", "7500")->clients.limit, 7u) << "overrides inherit it";
  EXPECT_FALSE(s.rules.global->hidden_loss.enabled);
}

TEST(settings, mistakes_in_the_environment_name_the_variable) {
  const loaded l = parse_settings(
      "http: {threads: 1}", "t.yaml",
      {{"TOCSIN_HTTP_THREADS", "many"}, {"TOCSIN_HTP_ADDRESS", "x"}, {"TOCSIN_SOURCES", "[]"}});
  EXPECT_FALSE(l.ok());
  EXPECT_THAT(all_problems(l),
              HasSubstr("TOCSIN_HTTP_THREADS: error: http.threads: 'many' is not a whole number; "
                        "write a whole number from 1 to 64\n"));
  EXPECT_THAT(all_problems(l), HasSubstr("TOCSIN_HTP_ADDRESS: warning: no key belongs to this "
                                         "variable; did you mean TOCSIN_HTTP_ADDRESS?\n"));
  EXPECT_THAT(all_problems(l), HasSubstr("TOCSIN_SOURCES: warning: no key belongs"));
}

TEST(settings, the_version_follows_the_meaning_not_the_writing) {
  const std::string plain = good("http: {threads: 5}\nshards: 2").rules.version;
  EXPECT_EQ(plain.size(), 16u);
  EXPECT_EQ(plain, good("# words\nshards: 2\nhttp:\n  threads: 5\n").rules.version);
  EXPECT_EQ(plain, good("shards: 2", {{"TOCSIN_HTTP_THREADS", "5"}}).rules.version);
  EXPECT_NE(plain, good("http: {threads: 6}\nshards: 2").rules.version);
  EXPECT_NE(plain, good("http: {threads: 5}\nshards: 2\noverrides: [{match: '*'}]").rules.version);
}

TEST(settings, the_canonical_text_names_every_value) {
  const settings s = good("receivers: [{name: w, kind: webhook, webhook: {url: 'https://h/x'}}]");
  const std::string text = canonical_text(document_of(s));
  EXPECT_THAT(text, HasSubstr("rules.retransmission_inbound.clear_below_percent: 0.1\n"));
  EXPECT_THAT(text, HasSubstr("receivers[0].webhook.url: \"https://h/x\"\n"));
  EXPECT_THAT(text, HasSubstr("receivers[0].least: warning\n"));
}

} // namespace
} // namespace tocsin::settings_test

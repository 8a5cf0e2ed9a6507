// The formats of webhooks, their signatures as the openssl command line sees them, and whom they are not sent to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/signature.hpp"
#include "sender_support.hpp"

namespace tocsin::webhook_formats_test {

using namespace test;
using enum delivery::outcome_t;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

incident another(const char* id, incident_state state = incident_state::opened) {
  incident i = a_notification().about;
  i.id = id;
  i.state = state;
  i.level = severity::warning;
  i.because.subject = "rvd/10.98.163.138/7500";
  return i;
}

notification a_group() {
  notification n = a_notification();
  n.more = {another("inc-2"), another("inc-3", incident_state::closed)};
  n.route = "root/0";
  n.group_labels = {{"group", "segment/7500/;239.1.1.1"}};
  n.response = "Cause: the network.\nAction: call it.";
  n.acknowledge_url = "https://tocsin.fab.example/ack?s=1";
  return n;
}

TEST(alertmanager_format, tells_of_a_group) {
  webhook_settings settings;
  auto j = json::parse(alertmanager_webhook(a_group(), settings, nullptr));
  ASSERT_EQ(j["alerts"].size(), 3u);
  EXPECT_EQ(j["status"], "firing");
  EXPECT_EQ(j["alerts"][2]["status"], "resolved");
  EXPECT_EQ(j["groupKey"], "root/0:{group=\"segment/7500/;239.1.1.1\"}");
  EXPECT_EQ(j["groupLabels"], (json{{"group", "segment/7500/;239.1.1.1"}}));
  EXPECT_EQ(j["commonLabels"], (json{{"alertname", "heartbeat_lost"}, {"group", "segment/7500/;239.1.1.1"},
                                     {"network", ";239.1.1.1"}, {"service", "7500"}}));
  EXPECT_EQ(j["alerts"][0]["annotations"]["response"], "Cause: the network.\nAction: call it.");
  EXPECT_EQ(j["alerts"][0]["annotations"]["acknowledge"], "https://tocsin.fab.example/ack?s=1");
  EXPECT_FALSE(j["alerts"][1]["annotations"].contains("acknowledge")) << "the link is for the one that leads";
  EXPECT_NE(j["alerts"][0]["fingerprint"], j["alerts"][1]["fingerprint"]);
  settings.max_alerts = 2;
  j = json::parse(alertmanager_webhook(a_group(), settings, nullptr));
  EXPECT_EQ(j["alerts"].size(), 2u);
  EXPECT_EQ(j["truncatedAlerts"], 1);
  auto over = a_group();
  over.about.state = over.more[0].state = incident_state::closed;
  EXPECT_EQ(json::parse(alertmanager_webhook(over, settings, nullptr))["status"], "resolved");
}

TEST(alertmanager_format, takes_labels_of_the_inventory_by_names_prometheus_allows) {
  rule_book book;
  expected_daemon e{};
  e.host = "10.98.163.137";
  e.service = "7500";
  e.labels = {{"fab-area", "litho"}, {"severity", "mine"}, {"1st", "x"}};
  book.inventory.push_back(e);
  const auto labels = json::parse(alertmanager_webhook(a_notification(), {}, &book))["alerts"][0]["labels"];
  EXPECT_EQ(labels["fab_area"], "litho");
  EXPECT_EQ(labels["_1st"], "x");
  EXPECT_EQ(labels["severity"], "critical") << "ours stays";
}

TEST(cloudevents_format, is_a_structured_event_with_the_notification_as_data) {
  webhook_settings settings;
  settings.external_url = "https://tocsin.fab.example";
  const auto j = json::parse(cloud_event(a_group(), settings, nullptr));
  EXPECT_EQ(j["specversion"], "1.0");
  EXPECT_EQ(j["id"], "inc-7f3a.1@ops");
  EXPECT_EQ(j["source"], "https://tocsin.fab.example");
  EXPECT_EQ(j["type"], "tocsin.incident.opened");
  EXPECT_EQ(j["subject"], "rvd/10.98.163.137/7500");
  EXPECT_EQ(j["time"], "2026-11-21T07:25:03.500Z");
  EXPECT_EQ(j["datacontenttype"], "application/json");
  EXPECT_EQ(j["data"]["incident"]["id"], "inc-7f3a");
  EXPECT_EQ(j["data"]["more"].size(), 2u);
  EXPECT_EQ(j["data"]["labels"]["host"], "10.98.163.137");
  EXPECT_EQ(json::parse(cloud_event(a_group(), {}, nullptr))["source"], "urn:tocsin") << "a source is never empty";
}

TEST(pagerduty_format, is_an_event_that_ends_what_it_began) {
  webhook_settings settings;
  settings.external_url = "https://tocsin.fab.example";
  const auto n = a_group();
  auto j = json::parse(pagerduty_event(n, n.about, settings, nullptr, "r0uting"));
  EXPECT_EQ(j["routing_key"], "r0uting");
  EXPECT_EQ(j["event_action"], "trigger");
  EXPECT_EQ(j["dedup_key"], "inc-7f3a");
  EXPECT_EQ(j["payload"]["severity"], "critical");
  EXPECT_EQ(j["payload"]["summary"], "10.98.163.137 on service 7500 is silent");
  EXPECT_EQ(j["payload"]["source"], "rvd/10.98.163.137/7500");
  EXPECT_EQ(j["payload"]["custom_details"]["missed heartbeats"], "3");
  EXPECT_EQ(j["links"][0]["href"], "https://tocsin.fab.example/#/incidents/inc-7f3a");
  EXPECT_EQ(j["links"][1]["href"], n.acknowledge_url);
  EXPECT_EQ(json::parse(pagerduty_event(n, n.more[1], settings, nullptr, "r"))["event_action"], "resolve");
  auto seen = n;
  seen.reason = "acknowledged";
  EXPECT_EQ(json::parse(pagerduty_event(seen, seen.about, settings, nullptr, "r"))["event_action"], "acknowledge");
  auto long_one = n;
  long_one.about.id = std::string(400, 'x');
  const std::string key = json::parse(pagerduty_event(long_one, long_one.about, settings, nullptr, "r"))["dedup_key"];
  EXPECT_LE(key.size(), 255u);
  long_one.about.id += 'y';
  EXPECT_NE(json::parse(pagerduty_event(long_one, long_one.about, settings, nullptr, "r"))["dedup_key"], key);
}

// -- on the wire --

class formats : public testing::Test {
protected:
  void SetUp() override { settings.allow_private = true; }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + server.port + path; }
  /// HMAC-SHA256 in base64, by the command line.
  std::string openssl_hmac(const std::string& key_hex, const std::string& content) {
    const auto in = directory.write("content", content);
    const auto out = directory.file("sum");
    const std::string command = "openssl dgst -sha256 -mac HMAC -macopt hexkey:" + key_hex + " -binary '" + in +
                                "' | openssl base64 -A > '" + out + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return read_file(out);
  }
  temporary_directory directory;
  server_process server{"http_receiver.py", {}};
  webhook_settings settings;
};

TEST_F(formats, signatures_are_those_of_openssl_with_both_secrets) {
  const std::string old_hex = "000102030405060708090a0b0c0d0e0f1011121314151617"; // 24 bytes
  const std::string new_hex = "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8";
  settings.secret_files = {directory.write("new", "whsec_//79/Pv6+fj39vX08/Lx8O/u7ezr6uno\n"),
                           directory.write("old", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")};
  settings.url = url("/status/200");
  settings.format = "cloudevents";
  const auto when = at("2026-11-21T08:00:00.9Z");
  const auto sender = make_webhook_sender(settings);
  ASSERT_EQ(sender->attempt(a_group(), {when, {}}).outcome, delivered);
  const auto got = server.next();
  const auto& h = got["headers"];
  EXPECT_EQ(h["Content-Type"], "application/cloudevents+json");
  EXPECT_EQ(h["webhook-id"], "inc-7f3a.1@ops");
  EXPECT_EQ(h["webhook-timestamp"], "1795248000");
  const std::string content = "inc-7f3a.1@ops.1795248000." + got["body"].get<std::string>();
  EXPECT_EQ(h["webhook-signature"],
            "v1," + openssl_hmac(new_hex, content) + " v1," + openssl_hmac(old_hex, content));

  ASSERT_EQ(sender->attempt(a_group(), {when + 60s, {}}).outcome, delivered);
  const auto again = server.next()["headers"];
  EXPECT_EQ(again["webhook-id"], h["webhook-id"]) << "the same over retries";
  EXPECT_EQ(again["webhook-timestamp"], "1795248060") << "of the attempt";
}

TEST_F(formats, a_secret_that_cannot_be_used_is_tried_again_and_never_shown) {
  settings.url = url("/status/200");
  for (const char* bad : {"whsec_geheim", "geheim geheim geheim geheim geheim geheim", "whsec_"}) {
    settings.secret_files = {directory.write("secret", bad)};
    const auto d = make_webhook_sender(settings)->send(a_notification());
    EXPECT_EQ(d.outcome, retry);
    EXPECT_THAT(d.answer, AllOf(HasSubstr("secret_files"), HasSubstr("openssl rand"), Not(HasSubstr("geheim"))));
  }
  EXPECT_TRUE(server.is_quiet());
}

TEST_F(formats, pagerduty_is_told_of_each_incident_and_of_none_twice) {
  settings.format = "pagerduty";
  settings.routing_key_file = directory.write("key", "r0uting\n");
  settings.url = url("/status/202");
  const auto sender = make_webhook_sender(settings);
  EXPECT_EQ(sender->send(a_group()).outcome, delivered);
  std::set<std::string> ids, keys;
  for (int i = 0; i < 3; ++i) {
    const auto got = server.next();
    ids.insert(got["headers"]["webhook-id"]);
    keys.insert(json::parse(got["body"].get<std::string>())["dedup_key"]);
  }
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_EQ(keys, (std::set<std::string>{"inc-7f3a", "inc-2", "inc-3"}));
  settings.url = url("/status/503");
  const auto failed = make_webhook_sender(settings)->attempt(a_group(), {unset, {"inc-2", "inc-3"}});
  EXPECT_EQ(failed.outcome, retry);
  EXPECT_EQ(failed.remaining, (std::vector<std::string>{"inc-2", "inc-3"}));
  EXPECT_EQ(json::parse(server.next()["body"].get<std::string>())["dedup_key"], "inc-2");
  settings.routing_key_file = directory.file("nothing");
  EXPECT_THAT(make_webhook_sender(settings)->send(a_group()).answer, HasSubstr("routing_key_file"));
  EXPECT_TRUE(server.is_quiet());
}

TEST_F(formats, gone_disables) {
  settings.url = url("/status/410");
  const auto d = make_webhook_sender(settings)->send(a_notification());
  EXPECT_EQ(d.outcome, retry) << "kept until the configuration is read anew";
  EXPECT_TRUE(d.disable);
  settings.url = url("/status/404");
  EXPECT_FALSE(make_webhook_sender(settings)->send(a_notification()).disable);
}

TEST_F(formats, private_addresses_are_told_nothing_unasked) {
  settings.allow_private = false;
  for (const std::string host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"}) {
    settings.url = "http://" + host + ":" + server.port + "/status/200";
    for (const bool forwarded : {false, true}) {
      const auto d = (forwarded ? make_alertmanager_sender(settings) : make_webhook_sender(settings))->send(a_notification());
      EXPECT_EQ(d.outcome, retry) << host;
      EXPECT_THAT(d.answer, AllOf(HasSubstr("a loopback address"), HasSubstr("allow_private: true"))) << host;
    }
  }
  EXPECT_TRUE(server.is_quiet());
}

} // namespace

} // namespace tocsin::webhook_formats_test

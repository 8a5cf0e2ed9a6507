// A real Alertmanager: takes what we forward, and its own webhook says the same as ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/http_client.hpp"
#include "sender_support.hpp"

namespace tocsin::alertmanager_test {

using namespace test;
using nlohmann::json;

namespace {

constexpr const char* program = "/usr/bin/prometheus-alertmanager";

int free_port() {
  const file_descriptor s{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(s.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::getsockname(s.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

class alertmanager : public testing::Test {
protected:
  void SetUp() override {
    if (!std::filesystem::exists(program)) GTEST_SKIP() << "prometheus-alertmanager is not installed";
    hook.emplace("http_receiver.py", std::vector<std::string>{});
    const std::string config = directory.write(
        "config.yaml", "route: {receiver: hook, group_by: [group], group_wait: 50ms, group_interval: 100ms}\n"
                       "receivers: [{name: hook, webhook_configs: [{url: 'http://127.0.0.1:" +
                           hook->port + "/status/200'}]}]\n");
    const std::string port = std::to_string(free_port());
    settings.url = "http://127.0.0.1:" + port;
    settings.allow_private = true;
    settings.external_url = "https://tocsin.fab.example";
    peer.emplace(std::vector<std::string>{program, "--config.file=" + config, "--storage.path=" + directory.file("data"),
                                          "--web.listen-address=127.0.0.1:" + port, "--cluster.listen-address=",
                                          "--log.level=error"});
    ASSERT_TRUE(eventually([&] {
      const auto a = http_get(settings.url + "/-/ready");
      return a && a->status == 200;
    })) << "it did not start";
  }
  json alerts() {
    const auto a = http_get(settings.url + "/api/v2/alerts");
    return a ? json::parse(a->body) : json{};
  }
  /// Our times are long ago in a test; an Alertmanager ends what is over.
  static notification now(notification n) {
    const auto moment = timestamp{std::chrono::duration_cast<duration>(std::chrono::system_clock::now().time_since_epoch())};
    n.at = n.about.at = moment;
    n.about.since = moment - 60s;
    if (n.about.state == incident_state::closed) n.about.until = moment;
    return n;
  }
  temporary_directory directory;
  std::optional<server_process> hook;
  std::optional<child> peer;
  webhook_settings settings;
};

TEST_F(alertmanager, takes_what_is_forwarded_follows_it_and_says_the_same_as_we_do) {
  const auto sender = make_alertmanager_sender(settings);
  auto n = now(a_notification());
  n.about.level = severity::warning;
  const auto d = sender->send(n);
  ASSERT_EQ(d.outcome, delivery::outcome_t::delivered) << d.answer;
  auto got = alerts();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]["labels"]["alertname"], "heartbeat_lost");
  EXPECT_EQ(got[0]["labels"]["severity"], "warning");
  EXPECT_EQ(got[0]["labels"]["host"], "10.98.163.137");
  EXPECT_EQ(got[0]["annotations"]["summary"], "10.98.163.137 on service 7500 is silent");
  EXPECT_EQ(got[0]["generatorURL"], "https://tocsin.fab.example/#/incidents/inc-7f3a");
  EXPECT_EQ(got[0]["status"]["state"], "active");

  // What it tells its own webhook and what we tell ours have the same shape and mean the same.
  const json theirs = json::parse(hook->next()["body"].get<std::string>());
  const json ours = json::parse(alertmanager_webhook(n, settings, nullptr));
  for (const auto& [key, value] : theirs.items()) EXPECT_TRUE(ours.contains(key)) << key;
  for (const auto& [key, value] : theirs["alerts"][0].items()) EXPECT_TRUE(ours["alerts"][0].contains(key)) << key;
  for (const char* same : {"status", "labels", "annotations", "generatorURL", "endsAt"})
    EXPECT_EQ(theirs["alerts"][0][same].dump().substr(0, 4), ours["alerts"][0][same].dump().substr(0, 4)) << same;
  EXPECT_EQ(theirs["alerts"][0]["labels"], ours["alerts"][0]["labels"]);
  EXPECT_EQ(theirs["alerts"][0]["annotations"], ours["alerts"][0]["annotations"]);
  EXPECT_EQ(theirs["commonLabels"], ours["commonLabels"]);
  EXPECT_EQ(theirs["version"], ours["version"]);
  if (python_has("jsonschema")) {
    const std::string command = std::string{python} +
                                " -c 'import json, sys, jsonschema\n"
                                "schema = json.load(open(sys.argv[1]))\n"
                                "for f in sys.argv[2:]: jsonschema.Draft7Validator(schema).validate(json.load(open(f)))'"
                                " " TOCSIN_SOURCE_DIR "/tests/io/alertmanager_webhook.schema.json " +
                                directory.write("theirs", theirs.dump()) + " " + directory.write("ours", ours.dump());
    EXPECT_EQ(std::system(command.c_str()), 0) << theirs.dump();
  }

  // It got worse: one alert there, not two.
  n.about.level = severity::critical;
  ASSERT_EQ(sender->send(n).outcome, delivery::outcome_t::delivered);
  EXPECT_TRUE(eventually([&] {
    got = alerts();
    return got.size() == 1 && got[0]["labels"]["severity"] == "critical";
  })) << got.dump();
  ASSERT_EQ(sender->send(now(closed(n))).outcome, delivery::outcome_t::delivered);
  EXPECT_TRUE(eventually([&] { return alerts().empty(); }));
}

TEST_F(alertmanager, an_address_that_is_none_of_its_own_is_refused) {
  settings.url += "/wrong";
  EXPECT_EQ(make_alertmanager_sender(settings)->send(now(a_notification())).outcome, delivery::outcome_t::refused);
}

} // namespace

} // namespace tocsin::alertmanager_test

// The webhook against a real HTTP server: Alertmanager's message exactly, and every answer
// understood.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sender_support.hpp"

namespace tocsin::webhook_sender_test {

using namespace test;
using enum delivery::outcome_t;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

class hooking : public testing::Test {
protected:
  void serve(std::vector<std::string> options = {}) {
    secure = !options.empty();
    server.emplace("http_receiver.py", options);
  }
  void serve_tls(std::vector<std::string> more = {}) {
    const auto& c = certificates::all();
    more.insert(more.end(), {"--certificate", c.file("server"), "--key", c.key("server")});
    serve(more);
    settings.ca_file = c.file("ca");
  }
  delivery send(const std::string& path, const notification& n = a_notification()) {
    settings.url = (secure ? "https://127.0.0.1:" : "http://127.0.0.1:") + server->port + path;
    return make_webhook_sender(settings)->send(n);
  }
  temporary_directory directory;
  bool secure = false;
  std::optional<server_process> server;
  webhook_settings settings = [] {
    webhook_settings s;
    s.allow_private = true; // the servers of the tests are on this machine
    return s;
  }();
};

// -- the message --

TEST(webhook_message, is_alertmanagers) {
  const auto j =
      nlohmann::json::parse(webhook_body(a_notification(), "ops", "https://tocsin.fab.example"));
  EXPECT_EQ(j["version"], "4");
  EXPECT_EQ(j["status"], "firing");
  EXPECT_EQ(j["receiver"], "ops");
  EXPECT_EQ(j["notification_reason"], "first_notification");
  EXPECT_EQ(j["groupKey"], "{}:{incident=\"inc-7f3a\"}");
  EXPECT_EQ(j["externalURL"], "https://tocsin.fab.example");
  ASSERT_EQ(j["alerts"].size(), 1u);
  const auto& alert = j["alerts"][0];
  EXPECT_EQ(alert["labels"], (nlohmann::json{{"alertname", "heartbeat_lost"},
                                             {"severity", "critical"},
                                             {"incident", "inc-7f3a"},
                                             {"subject", "rvd/10.98.163.137/7500"},
                                             {"group", "segment/7500/;239.1.1.1"},
                                             {"host", "10.98.163.137"},
                                             {"service", "7500"},
                                             {"network", ";239.1.1.1"}}));
  EXPECT_EQ(j["commonLabels"], alert["labels"]);
  EXPECT_EQ(alert["annotations"]["summary"], "10.98.163.137 on service 7500 is silent");
  EXPECT_THAT(alert["annotations"]["description"].get<std::string>(),
              AllOf(HasSubstr("probability 93 %"), HasSubstr("missed heartbeats: 3")));
  EXPECT_EQ(alert["startsAt"], "2026-11-21T07:21:00Z");
  EXPECT_EQ(alert["endsAt"], "0001-01-01T00:00:00Z");
  EXPECT_EQ(alert["generatorURL"], "https://tocsin.fab.example/#/incidents/inc-7f3a");
}

TEST(webhook_message, resolved_ends_and_keeps_its_fingerprint) {
  const auto firing = nlohmann::json::parse(webhook_body(a_notification(), "ops", ""));
  const auto over = nlohmann::json::parse(webhook_body(closed(a_notification()), "ops", ""));
  EXPECT_EQ(over["status"], "resolved");
  EXPECT_EQ(over["alerts"][0]["status"], "resolved");
  EXPECT_EQ(over["alerts"][0]["endsAt"], "2026-11-21T08:33:05Z");
  EXPECT_EQ(over["notification_reason"], "all_alerts_resolved");
  EXPECT_EQ(over["alerts"][0]["fingerprint"], firing["alerts"][0]["fingerprint"]);
  EXPECT_EQ(over["groupKey"], firing["groupKey"]);
}

TEST(webhook_message, labels_do_not_depend_on_the_receiver) {
  const auto a = nlohmann::json::parse(webhook_body(a_notification(), "ops", ""));
  const auto b = nlohmann::json::parse(webhook_body(a_notification(), "night", ""));
  EXPECT_EQ(a["alerts"], b["alerts"]);
  EXPECT_EQ(b["receiver"], "night");
}

TEST(webhook_message, fits_the_schema_whatever_it_holds) {
  if (!python_has("jsonschema")) GTEST_SKIP() << "python3-jsonschema is not installed";
  temporary_directory directory;
  auto odd = a_notification();
  odd.about.title = "\"quoted\" \\ \xff\x01 \n Füße";
  odd.about.members.clear();
  odd.about.member_count = 0;
  odd.about.facts.clear();
  odd.about.group.clear();
  odd.reason = "whatever";
  auto timeless = closed(a_notification());
  timeless.about.until.reset();
  int number = 0;
  std::string command =
      std::string{python} + " -c 'import json, sys, jsonschema\n" +
      "schema = json.load(open(sys.argv[1]))\n"
      "for f in sys.argv[2:]: jsonschema.Draft7Validator(schema).validate(json.load(open(f)))'"
      " " TOCSIN_SOURCE_DIR "/tests/io/alertmanager_webhook.schema.json";
  for (const auto& n : {a_notification(), closed(a_notification()), odd, timeless})
    command += " " + directory.write(std::to_string(++number),
                                     webhook_body(n, "ops", "https://x.example"));
  EXPECT_EQ(std::system(command.c_str()), 0);
  const auto bad = directory.write("bad", R"({"version": "4", "alerts": []})");
  EXPECT_NE(std::system((command + " " + bad + " 2>/dev/null").c_str()), 0)
      << "the schema says no when it should";
}

// -- delivery --

TEST_F(hooking, posts_with_a_key_that_stays_the_same) {
  serve();
  settings.external_url = "https://tocsin.fab.example";
  const auto d = send("/status/200");
  EXPECT_EQ(d.outcome, delivered);
  EXPECT_EQ(d.answer, "HTTP 200: said [31m so") << "one line, no control characters";
  const auto got = server->next();
  EXPECT_EQ(got["method"], "POST");
  EXPECT_EQ(got["headers"]["Content-Type"], "application/json");
  EXPECT_EQ(got["headers"]["Idempotency-Key"], "inc-7f3a.1@ops");
  EXPECT_EQ(got["headers"]["webhook-id"], "inc-7f3a.1@ops");
  EXPECT_THAT(got["headers"]["User-Agent"].get<std::string>(),
              testing::MatchesRegex("tocsin/[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_EQ(got["body"], webhook_body(a_notification(), "ops", "https://tocsin.fab.example"));
}

TEST_F(hooking, a_header_cannot_be_broken_by_an_id) {
  serve();
  auto n = a_notification();
  n.id = "x\r\nX-Evil: 1";
  EXPECT_EQ(send("/status/204", n).outcome, delivered);
  const auto headers = server->next()["headers"];
  EXPECT_EQ(headers["webhook-id"], "x X-Evil: 1");
  EXPECT_FALSE(headers.contains("X-Evil"));
}

TEST_F(hooking, the_connection_is_kept) {
  serve();
  settings.url = "http://127.0.0.1:" + server->port + "/status/200";
  const auto sender = make_webhook_sender(settings);
  ASSERT_EQ(sender->send(a_notification()).outcome, delivered);
  ASSERT_EQ(sender->send(a_notification()).outcome, delivered);
  EXPECT_EQ(server->next()["port"], server->next()["port"]);
}

struct status_case {
  int status;
  delivery::outcome_t outcome;
};
class webhook_status : public hooking, public testing::WithParamInterface<status_case> {};

TEST_P(webhook_status, decides_whether_another_attempt_helps) {
  serve();
  const auto [status, outcome] = GetParam();
  const auto d = send("/status/" + std::to_string(status));
  EXPECT_EQ(d.outcome, outcome);
  EXPECT_THAT(d.answer, HasSubstr("HTTP " + std::to_string(status)));
  EXPECT_FALSE(d.retry_after);
}

INSTANTIATE_TEST_SUITE_P(, webhook_status,
                         testing::Values(status_case{200, delivered}, status_case{202, delivered},
                                         status_case{400, refused}, status_case{401, refused},
                                         status_case{404, refused}, status_case{408, retry},
                                         status_case{410, retry}, status_case{429, retry},
                                         status_case{500, retry}, status_case{502, retry},
                                         status_case{503, retry}),
                         [](const auto& one) { return std::to_string(one.param.status); });

TEST_F(hooking, retry_after_is_honoured_in_both_forms_and_bounded) {
  serve();
  const auto seconds = send("/retry_after/7");
  EXPECT_EQ(seconds.outcome, retry);
  EXPECT_EQ(seconds.retry_after, duration{7s});
  const auto date = send("/retry_date/90");
  ASSERT_TRUE(date.retry_after);
  EXPECT_GE(*date.retry_after, 60s); // the clock has whole seconds, and this machine may be busy
  EXPECT_LE(*date.retry_after, 91s);
  EXPECT_FALSE(send("/retry_date/-90").retry_after) << "over already";
  EXPECT_EQ(send("/retry_after/99999999999").retry_after, duration{24h});
}

TEST_F(hooking, redirects_are_not_followed) {
  serve();
  const auto d = send("/redirect");
  EXPECT_EQ(d.outcome, refused);
  EXPECT_THAT(d.answer, AllOf(HasSubstr("302"), HasSubstr("correct url")));
  EXPECT_EQ(server->next()["path"], "/redirect");
  EXPECT_TRUE(server->is_quiet());
}

TEST_F(hooking, a_long_answer_is_cut_and_an_endless_one_left) {
  serve();
  const auto d = send("/long");
  EXPECT_EQ(d.outcome, delivered);
  EXPECT_LE(d.answer.size(), 320u);
  EXPECT_EQ(send("/endless").outcome, delivered);
}

TEST_F(hooking, silence_and_broken_connections_are_tried_again) {
  serve();
  settings.timeout = 1s;
  const auto hanging = send("/hang");
  EXPECT_EQ(hanging.outcome, retry);
  EXPECT_THAT(hanging.answer, testing::AnyOf(HasSubstr("timed out"), HasSubstr("no answer in time")));
  settings.timeout = 30s;
  EXPECT_EQ(send("/reset").outcome, retry);
  EXPECT_EQ(send("/half").outcome, retry) << "a 200 that was not said to its end";
  const std::string port = server->port;
  server.reset();
  settings.url = "http://127.0.0.1:" + port + "/";
  EXPECT_EQ(make_webhook_sender(settings)->send(a_notification()).outcome, retry);
}

TEST_F(hooking, an_address_that_cannot_be_is_refused) {
  for (const char* url : {"ftp://127.0.0.1/x", "file:///etc/passwd", "http://", ""}) {
    settings.url = url;
    const auto d = make_webhook_sender(settings)->send(a_notification());
    EXPECT_EQ(d.outcome, refused) << url;
    EXPECT_THAT(d.answer, HasSubstr("check url"));
  }
}

TEST_F(hooking, no_proxy_is_taken_from_the_environment) {
  serve();
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  const auto d = send("/status/200");
  ::unsetenv("http_proxy");
  EXPECT_EQ(d.outcome, delivered) << d.answer;
}

// -- who is who --

TEST_F(hooking, tls_with_the_own_authority_token_and_client_certificate) {
  serve_tls({"--client_ca", certificates::all().file("ca")});
  settings.bearer_file = directory.write("token", "t0ken\n");
  settings.client_certificate = certificates::all().file("client");
  settings.client_key = certificates::all().key("client");
  const auto d = send("/status/200");
  EXPECT_EQ(d.outcome, delivered) << d.answer;
  const auto got = server->next();
  EXPECT_EQ(got["headers"]["Authorization"], "Bearer t0ken");
  EXPECT_EQ(got["client"], "tocsin-node");
  settings.client_certificate = settings.client_key = "";
  EXPECT_EQ(send("/status/200").outcome, retry) << "the server wants a certificate";
}

TEST_F(hooking, a_certificate_of_a_stranger_is_not_trusted) {
  serve_tls();
  settings.ca_file = certificates::all().file("stranger");
  const auto d = send("/status/200");
  EXPECT_EQ(d.outcome, retry);
  EXPECT_THAT(d.answer, HasSubstr("ca_file"));
  settings.ca_file = "";
  EXPECT_EQ(send("/status/200").outcome, retry) << "nor by the system's authorities";
  EXPECT_TRUE(server->is_quiet());
}

TEST_F(hooking, a_token_that_cannot_be_read_is_tried_again_and_never_shown) {
  serve();
  settings.bearer_file = directory.file("nothing");
  const auto missing = send("/status/200");
  EXPECT_EQ(missing.outcome, retry);
  EXPECT_THAT(missing.answer, HasSubstr("bearer_file"));
  settings.bearer_file = directory.write("token", "t0ken\r\nX-Evil: 1\r\n");
  const auto broken = send("/status/200");
  EXPECT_EQ(broken.outcome, retry);
  EXPECT_THAT(broken.answer, Not(HasSubstr("t0ken")));
  EXPECT_TRUE(server->is_quiet());
}

} // namespace

} // namespace tocsin::webhook_sender_test

// Mail against a real SMTP server: encrypted, logged in, readable, and every answer of the server
// understood.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sender_support.hpp"

namespace tocsin::mail_sender_test {

using namespace test;
using enum delivery::outcome_t;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

class mailing : public testing::Test {
protected:
  void SetUp() override {
    static const bool available = python_has("aiosmtpd");
    if (!available) GTEST_SKIP() << "python3-aiosmtpd is not installed";
  }
  /// A server of this kind, and settings that fit it.
  void serve(const std::string& security, std::vector<std::string> more = {}) {
    const auto& c = certificates::all();
    more.insert(more.end(), {"--security", security, "--certificate", c.file("server"), "--key",
                             c.key("server")});
    server.emplace("smtp_server.py", more);
    settings.server = "127.0.0.1:" + server->port;
    settings.security = security;
    settings.ca_file = c.file("ca");
    settings.from = "Tocsin <tocsin@fab.example>";
    settings.to = {"ops@fab.example"};
    settings.external_url = "https://tocsin.fab.example/";
  }
  delivery send(const notification& n = a_notification()) {
    return make_mail_sender(settings)->send(n);
  }

  temporary_directory directory;
  std::optional<server_process> server;
  mail_settings settings;
};

TEST_F(mailing, says_what_since_when_why_and_where) {
  serve("none");
  const auto d = send();
  EXPECT_EQ(d.outcome, delivered) << d.answer;
  EXPECT_EQ(d.answer, "250 2.0.0 taken");
  const auto mail = server->next();
  EXPECT_EQ(mail["from"], "tocsin@fab.example");
  EXPECT_EQ(mail["to"], nlohmann::json::array({"ops@fab.example"}));
  EXPECT_EQ(mail["defects"], nlohmann::json::array());
  EXPECT_EQ(mail["type"], "multipart/alternative");
  const auto& h = mail["headers"];
  EXPECT_EQ(h["Subject"], "CRITICAL: 10.98.163.137 on service 7500 is silent");
  EXPECT_EQ(h["Date"], "Sat, 21 Nov 2026 07:25:03 +0000");
  EXPECT_EQ(h["Auto-Submitted"], "auto-generated");
  EXPECT_EQ(h["X-Tocsin-Incident"], "inc-7f3a");
  EXPECT_EQ(h["X-Priority"], "1");
  EXPECT_EQ(h["Importance"], "high");
  EXPECT_EQ(h["List-Id"], "Tocsin <ops.tocsin>");
  ASSERT_EQ(mail["parts"].size(), 2u);
  EXPECT_EQ(mail["parts"][0]["type"], "text/plain");
  EXPECT_EQ(mail["parts"][1]["type"], "text/html");
  EXPECT_THAT(
      mail["parts"][0]["text"].get<std::string>(),
      AllOf(HasSubstr("CRITICAL: 10.98.163.137 on service 7500 is silent\n\n"),
            HasSubstr("Since         2026-11-21 07:21:00 UTC\n"),
            HasSubstr("Cause         heartbeat lost at rvd/10.98.163.137/7500, probability 93 %\n"),
            HasSubstr("Members (1)\n  rvd/10.98.163.137/7500\n"),
            HasSubstr("  last heard          2026-11-21 07:21:00 UTC\n"),
            HasSubstr("  missed heartbeats   3\n"), HasSubstr("  period s            90.01\n"),
            HasSubstr("  stopped on purpose  no\n"),
            HasSubstr("\nhttps://tocsin.fab.example/#/incidents/inc-7f3a\n")));
  EXPECT_THAT(mail["parts"][1]["text"].get<std::string>(),
              HasSubstr("<a href=\"https://tocsin.fab.example/#/incidents/inc-7f3a\">"));
}

TEST_F(mailing, the_mails_of_an_incident_form_a_thread) {
  serve("none");
  const auto first = a_notification();
  ASSERT_EQ(send(first).outcome, delivered);
  ASSERT_EQ(send(first).outcome, delivered);
  ASSERT_EQ(send(closed(first)).outcome, delivered);
  const auto opened = server->next()["headers"], again = server->next()["headers"],
             over = server->next()["headers"];
  EXPECT_FALSE(opened.contains("In-Reply-To"));
  EXPECT_EQ(opened["Message-Id"], again["Message-Id"]) << "a retry is the same mail";
  EXPECT_NE(opened["Message-Id"], over["Message-Id"]);
  EXPECT_EQ(over["In-Reply-To"], opened["Message-Id"]);
  EXPECT_EQ(over["References"], opened["Message-Id"]);
  EXPECT_EQ(over["Subject"], "CLOSED: 10.98.163.137 on service 7500 is silent");
  EXPECT_EQ(over["X-Priority"], "3");
}

TEST_F(mailing, what_is_over_says_how_long_it_took) {
  EXPECT_THAT(mail_message(closed(a_notification()), settings),
              AllOf(HasSubstr("Until         2026-11-21 08:33:05 UTC (lasted 1h12m5s)"),
                    HasSubstr("it is over")));
}

TEST_F(mailing, no_text_can_break_out_of_its_place) {
  serve("none");
  auto n = a_notification();
  n.about.title = "Füße\r\nBcc: evil@example.com\r\n\r\n<script>alert('x')</script> & \xff\x1b[31m "
                  "=?UTF-8?Q?x?= " +
                  std::string(300, 'y');
  n.about.id = "in\r\nX-Evil: 1 c";
  n.about.because.subject = "rvd/<b>/\"7500\"";
  n.about.members = {".", "..", "\r\n.\r\nMAIL FROM:<evil@example.com>", "-- ",
                     "=_tocsin_" + std::string(200, 'z') + " "};
  n.about.member_count = 5;
  n.receiver = "ops\r\nX-Evil: 2";
  settings.from = "Tocsin Überwachung \r\nX-Evil: 3 <tocsin@fab.example>";
  settings.to = {"\"Ops, Night\" <ops@fab.example>"};
  const auto d = send(n);
  ASSERT_EQ(d.outcome, delivered) << d.answer;
  const auto mail = server->next();
  EXPECT_EQ(mail["defects"], nlohmann::json::array());
  EXPECT_EQ(mail["bare_line_ends"], 0);
  EXPECT_EQ(mail["ascii"], true);
  EXPECT_LE(mail["longest_line"], 78);
  for (const std::string name : mail["header_names"])
    EXPECT_THAT(name, AllOf(Not("X-Evil"), Not("Bcc")));
  EXPECT_EQ(mail["from"], "tocsin@fab.example");
  EXPECT_EQ(mail["to"], nlohmann::json::array({"ops@fab.example"}));
  EXPECT_THAT(mail["headers"]["Subject"].get<std::string>(),
              testing::StartsWith("CRITICAL: Füße Bcc: evil@example.com"));
  EXPECT_EQ(mail["headers"]["To"], "\"Ops, Night\" <ops@fab.example>");
  const std::string text = mail["parts"][0]["text"], html = mail["parts"][1]["text"];
  EXPECT_THAT(text, AllOf(HasSubstr("\n  .\n  ..\n"), HasSubstr("MAIL FROM:<evil@example.com>\n"),
                          Not(HasSubstr("\x1b"))));
  EXPECT_THAT(html, AllOf(HasSubstr("&lt;script&gt;alert(&#39;x&#39;)"), Not(HasSubstr("<script")),
                          HasSubstr("rvd/&lt;b&gt;/&quot;7500&quot;")));
}

TEST_F(mailing, twenty_members_are_named_the_rest_is_counted) {
  auto n = a_notification();
  n.about.members.clear();
  for (int i = 100; i < 200; ++i)
    n.about.members.push_back("rvd/10.0.0." + std::to_string(i) + "/7500");
  n.about.member_count = 5000;
  EXPECT_THAT(mail_message(n, settings),
              AllOf(HasSubstr("Members (5000)"), HasSubstr("10.0.0.119/"),
                    Not(HasSubstr("10.0.0.120/")), HasSubstr("and 4980 more")));
}

TEST_F(mailing, the_same_notification_is_the_same_mail) {
  EXPECT_EQ(mail_message(a_notification(), settings), mail_message(a_notification(), settings));
}

// -- encryption and login --

TEST_F(mailing, starttls_and_login) {
  serve("starttls", {"--user", "tocsin", "--password", "s3cret"});
  settings.user = "tocsin";
  settings.password_file = directory.write("password", "s3cret\n");
  const auto d = send();
  EXPECT_EQ(d.outcome, delivered) << d.answer;
  const auto mail = server->next();
  EXPECT_EQ(mail["tls"], true);
  EXPECT_EQ(mail["user"], "tocsin");
}

TEST_F(mailing, implicit_tls_and_login) {
  serve("tls", {"--user", "tocsin", "--password", "s3cret"});
  settings.user = "tocsin";
  settings.password_file = directory.write("password", "s3cret");
  const auto d = send();
  EXPECT_EQ(d.outcome, delivered) << d.answer;
  EXPECT_EQ(server->next()["user"], "tocsin");
}

TEST_F(mailing, a_wrong_password_is_tried_again_and_a_repaired_one_works) {
  serve("starttls", {"--user", "tocsin", "--password", "s3cret"});
  settings.user = "tocsin";
  settings.password_file = directory.write("password", "wr0ng");
  const auto sender = make_mail_sender(settings);
  const auto d = sender->send(a_notification());
  EXPECT_EQ(d.outcome, retry);
  EXPECT_THAT(d.answer, AllOf(HasSubstr("535"), Not(HasSubstr("wr0ng"))));
  directory.write("password", "s3cret");
  EXPECT_EQ(sender->send(a_notification()).outcome, delivered);
  std::filesystem::remove(settings.password_file);
  const auto missing = sender->send(a_notification());
  EXPECT_EQ(missing.outcome, retry);
  EXPECT_THAT(missing.answer, HasSubstr("password_file"));
}

TEST_F(mailing, nothing_is_said_to_a_server_without_starttls) {
  serve("none");
  settings.security = "starttls";
  const auto d = send();
  EXPECT_EQ(d.outcome, retry);
  EXPECT_THAT(d.answer, HasSubstr("STARTTLS"));
  EXPECT_TRUE(server->is_quiet());
}

TEST_F(mailing, a_certificate_of_a_stranger_is_not_trusted) {
  for (const char* security : {"starttls", "tls"}) {
    serve(security);
    settings.ca_file = certificates::all().file("stranger");
    const auto d = send();
    EXPECT_EQ(d.outcome, retry);
    EXPECT_THAT(d.answer, HasSubstr("ca_file"));
    EXPECT_TRUE(server->is_quiet());
  }
}

// -- answers --

TEST_F(mailing, one_wrong_address_does_not_keep_it_from_the_others) {
  serve("none");
  settings.to = {"refused@fab.example", "ops@fab.example", "later@fab.example"};
  const auto d = send();
  EXPECT_EQ(d.outcome, retry) << "one of them may take it later";
  EXPECT_EQ(d.remaining, std::vector<std::string>{"later@fab.example"});
  EXPECT_TRUE(d.answered);
  EXPECT_THAT(d.answer, AllOf(HasSubstr("250 2.0.0 taken"),
                              HasSubstr("refused@fab.example: 550 5.1.1 no such mailbox"),
                              HasSubstr("later@fab.example: 451"), Not(HasSubstr("ops@"))));
  EXPECT_EQ(server->next()["to"], nlohmann::json::array({"ops@fab.example"}));
}

TEST_F(mailing, only_who_is_left_is_asked_again_by_the_same_mail) {
  serve("none");
  settings.to = {"refused@fab.example", "ops@fab.example", "later@fab.example", "Ops Again <ops@fab.example>"};
  const auto sender = make_mail_sender(settings);
  const auto first = sender->send(a_notification());
  ASSERT_EQ(first.remaining, std::vector<std::string>{"later@fab.example"});
  const auto mail = server->next();
  EXPECT_EQ(mail["to"], nlohmann::json::array({"ops@fab.example"})) << "nobody twice";
  const auto still_busy = sender->attempt(a_notification(), {unset, first.remaining});
  EXPECT_EQ(still_busy.outcome, retry);
  EXPECT_EQ(still_busy.remaining, first.remaining);
  EXPECT_TRUE(server->is_quiet());

  const auto last = sender->attempt(a_notification(), {unset, {"ops@fab.example"}});
  EXPECT_EQ(last.outcome, delivered);
  const auto again = server->next();
  EXPECT_EQ(again["to"], nlohmann::json::array({"ops@fab.example"}));
  EXPECT_EQ(again["headers"]["Message-Id"], mail["headers"]["Message-Id"]);
  EXPECT_EQ(again["headers"]["To"], mail["headers"]["To"]) << "everybody sees whom it was meant for";
  EXPECT_EQ(sender->attempt(a_notification(), {unset, {"gone@fab.example"}}).outcome, delivered)
      << "who was taken out of the configuration since is not waited for";
  EXPECT_TRUE(server->is_quiet());
}

TEST_F(mailing, a_message_that_fails_later_goes_to_those_that_were_not_refused) {
  serve("none", {"--script", "data_451"});
  settings.to = {"refused@fab.example", "ops@fab.example", "later@fab.example"};
  const auto d = send();
  EXPECT_EQ(d.outcome, retry);
  EXPECT_EQ(d.remaining, (std::vector<std::string>{"ops@fab.example", "later@fab.example"}));
}

TEST_F(mailing, tells_of_the_group_what_to_do_and_how_to_acknowledge) {
  auto n = a_notification();
  n.more = {n.about, n.about};
  n.more[0].title = "the <other> one";
  n.more[1].state = incident_state::closed;
  n.response = "Cause: the network.\nAction: call <it>.";
  n.acknowledge_url = "https://tocsin.fab.example/ack?s=1";
  n.route = "root/0";
  serve("none");
  ASSERT_EQ(send(n).outcome, delivered);
  const auto mail = server->next();
  EXPECT_EQ(mail["headers"]["Subject"], "CRITICAL: 10.98.163.137 on service 7500 is silent and 2 more");
  EXPECT_THAT(mail["parts"][0]["text"].get<std::string>(),
              AllOf(HasSubstr("Cause: the network.\nAction: call <it>.\n"), HasSubstr("Route         root/0\n"),
                    HasSubstr("Together with (2)\n  CRITICAL: the <other> one\n  CLOSED: "),
                    HasSubstr("Acknowledge: https://tocsin.fab.example/ack?s=1\n")));
  EXPECT_THAT(mail["parts"][1]["text"].get<std::string>(),
              AllOf(HasSubstr("call &lt;it&gt;."), HasSubstr("CRITICAL: the &lt;other&gt; one</li>"),
                    HasSubstr("<a href=\"https://tocsin.fab.example/ack?s=1\"")));
}

TEST_F(mailing, with_no_recipient_left_it_is_refused_or_tried_again) {
  serve("none");
  settings.to = {"refused@fab.example", "refused@other.example"};
  const auto d = send();
  EXPECT_EQ(d.outcome, refused);
  EXPECT_THAT(d.answer, HasSubstr("refused@other.example: 550"));
  settings.to = {"refused@fab.example", "later@fab.example"};
  EXPECT_EQ(send().outcome, retry);
  settings.to = {};
  EXPECT_EQ(send().outcome, refused);
}

struct answer_case {
  const char* script;
  delivery::outcome_t outcome;
  const char* text;
};

class mail_answer : public mailing, public testing::WithParamInterface<answer_case> {};

TEST_P(mail_answer, decides_whether_another_attempt_helps) {
  serve("none", {"--script", GetParam().script});
  if (std::string_view{GetParam().script}.starts_with("hang")) settings.timeout = 2s;
  const auto started = test_clock::now();
  const auto d = send();
  EXPECT_LT(test_clock::now() - started, 60s) << "within the time-out, and not that of the library";
  EXPECT_EQ(d.outcome, GetParam().outcome) << d.answer;
  EXPECT_THAT(d.answer, HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    , mail_answer,
    testing::Values(answer_case{"greet_421", retry, "421 4.3.2 shutting down"},
                    answer_case{"greet_554", retry, "554 5.3.2 no service here"},
                    answer_case{"data_451", retry, "451 4.3.0 try later"},
                    answer_case{"data_554", refused, "554 5.7.1 looks like spam"},
                    answer_case{"hang_data", retry, "time"},
                    answer_case{"hang_quit", delivered, "250 2.0.0 taken"},
                    answer_case{"drop_rcpt", retry, ""}, answer_case{"drop_data", retry, ""}),
    [](const auto& one) { return one.param.script; });

TEST_F(mailing, nobody_there_is_tried_again) {
  serve("none");
  server.reset();
  const auto d = send();
  EXPECT_EQ(d.outcome, retry);
  EXPECT_THAT(d.answer, HasSubstr("onnect"));
}

} // namespace

} // namespace tocsin::mail_sender_test

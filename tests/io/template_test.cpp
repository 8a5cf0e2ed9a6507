// Templates: what they can, that they cannot break what they are put into, and that mistakes are named by line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/template_data.hpp"
#include "sender_support.hpp"

namespace tocsin::template_test {

using namespace test;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr auto none = text_template::escaping::none, html = text_template::escaping::html;

std::string rendered(const std::string& source, const json& data, text_template::escaping how = none) {
  const auto t = text_template::parse(source, "t", how);
  if (!t) return "! " + t.error().text;
  const auto text = t->render(data);
  return text ? *text : "! " + text.error().text;
}

TEST(a_template, fills_in_names_sections_and_lists) {
  const json data = {{"a", "x"}, {"n", 3}, {"o", {{"p", "deep"}}}, {"list", {{{"v", 1}}, {{"v", 2}}}}, {"texts", {"k", "l"}},
                     {"empty", ""}, {"no", false}, {"null", nullptr}, {"none", json::array()}};
  EXPECT_EQ(rendered("{{a}} {{ n }} {{o.p}} {{o.q}}{{missing}}.", data), "x 3 deep .");
  EXPECT_EQ(rendered("{{#list}}<{{v}}{{a}}>{{/list}}", data), "<1x><2x>");
  EXPECT_EQ(rendered("{{#texts}}{{.}},{{/texts}}", data), "k,l,");
  EXPECT_EQ(rendered("{{#o}}{{p}}{{/o}}{{#empty}}!{{/empty}}{{#no}}!{{/no}}{{#null}}!{{/null}}{{#none}}!{{/none}}", data), "deep");
  EXPECT_EQ(rendered("{{^empty}}a{{/empty}}{{^list}}!{{/list}}{{^missing}}b{{/missing}}", data), "ab");
  EXPECT_EQ(rendered("a{{! a comment }}b", data), "ab");
  EXPECT_EQ(rendered("begin\n{{#list}}\n- {{v}}\n{{/list}}\nend\n", data), "begin\n- 1\n- 2\nend\n") << "no empty lines";
}

TEST(a_template, escapes_for_where_it_stands) {
  const json data = {{"t", "<b>\"Füße\" & 'x'\n\\"}};
  EXPECT_EQ(rendered("{{t}}", data, html), "&lt;b&gt;&quot;Füße&quot; &amp; &#39;x&#39;\n\\");
  EXPECT_EQ(rendered("{{{t}}}|{{& t}}", data, html), "<b>\"Füße\" & 'x'\n\\|<b>\"Füße\" & 'x'\n\\");
  EXPECT_EQ(json::parse(rendered("{\"t\": \"{{t}}\"}", data, text_template::escaping::json))["t"], data["t"]);
}

TEST(a_template, names_its_mistakes_by_line) {
  EXPECT_EQ(rendered("a\n{{#x}}\nb\n", {}), "! t:2: section 'x' has no end; write {{/x}}");
  EXPECT_EQ(rendered("a\n\n{{/x}}", {}), "! t:3: {{/x}} ends no section");
  EXPECT_THAT(rendered("{{#a}}\n{{#b}}{{/a}}", {}), HasSubstr("t:2: {{/a}} ends no section; open is 'b' of line 2"));
  EXPECT_EQ(rendered("\n{{a", {}), "! t:2: {{ without }}");
  EXPECT_THAT(rendered("{{a b}}", {}), HasSubstr("t:1: 'a b' is no name"));
  EXPECT_THAT(rendered("x\n{{> file}}", {}), HasSubstr("t:2: {{>: partials"));
  EXPECT_THAT(rendered("{{}}", {}), HasSubstr("is no name"));
}

TEST(a_template, is_bounded) {
  json list = json::array();
  for (int i = 0; i < 1000; ++i) list.push_back(i);
  const std::string nested = "{{#l}}{{#l}}{{#l}}x{{/l}}{{/l}}{{/l}}";
  EXPECT_THAT(rendered(nested, {{"l", list}}), HasSubstr("too many steps"));
  EXPECT_THAT(rendered("{{#l}}{{t}}{{/l}}", {{"l", list}, {"t", std::string(10'000, 'x')}}), HasSubstr("more than 1048576 bytes"));
  EXPECT_THAT(rendered(std::string(300'000, 'x'), {}), HasSubstr("larger than"));
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "{{#a}}";
  EXPECT_THAT(rendered(deep, {}), HasSubstr("nested deeper"));
}

TEST(templates_of_receivers, are_checked_with_a_sample) {
  temporary_directory directory;
  mail_settings m;
  webhook_settings w;
  m.subject_template = directory.write("subject", "[{{labels.severity}}] {{incident.title}}");
  m.html_template = directory.write("html", "<p>{{response}}</p>\n<p>{{incidnt.title}}</p>{{incident.evidence.other}}");
  w.payload_template = directory.write("json", "{\"text\": \"{{headline}}\"{{#closed}},{{/closed}}}");
  auto problems = check_templates(m, w);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_FALSE(problems[0].is_error);
  EXPECT_THAT(problems[0].text, HasSubstr("html:2: incidnt.title is not known"));
  m = {};
  w.payload_template = directory.write("json", "{\"text\": {{headline}}}");
  problems = check_templates(m, w);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_TRUE(problems[0].is_error);
  EXPECT_THAT(problems[0].text, HasSubstr("gives no JSON"));
  w.payload_template = directory.file("nothing");
  EXPECT_THAT(check_templates(m, w).at(0).text, HasSubstr("cannot be read"));
}

TEST(templates_of_receivers, give_the_texts_of_a_mail_and_cannot_break_it) {
  temporary_directory directory;
  mail_settings m;
  m.from = "tocsin@fab.example";
  m.to = {"ops@fab.example"};
  m.subject_template = directory.write("subject", "{{incident.title}}\r\nBcc: evil@example.com");
  m.text_template = directory.write("text", "{{#details}}\n* {{name}}={{value}}\n{{/details}}\n");
  auto n = a_notification();
  n.about.title = "x\r\nBcc: evil@example.com";
  const auto texts = mail_texts_of(n, m);
  ASSERT_TRUE(texts) << texts.error().text;
  EXPECT_THAT(texts->text, HasSubstr("* missed heartbeats=3\n"));
  EXPECT_EQ(texts->subject, "x Bcc: evil@example.com Bcc: evil@example.com");
  EXPECT_THAT(mail_message(n, m, *texts), Not(HasSubstr("\nBcc")));
  m.text_template = directory.write("text", "{{#open}}");
  EXPECT_FALSE(mail_texts_of(n, m));
}

TEST(templates_of_receivers, give_the_payload_of_a_webhook) {
  temporary_directory directory;
  server_process server{"http_receiver.py", {}};
  webhook_settings w;
  w.allow_private = true;
  w.url = "http://127.0.0.1:" + server.port + "/status/200";
  w.payload_template = directory.write("json", R"({"text": "{{headline}}", "host": "{{labels.host}}"})");
  EXPECT_EQ(make_webhook_sender(w)->send(a_notification()).outcome, delivery::outcome_t::delivered);
  EXPECT_EQ(server.next()["body"], R"({"text": "CRITICAL: 10.98.163.137 on service 7500 is silent", "host": "10.98.163.137"})");
  directory.write("json", "{{#open}}");
  const auto d = make_webhook_sender(w)->send(a_notification());
  EXPECT_EQ(d.outcome, delivery::outcome_t::retry) << "somebody may repair it";
  EXPECT_THAT(d.answer, HasSubstr("json:1: section 'open' has no end"));
}

} // namespace

} // namespace tocsin::template_test

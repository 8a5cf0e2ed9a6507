// Every kind of mistake with the exact place and remedy it is answered with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "core/limits.hpp"

namespace tocsin::problems_test {
namespace {

struct mistake {
  const char* name;
  const char* yaml;
  const char* answer; ///< the whole line, without "t.yaml:"
};

void PrintTo(const mistake& m, std::ostream* out) { *out << m.name; }

class mistakes : public testing::TestWithParam<mistake> {};

TEST_P(mistakes, are_answered_with_place_and_remedy) {
  const loaded l = parse_settings(GetParam().yaml, "t.yaml");
  ASSERT_EQ(l.problems.size(), 1u)
      << to_text(l.problems.size() > 1 ? l.problems[1] : config_problem{});
  EXPECT_EQ(to_text(l.problems[0]), std::string{"t.yaml:"} + GetParam().answer);
  EXPECT_EQ(l.ok(), !l.problems[0].is_error);
}

auto name_of = [](const auto& info) { return std::string{info.param.name}; };

const mistake key_mistakes[] = {
    {"near_key", "http:\n  adress: 127.0.0.1:1\n",
     "2:3: error: unknown key 'adress' in http; did you mean 'address'?"},
    {"key_with_dashes", "http: {threads: 2}\ndata-dir: x\n",
     "2:1: error: unknown key 'data-dir'; did you mean 'data_dir'?"},
    {"key_of_another_section", "rules:\n  lost_after: 3s\n",
     "2:3: error: unknown key 'lost_after' in rules; it belongs under rules.heartbeat"},
    {"key_of_the_top", "http: {receivers: []}\n",
     "1:8: error: unknown key 'receivers' in http; it belongs to the top of the file"},
    {"far_key", "log: {colour: red}\n",
     "1:7: error: unknown key 'colour' in log; known here: level, json"},
    {"key_in_a_list", "inventory:\n  daemons:\n    - {host: a, servce: b}\n",
     "3:17: error: unknown key 'servce' in inventory.daemons[0]; did you mean 'service'?"},
    {"merge_key", "http: {<<: {threads: 2}}\n",
     "1:8: error: unknown key '<<' in http; merge keys are not supported; write the keys out"},
    {"key_given_twice", "shards: 1\nhttp: {}\nshards: 2\n",
     "3:1: error: the key 'shards' is given twice; remove one; the first is in line 1"},
    {"key_without_value", "http: {}\ndata_dir:\n\nshards: 1\n",
     "2:1: error: data_dir has no value; write a text, or remove the key"},
    {"root_is_a_list", "- http\n",
     "1:1: error: the file is not a map of keys; write for example 'http: {address: "
     "127.0.0.1:8420}'"},
    {"section_is_a_value", "http: 127.0.0.1:1\n",
     "1:7: error: http is a single value, not a map of keys; write for example {address: …}"},
    {"section_is_a_list", "http: [address]\n",
     "1:7: error: http is a list, not a map of keys; write for example {address: …}"},
    {"rule_is_another_word", "rules: {clients: none}\n",
     "1:18: error: rules.clients is a single value, not a map of keys; write {…}, or off"},
    {"value_is_a_list", "shards: [1]\n", "1:9: error: shards is a list; write a whole number"},
    {"list_is_a_value", "sources: rv\n",
     "1:10: error: sources is a single value, not a list; write each entry with '- ' in front"},
    {"empty_entry", "receivers:\n  -\n",
     "2:3: error: receivers[0] is empty; remove the entry or fill it"},
    {"texts_is_a_value", "sources: [{name: a, kind: rv, listen: A.>}]\n",
     "1:39: error: sources[0].listen is a single value, not a list; write [\"…\"], in brackets "
     "even for one"},
    {"texts_is_empty", "sources: [{name: a, kind: rv, listen: []}]\n",
     "1:39: error: sources[0].listen is empty; give at least one entry"},
    {"map_is_a_list", "formats: {jsonl: {fields: [a]}}\n",
     "1:27: error: formats.jsonl.fields is a list, not a map; write {name: value}"},
};
INSTANTIATE_TEST_SUITE_P(keys, mistakes, testing::ValuesIn(key_mistakes), name_of);

const mistake value_mistakes[] = {
    {"no_number", "shards: all\n",
     "1:9: error: shards: 'all' is not a whole number; write a whole number from 0 to 256"},
    {"fraction", "shards: 1.5\n",
     "1:9: error: shards: '1.5' is not a whole number; write a whole number from 0 to 256"},
    {"negative", "shards: -1\n",
     "1:9: error: shards: -1 is out of range; write a whole number from 0 to 256"},
    {"too_many", "http:\n    threads: 99\n",
     "2:14: error: http.threads: 99 is out of range; write a whole number from 1 to 64"},
    {"beyond_64_bits", "shards: 99999999999999999999999\n",
     "1:9: error: shards: 99999999999999999999999 is out of range; write a whole number from 0 to "
     "256"},
    {"percent_sign", "rules: {clients: {warning_percent: 80%}}\n",
     "1:36: error: rules.clients.warning_percent: '80%' is not a number; write a number from 0 to "
     "100"},
    {"not_a_number", "rules: {clients: {warning_percent: nan}}\n",
     "1:36: error: rules.clients.warning_percent: 'nan' is not a number; write a number from 0 to "
     "100"},
    {"over_hundred", "rules: {clients: {critical_percent: 101}}\n",
     "1:37: error: rules.clients.critical_percent: 101 is out of range; write a number from 0 to "
     "100"},
    {"duration_without_unit", "snapshot: {every: 30}\n",
     "1:19: error: snapshot.every: '30' has no unit; write 30s for seconds; units are ms, s, m, h "
     "and d"},
    {"no_duration", "snapshot: {every: 30 sec}\n",
     "1:19: error: snapshot.every: '30 sec' is not a duration; write for example 90s, 1m30s, "
     "500ms, 2h or 7d"},
    {"duration_out_of_range", "snapshot: {every: 2d}\n",
     "1:19: error: snapshot.every: 2d is out of range; write a duration from 100ms to 1d"},
    {"misses_below_two", "rules: {heartbeat: {misses_min: 1}}\n",
     "1:33: error: rules.heartbeat.misses_min: 1 is out of range; write a whole number from 2 to "
     "1000"},
    {"flag_as_yes", "log: {json: yes}\n",
     "1:13: error: log.json: 'yes' is not true or false; write true or false, without quotes"},
    {"flag_in_quotes", "log: {json: \"true\"}\n",
     "1:13: error: log.json: 'true' is not true or false; write true or false, without quotes"},
    {"near_word", "log: {level: warn}\n",
     "1:14: error: log.level: 'warn' is not one of debug, info, warning or error; did you mean "
     "'warning'?"},
    {"invalid_severity",
     "receivers: [{name: a, kind: webhook, least: high, webhook: {url: 'http://h'}}]\n",
     "1:45: error: receivers[0].least: 'high' is not one of info, warning or critical; write info, "
     "warning or critical"},
    {"unknown_mode", "rules: {heartbeat: {mode: fix}}\n",
     "1:27: error: rules.heartbeat.mode: 'fix' is not one of learned or fixed; did you mean "
     "'fixed'?"},
    {"no_host_port", "http: {address: 8420}\n",
     "1:17: error: http.address: '8420' is not host:port; write for example 127.0.0.1:8420, port 1 "
     "to 65535"},
    {"port_too_high", "http: {address: \"localhost:65536\"}\n",
     "1:17: error: http.address: 'localhost:65536' is not host:port; write for example "
     "127.0.0.1:8420, port 1 to 65535"},
    {"line_break", "data_dir: \"a\\nb\"\n",
     "1:11: error: data_dir: 'a?b' contains a control character; write it in one line"},
    {"no_url", "external_url: tocsin.fab\n",
     "1:15: error: external_url: 'tocsin.fab' is no http:// or https:// URL; write for example "
     "https://host/path"},
};
INSTANTIATE_TEST_SUITE_P(values, mistakes, testing::ValuesIn(value_mistakes), name_of);

const mistake rule_mistakes[] = {
    {"late_after_lost", "rules:\n  heartbeat: {mode: fixed, lost_after: 90s, late_after: 2m}\n",
     "2:40: error: rules.heartbeat: lost_after (1m30s) is not longer than late_after (2m); make "
     "lost_after the longer one, or late_after 0s"},
    {"misses_crossed", "rules: {heartbeat: {misses_min: 9}}\n",
     "1:33: error: rules.heartbeat: misses_max is below misses_min; write misses_min <= "
     "misses_max"},
    {"clear_not_below_warning", "rules: {clients: {warning_percent: 75}}\n",
     "1:36: error: rules.clients: clear_below_percent is not below warning_percent; write "
     "clear_below_percent < warning_percent < critical_percent"},
    {"warning_not_below_critical", "rules: {clients: {critical_percent: 80}}\n",
     "1:37: error: rules.clients: critical_percent is not above warning_percent; write "
     "clear_below_percent < warning_percent < critical_percent, or critical_percent 0 for none"},
    {"retransmission_clear_above", "rules: {retransmission_outbound: {clear_below_percent: 2}}\n",
     "1:56: error: rules.retransmission_outbound: clear_below_percent is above warning_percent; "
     "write clear_below_percent <= warning_percent < critical_percent"},
    {"retransmission_critical_below", "rules: {retransmission_inbound: {critical_percent: 0.05}}\n",
     "1:52: error: rules.retransmission_inbound: critical_percent is not above warning_percent; "
     "write clear_below_percent <= warning_percent < critical_percent, or critical_percent 0 for "
     "none"},
    {"forecast_flaps", "rules: {forecast: {clear_probability: 0.9}}\n",
     "1:39: error: rules.forecast: clear_probability is not below raise_probability; keep a gap "
     "between them, else the forecast flaps"},
    {"order_in_an_override",
     "overrides:\n  - match: rvd/*\n    rules: {clients: {warning_percent: 50}}\n",
     "3:40: error: overrides[0].rules.clients: clear_below_percent is not below warning_percent; "
     "write clear_below_percent < warning_percent < critical_percent"},
    {"inherited_mistake_is_said_once",
     "rules: {clients: {warning_percent: 75}}\noverrides: [{match: '*', rules: {forecast: off}}]\n",
     "1:36: error: rules.clients: clear_below_percent is not below warning_percent; write "
     "clear_below_percent < warning_percent < critical_percent"},
    {"override_without_match", "overrides:\n  - rules: {}\n",
     "2:5: error: overrides[0].match is missing; add it: Pattern over `rvd/<host>/<service>`; `*` "
     "and `?`."},
    {"pattern_without_root", "overrides: [{match: 10.98.1.1}]\n",
     "1:21: error: overrides[0].match: '10.98.1.1' is no pattern over rvd/<host>/<service>; write "
     "rvd/10.98.1.1/*"},
    {"pattern_given_twice", "overrides: [{match: rvd/a/*}, {match: rvd/a/*}]\n",
     "1:39: error: overrides[1].match: the pattern is given twice, only the last would count; "
     "merge it with overrides[0]"},
    {"pattern_matches_nothing",
     "inventory: {daemons: [{host: 10.1.1.1}]}\noverrides: [{match: rvd/10.2.*}]\n",
     "2:21: warning: overrides[0].match: 'rvd/10.2.*' matches nothing in the inventory; check it "
     "against rvd/<host>/<service>"},
    {"daemon_given_twice",
     "inventory:\n  daemons:\n    - host: 10.1.1.1\n    - {host: 10.1.1.1, service: 7500}\n",
     "4:14: error: inventory.daemons[1]: rvd/10.1.1.1/7500 is given twice; remove one; the first "
     "is in line 3"},
    {"daemon_without_host", "inventory: {daemons: [{service: \"7500\"}]}\n",
     "1:23: error: inventory.daemons[0].host is missing; add it: Host address the daemon reports."},
    {"host_with_slash", "inventory: {daemons: [{host: a/b}]}\n",
     "1:30: error: inventory.daemons[0].host: 'a/b' is no host; write the address the daemon "
     "reports, for example 10.98.163.137"},
};
INSTANTIATE_TEST_SUITE_P(rules, mistakes, testing::ValuesIn(rule_mistakes), name_of);

const mistake source_mistakes[] = {
    {"unknown_kind", "sources: [{name: a, kind: jsnl}]\n",
     "1:27: error: sources[0].kind: 'jsnl' is not one of rv, jsonl, tibrvlisten, samples, kafka, plant or line; did you "
     "mean 'jsonl'?"},
    {"source_without_name", "sources:\n  - kind: rv\n",
     "2:5: error: sources[0].name is missing; add it: Unique; names the vantage point in "
     "incidents."},
    {"source_name_taken", "sources:\n  - {name: a, kind: rv}\n  - {name: a, kind: rv}\n",
     "3:12: error: sources[1].name: the name 'a' is taken; choose another; the first is in line 2"},
    {"source_name_with_space", "sources: [{name: a b, kind: rv}]\n",
     "1:18: error: sources[0].name: 'a b' is no name; use 1 to 64 letters, digits, '.', '_' and "
     "'-'"},
    {"path_for_rv", "sources: [{name: a, kind: rv, path: x}]\n",
     "1:31: error: sources[0].path has no meaning for kind rv; remove it"},
    {"path_and_address", "sources: [{name: a, kind: jsonl, path: x, address: \"h:1\"}]\n",
     "1:34: error: sources[0] has both path and address; keep the one it shall read from"},
    {"two_read_standard_input", "sources: [{name: a, kind: jsonl}, {name: b, kind: tibrvlisten}]\n",
     "1:35: error: sources[1] reads standard input, and so does sources[0]; give one of them a "
     "path or an address"},
    {"address_taken_by_http", "sources: [{name: a, kind: jsonl, address: \"127.0.0.1:8420\"}]\n",
     "1:43: error: sources[0].address: 127.0.0.1:8420 is taken by http.address; choose another "
     "port"},
    {"daemon_without_port", "sources: [{name: a, kind: rv, daemon: 10.1.1.1}]\n",
     "1:39: error: sources[0].daemon: '10.1.1.1' is not host:port; write for example "
     "127.0.0.1:8420, port 1 to 65535"},
    {"reconnect_crossed", "sources: [{name: a, kind: rv, reconnect: {min: 2m}}]\n",
     "1:42: error: sources[0].reconnect: max is below min; write min <= max"},
    {"wildcard_in_the_middle", "sources: [{name: a, kind: rv, listen: [\"A.>.B\"]}]\n",
     "1:40: error: sources[0].listen[0]: 'A.>.B' is no RV subject; write for example "
     "\"_RV.*.SYSTEM.>\", 255 bytes at most"},
    {"mapping_of_no_field", "formats: {jsonl: {fields: {hostadr: id}}}\n",
     "1:28: error: formats.jsonl.fields.hostadr: no RV field that is read is called so; did you "
     "mean 'hostaddr'?"},
    {"mapping_reversed", "formats: {jsonl: {fields: {number_of_clients: cc}}}\n",
     "1:28: error: formats.jsonl.fields.number_of_clients: no RV field that is read is called so; "
     "write the RV name first and your own name second, as in 'cc: clients'"},
};
INSTANTIATE_TEST_SUITE_P(sources, mistakes, testing::ValuesIn(source_mistakes), name_of);

const mistake receiver_mistakes[] = {
    {"receiver_name_taken",
     "receivers:\n  - {name: a, kind: webhook, webhook: {url: 'http://h'}}\n  - {name: a, kind: "
     "webhook, webhook: {url: 'http://h'}}\n",
     "3:12: error: receivers[1].name: the name 'a' is taken; choose another; the first is in line "
     "2"},
    {"mail_without_section", "receivers:\n  - name: a\n    kind: mail\n",
     "2:5: error: receivers[0] is of kind mail but has no mail section; add mail: {server: "
     "host:587, from: a@b, to: [c@d]}"},
    {"webhook_without_section", "receivers:\n  - name: a\n    kind: webhook\n",
     "2:5: error: receivers[0] is of kind webhook but has no webhook section; add webhook: {url: "
     "https://host/path}"},
    {"mail_without_server", "receivers: [{name: a, kind: mail, mail: {from: a@b, to: [c@d]}}]\n",
     "1:41: error: receivers[0].mail.server is missing; add it: SMTP server."},
    {"mail_without_from",
     "receivers: [{name: a, kind: mail, mail: {server: \"m:25\", to: [c@d]}}]\n",
     "1:41: error: receivers[0].mail.from is missing; add it: Sender."},
    {"report_to_nobody", "report: {receiver: ops, when: monday}\ntime_intervals: [{name: monday, time_intervals: [{weekdays: [monday]}]}]\n",
     "1:20: error: report.receiver: 'ops' is no mail receiver; name one of kind mail"},
    {"mail_without_to", "receivers: [{name: a, kind: mail, mail: {server: \"m:25\", from: a@b}}]\n",
     "1:41: error: receivers[0].mail.to is missing; add it: Recipients."},
    {"no_mail_address",
     "receivers: [{name: a, kind: mail, mail: {server: \"m:25\", from: a@b, to: [c@d, ops]}}]\n",
     "1:79: error: receivers[0].mail.to[1]: 'ops' is no mail address; write for example "
     "ops@example.com"},
    {"header_injection",
     "receivers: [{name: a, kind: mail, mail: {server: \"m:25\", from: \"a@b\\r\\nBcc: x@y\", to: "
     "[c@d]}}]\n",
     "1:64: error: receivers[0].mail.from: 'a@b??Bcc: x@y' contains a control character; write it "
     "in one line"},
    {"inline_password",
     "receivers: [{name: a, kind: mail, mail: {server: \"m:25\", password: geheim, from: a@b, to: "
     "[c@d]}}]\n",
     "1:58: error: unknown key 'password' in receivers[0].mail; secrets do not stand in the "
     "configuration: write the secret into a file and name the file in 'password_file'"},
    {"user_without_password",
     "receivers: [{name: a, kind: mail, mail: {server: \"m:25\", user: u, from: a@b, to: "
     "[c@d]}}]\n",
     "1:64: error: receivers[0].mail has a user but no password_file; write the password into a "
     "file and name it in password_file"},
    {"password_in_clear",
     "receivers: [{name: a, kind: mail, mail: {server: \"m:25\", security: none, user: u, "
     "password_file: p, from: a@b, to: [c@d]}}]\n",
     "1:68: warning: receivers[0].mail: the password is sent in clear; use security: starttls or "
     "tls"},
    {"webhook_for_mail",
     "receivers: [{name: a, kind: mail, webhook: {url: 'http://h'}, mail: {server: \"m:25\", from: "
     "a@b, to: [c@d]}}]\n",
     "1:35: error: receivers[0].webhook has no meaning for kind mail; remove it"},
    {"webhook_without_url", "receivers: [{name: a, kind: webhook, webhook: {}}]\n",
     "1:47: error: receivers[0].webhook.url is missing; add it: Where the notification is "
     "posted to."},
    {"webhook_by_ftp", "receivers: [{name: a, kind: webhook, webhook: {url: ftp://h/x}}]\n",
     "1:53: error: receivers[0].webhook.url: 'ftp://h/x' is no http:// or https:// URL; write for "
     "example https://host/path"},
    {"password_in_url",
     "receivers: [{name: a, kind: webhook, webhook: {url: 'https://u:geheim@h/x'}}]\n",
     "1:53: error: receivers[0].webhook.url: the URL contains a user or password; remove it; a "
     "token goes into a file named by bearer_file"},
    {"certificate_without_key",
     "receivers: [{name: a, kind: webhook, webhook: {url: 'https://h/x', client_certificate: "
     "c}}]\n",
     "1:88: error: receivers[0].webhook has only one of client_certificate and client_key; give "
     "both or none"},
    {"token_in_clear",
     "receivers: [{name: a, kind: webhook, webhook: {url: 'http://h/x', bearer_file: c}}]\n",
     "1:53: warning: receivers[0].webhook: the bearer token is sent in clear; use an https:// URL"},
};
INSTANTIATE_TEST_SUITE_P(receivers, mistakes, testing::ValuesIn(receiver_mistakes), name_of);

const mistake syntax_mistakes[] = {
    {"open_bracket", "http:\n  address: [1, 2\nshards: 1\n",
     "3:7: error: not YAML: end of sequence flow not found; check indentation, quotes and brackets "
     "before this place"},
    {"tab", "http:\n\taddress: x\n",
     "2:9: error: not YAML: illegal map value; indent with spaces, not with tabs"},
    {"wrong_indentation", "http:\n    threads: 1\n  address: x\n",
     "3:3: error: not YAML: end of map not found; check the indentation, and quote texts that "
     "contain ': '"},
    {"colon_in_text", "data_dir: a: b\n",
     "1:12: error: not YAML: illegal map value; check the indentation, and quote texts that "
     "contain ': '"},
    {"two_documents", "shards: 1\n---\nshards: 2\n",
     "2:1: error: a second document starts here; write one document, remove the '---'"},
    {"tagged", "shards: !!int 1\n",
     "1:9: error: the tag 'tag:yaml.org,2002:int'; remove it; types follow from the keys"},
    {"alias_into_itself", "http: &a [*a]\n",
     "1:11: error: an alias to something that contains it; write the values out"},
    {"list_as_key", "? [a]\n: 1\n",
     "1:3: error: a list or map as a key; write the key as plain text"},
    {"nested_to_death", "http: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
     "1:38: error: nested deeper than 32 levels; no key needs that"},
    {"no_utf8", "http: {}\ndata_dir: \xff\n",
     "2:11: error: bytes that are not UTF-8; save the file as UTF-8"},
    {"control_character", "data_dir: a\x04\n", "1:12: error: a control character; remove it"},
};
INSTANTIATE_TEST_SUITE_P(syntax, mistakes, testing::ValuesIn(syntax_mistakes), name_of);

TEST(problems, are_all_said_at_once_in_the_order_of_the_file) {
  const loaded l = parse_settings("shards: x\n"
                                  "rules: {clients: {limit: -1}, heartbet: {}}\n"
                                  "receivers: [{name: a, kind: mail}, {kind: pigeon}]\n",
                                  "t.yaml");
  std::vector<int> lines;
  for (const config_problem& p : l.problems) lines.push_back(p.line);
  EXPECT_THAT(lines, testing::ElementsAre(1, 2, 2, 3, 3, 3));
}

TEST(problems, secrets_are_never_repeated) {
  for (const char* yaml :
       {"receivers: [{name: a, kind: mail, mail: {password: geheim}}]",
        "receivers: [{name: a, kind: webhook, webhook: {bearer: geheim}}]",
        "receivers: [{name: a, kind: webhook, webhook: {url: 'http://u:geheim@h'}}]",
        "external_url: 'http://u:geheim@h'"}) {
    const loaded l = parse_settings(yaml, "t.yaml");
    EXPECT_FALSE(l.ok());
    for (const config_problem& p : l.problems)
      EXPECT_THAT(to_text(p), testing::Not(testing::HasSubstr("geheim")));
  }
}

TEST(problems, an_alias_bomb_is_refused_early) {
  std::string yaml = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'n'; ++c) {
    yaml += std::string{c} + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) yaml += std::string{i ? "," : ""} + '*' + static_cast<char>(c - 1);
    yaml += "]\n";
  }
  const loaded l = parse_settings(yaml, "t.yaml");
  ASSERT_EQ(l.problems.size(), 1u);
  EXPECT_EQ(to_text(l.problems[0]),
            "t.yaml:7:8: error: more than 1000000 values, aliases counted in "
            "full; use patterns in overrides instead of repeating");
}

TEST(problems, size_and_number_are_bounded) {
  const loaded large = parse_settings(std::string(limits::config_bytes_max + 1, '#'), "t.yaml");
  ASSERT_EQ(large.problems.size(), 1u);
  EXPECT_EQ(to_text(large.problems[0]),
            "t.yaml: error: larger than 8 MiB; use patterns in overrides instead of repeating");

  std::string many;
  for (int i = 0; i < 3000; ++i) many += "k" + std::to_string(i) + ": 1\n";
  const loaded l = parse_settings(many, "t.yaml");
  EXPECT_FALSE(l.ok());
  EXPECT_LE(l.problems.size(), limits::config_problems_max);

  const loaded long_text = parse_settings("data_dir: " + std::string(5000, 'x'), "t.yaml");
  ASSERT_EQ(long_text.problems.size(), 1u);
  EXPECT_THAT(to_text(long_text.problems[0]), testing::HasSubstr("is longer than 4096 bytes"));
}

/// Many warnings must not crowd out the error that refuses the file.
TEST(problems, an_error_behind_many_warnings_still_counts) {
  std::string yaml = "inventory: {daemons: [{host: a}]}\noverrides:\n";
  for (int i = 0; i < 2000; ++i) yaml += "  - match: rvd/x" + std::to_string(i) + "\n";
  yaml += "receivers: [{name: a, kind: mail}]\n";
  const loaded l = parse_settings(yaml, "t.yaml");
  EXPECT_FALSE(l.ok());
}

TEST(problems, too_many_entries_are_refused) {
  std::string yaml = "sources:\n";
  for (int i = 0; i < 65; ++i) yaml += "  - {name: s" + std::to_string(i) + ", kind: rv}\n";
  const loaded l = parse_settings(yaml, "t.yaml");
  ASSERT_EQ(l.problems.size(), 1u);
  EXPECT_EQ(to_text(l.problems[0]), "t.yaml:2:3: error: sources has 65 entries; write 63 at most");
}

} // namespace
} // namespace tocsin::problems_test

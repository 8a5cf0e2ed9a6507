// Reads rule tests: the same binder, and so the same messages, as the configuration itself.
#include "config/rule_tests.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/forms.hpp"
#include "config/load.hpp"
#include "core/limits.hpp"

namespace tocsin {

using keys::complaint;
using keys::section;

namespace {

constexpr duration ever = 3650 * 24h;
constexpr std::size_t tests_max = 1000, expectations_max = 1000;

struct order_text {
  duration at{0}, from{0}, until{0}, lasts{0};
  std::string kind, target, who = "test", comment;
  std::vector<std::string> matchers;
};

struct expect_text {
  std::string cause, subject, level, state, receiver, reason, count;
  duration after{0}, within = ever;
};

struct test_text {
  std::string name, scenario, input, format, start;
  duration until{0};
  std::vector<order_text> orders;
  std::vector<expect_text> incidents, notifications;
};

struct file_text {
  std::string config;
  std::vector<test_text> tests;
};

std::optional<comparison> read_count(std::string_view text) {
  comparison c;
  if (text.starts_with(">=")) c.op = comparison::op_t::at_least;
  if (text.starts_with("<=")) c.op = comparison::op_t::at_most;
  if (c.op != comparison::op_t::equal) text.remove_prefix(2);
  while (text.starts_with(' ')) text.remove_prefix(1);
  if (text.empty() || text.size() > 9) return std::nullopt;
  for (char d : text) {
    if (d < '0' || d > '9') return std::nullopt;
    c.value = c.value * 10 + (d - '0');
  }
  return c;
}

std::optional<complaint> count_form(std::string_view text) {
  if (read_count(text)) return std::nullopt;
  return complaint{keys::quote(text) + " is no count", "write 2, '>= 2' or '<= 2'"};
}

std::optional<complaint> cause_form(std::string_view text) {
  if (parse_cause_kind(text)) return std::nullopt;
  return complaint{keys::quote(text) + " is no cause", "write for example heartbeat_lost; docs/operating.md names all"};
}

std::optional<complaint> order_form(std::string_view text) {
  const auto kind = parse_command_kind(text);
  if (kind && *kind <= command_kind::expire_silence) return std::nullopt;
  return complaint{keys::quote(text) + " is no order",
                   "write acknowledge, unacknowledge, shelve, unshelve, out_of_service, return_to_service, reset, "
                   "silence or expire_silence"};
}

std::optional<complaint> time_form(std::string_view text) {
  const auto t = parse_rfc3339(text);
  if (t) return std::nullopt;
  return complaint{keys::quote(text) + " is no time", "write for example 2026-11-21T03:00:00+01:00"};
}

section describe(order_text& o) {
  section s;
  s.span("at", o.at, 0s, ever, "When, from the start of the test.").required();
  s.text("kind", o.kind, "What is ordered.", order_form).required();
  s.text("target", o.target, "Incident, alarm, glob or silence.");
  s.text("who", o.who, "Who orders it.");
  s.text("comment", o.comment, "The reason.");
  s.span("from", o.from, 0s, ever, "Not before then, from the start of the test.");
  s.span("until", o.until, 0s, ever, "Until then, from the start of the test.");
  s.span("for", o.lasts, 0s, ever, "For so long.");
  s.texts("matchers", o.matchers, "What is silenced.");
  return s;
}

section describe(expect_text& e, bool notifications) {
  section s;
  s.text("cause", e.cause, "Cause.", cause_form);
  s.text("subject", e.subject, "Subject, as rvd/10.0.0.7/7500.");
  s.choice("severity", e.level, {"", "info", "warning", "critical"}, "Severity.");
  if (notifications) {
    s.text("receiver", e.receiver, "Who is told.");
    s.choice("reason", e.reason, {"", "opened", "worse", "cause_changed", "closed", "repeat", "escalated", "digest"}, "Why.");
  } else {
    s.choice("state", e.state, {"", "opened", "updated", "closed"}, "State.");
  }
  s.text("count", e.count, "How many; without it at least one.", count_form);
  s.span("after", e.after, 0s, ever, "Not before then, from the start of the test.");
  s.span("within", e.within, 0s, ever, "At most so long after `after`.");
  return s;
}

section describe(test_text& t) {
  section s;
  s.text("name", t.name, "What ought to be, as a sentence.", forms::not_empty).required();
  s.text("scenario", t.scenario, "Fleet and faults in the scenario language.").many_lines();
  s.text("input", t.input, "A recording instead, relative to this file.");
  s.choice("format", t.format, {"", "tibrvlisten", "jsonl", "rv-hex"}, "Of the recording.");
  s.text("start", t.start, "When the scenario begins (RFC 3339).", time_form);
  s.span("until", t.until, 0s, ever, "How long time passes, for a recording.");
  s.list("orders", t.orders, expectations_max, [] { return order_text{}; }, [](order_text& o) { return describe(o); },
         "What operators order.");
  section expect;
  expect.list("incidents", t.incidents, expectations_max, [] { return expect_text{}; },
              [](expect_text& e) { return describe(e, false); }, "Incidents that must be.");
  expect.list("notifications", t.notifications, expectations_max, [] { return expect_text{}; },
              [](expect_text& e) { return describe(e, true); }, "Notifications that must be.");
  s.group("expect", std::move(expect), "What must be said.");
  return s;
}

section describe(file_text& f) {
  section s;
  s.text("config", f.config, "The configuration, relative to this file; without it the defaults.");
  s.list("tests", f.tests, tests_max, [] { return test_text{}; }, [](test_text& t) { return describe(t); }, "The tests.")
      .required();
  return s;
}

/// What was expected, as the scenario language would say it.
std::string written(const expect_text& e, bool notifications) {
  std::string out = notifications ? "notifications " : "incidents ";
  out += e.count.empty() ? ">= 1" : e.count;
  for (const auto& [word, value] : {std::pair{" ", e.reason}, {" ", e.state}, {" ", e.cause}, {" of ", e.subject},
                                    {" severity ", e.level}, {" to ", e.receiver}})
    if (!value.empty()) out += word + value;
  if (e.within < ever) out += " within " + to_text(e.within) + " of " + to_text(e.after);
  else if (e.after > 0s) out += " after " + to_text(e.after);
  return out;
}

expectation meant(const expect_text& e, bool notifications, int line) {
  expectation out;
  out.line = line;
  out.text = written(e, notifications);
  out.about = notifications ? expectation::about_t::notifications : expectation::about_t::incidents;
  if (!e.cause.empty()) out.kind = parse_cause_kind(e.cause);
  if (!e.subject.empty()) out.subject = e.subject;
  if (!e.level.empty()) out.level = parse_severity(e.level);
  for (incident_state s : {incident_state::opened, incident_state::updated, incident_state::closed})
    if (to_text(s) == e.state) out.incident_is = s;
  if (!e.reason.empty()) out.reason = e.reason;
  if (!e.receiver.empty()) out.receiver = e.receiver;
  out.count = e.count.empty() ? comparison{comparison::op_t::at_least, 1} : read_count(e.count);
  out.from = scenario_start + e.after;
  if (e.within < ever) out.to = out.from + e.within;
  return out;
}

/// Turns the texts of one file into tests, and says what fits together badly.
class maker {
public:
  maker(const std::string& file, const settings& config, const given_keys& given, problem_list& problems)
      : folder_(std::filesystem::path{file}.parent_path()), config_(config), given_(given), problems_(problems) {}

  rule_test make(const test_text& t, const std::string& path) {
    rule_test out;
    out.name = t.name;
    out.line = given_.of(path).line;
    out.format = t.format;
    out.until = t.until;
    if (!t.start.empty())
      if (const auto start = parse_rfc3339(t.start)) out.start = *start;
    if (t.scenario.empty() == t.input.empty())
      error(path, "a test has either a scenario or an input", "write one of them");
    else if (t.scenario.empty()) take_input(t, path, out);
    else take_scenario(t, path, out);
    for (std::size_t i = 0; i < t.orders.size(); ++i)
      out.orders.push_back(order(t.orders[i], given_.of(path + ".orders[" + std::to_string(i) + ']').line));
    std::stable_sort(out.orders.begin(), out.orders.end(),
                     [](const test_order& a, const test_order& b) { return a.at < b.at; });
    take_expectations(t.incidents, false, path + ".expect.incidents", out);
    take_expectations(t.notifications, true, path + ".expect.notifications", out);
    if (out.story.expectations.empty()) error(path, "nothing is expected", "write expect: {incidents: [{count: 0}]}");
    return out;
  }

private:
  void error(const std::string& path, std::string what, std::string remedy) {
    problems_.error(given_.of(path), path + ": " + std::move(what), std::move(remedy));
  }

  void take_input(const test_text& t, const std::string& path, rule_test& out) {
    if (t.format.empty()) error(path + ".input", "its format is missing", "add format: tibrvlisten, jsonl or rv-hex");
    if (!t.start.empty()) error(path + ".start", "a recording has its own times", "remove the key");
    out.input = (folder_ / t.input).string();
    std::error_code failed;
    if (!std::filesystem::is_regular_file(out.input, failed))
      error(path + ".input", "there is no file '" + out.input + "'", "name it relative to the test file");
  }

  void take_scenario(const test_text& t, const std::string& path, rule_test& out) {
    if (t.until > 0s) error(path + ".until", "a scenario says its end itself", "write until in the scenario");
    if (!t.format.empty()) error(path + ".format", "a scenario has no format", "remove the key");
    auto read = parse_scenario(t.scenario, t.name, false);
    place at = given_.of(path + ".scenario");
    if (!read) {
      // Of a block scalar the first line comes after the '|'.
      const int first = at.line;
      for (const scenario_error& e : read.error()) {
        at.line = t.scenario.find('\n') == t.scenario.npos ? first : first + e.line;
        problems_.error(at, path + ".scenario: " + e.what, e.remedy);
      }
      return;
    }
    out.story = std::move(*read);
    if (!out.story.settings.empty() || !out.story.inventory.empty())
      error(path + ".scenario", "rules and inventory are those of the configuration", "remove config, limit and expected lines");
    if (!out.story.expectations.empty())
      error(path + ".scenario", "expectations stand under expect", "remove the expect lines");
    out.story.expectations.clear();
  }

  static test_order order(const order_text& o, int line) {
    test_order out{line, o.at, {}, o.from, o.until, o.lasts};
    out.command.kind = parse_command_kind(o.kind).value_or(command_kind::acknowledge);
    out.command.target = o.target;
    out.command.who = o.who;
    out.command.comment = o.comment;
    out.command.matchers = o.matchers;
    return out;
  }

  void take_expectations(const std::vector<expect_text>& all, bool notifications, const std::string& path, rule_test& out) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string here = path + '[' + std::to_string(i) + ']';
      out.story.expectations.push_back(meant(all[i], notifications, given_.of(here).line));
      if (all[i].receiver.empty() || known(all[i].receiver)) continue;
      std::vector<std::string> names;
      for (const receiver_rule& r : config_.alerting().receivers) names.push_back(r.name);
      const auto near = keys::nearest(all[i].receiver, names);
      error(here + ".receiver", "the configuration has no receiver " + keys::quote(all[i].receiver),
            near ? "did you mean '" + *near + "'?" : "name one of its receivers");
    }
  }

  bool known(const std::string& receiver) const {
    const auto rules = config_.alerting();
    return std::ranges::find(rules.receivers, receiver, &receiver_rule::name) != rules.receivers.end();
  }

  std::filesystem::path folder_;
  const settings& config_;
  const given_keys& given_;
  problem_list& problems_;
};

} // namespace

bool rule_test_file::ok() const {
  return std::ranges::none_of(problems, &config_problem::is_error);
}

rule_test_file load_rule_tests(const std::string& path) {
  rule_test_file out;
  out.path = path;
  std::ifstream in{path, std::ios::binary};
  std::error_code failed;
  if (!in || std::filesystem::is_directory(path, failed)) {
    out.problems.push_back({path, 0, 0, true, "cannot be read", "name a file that is there and readable"});
    return out;
  }
  std::string text(limits::config_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  const auto root = parse_yaml(text, path, out.problems);
  if (!root) return out;
  problem_list problems{path, out.problems};
  given_keys given;
  file_text file;
  section table = describe(file);
  bind(table, root.get(), given, problems);
  loaded config = file.config.empty()
                      ? load_settings({})
                      : load_settings((std::filesystem::path{path}.parent_path() / file.config).string());
  if (!config.ok())
    problems.error(given.of("config"), "the configuration cannot be used", "correct it; its problems follow");
  out.config = std::move(config.value);
  maker make{path, out.config, given, problems};
  for (std::size_t i = 0; i < file.tests.size(); ++i)
    out.tests.push_back(make.make(file.tests[i], "tests[" + std::to_string(i) + ']'));
  if (file.tests.empty() && out.ok()) problems.error({}, "there are no tests", "write tests: with at least one");
  // Its warnings are for check-config: secrets, for example, are not on the machine that tests.
  std::ranges::copy_if(config.problems, std::back_inserter(out.problems), &config_problem::is_error);
  return out;
}

} // namespace tocsin

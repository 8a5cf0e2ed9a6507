#include "core/scenario.hpp"

#include <algorithm>

#include "core/limits.hpp"
#include "core/scenario_words.hpp"

namespace tocsin {

namespace {
constexpr std::size_t errors_max = 100;
constexpr std::size_t expectations_max = 10'000;
constexpr std::uint64_t clients_max = 1'000'000;
constexpr std::string_view statements =
    "fleet, vantage, expected, limit, config, at, until or expect";

/// Reads a whole file line by line; what needs the whole fleet is looked at when all lines are
/// read.
class parser {
public:
  parser(std::string name, bool must_expect) : must_expect_(must_expect) {
    s_.name = std::move(name);
    s_.plant.start = scenario_start;
  }
  scenario_result<scenario> parse(std::string_view text);

private:
  void statement(scenario_words& w, std::string_view line);
  void parse_expected(scenario_words& w);
  void parse_setting(scenario_words& w);
  void parse_vantage(scenario_words& w);
  void build_rules();
  void try_plant();
  void name_subjects(const std::vector<plant_target>& daemons);
  void complain(int line, std::string what, std::string remedy) {
    if (errors_.size() < errors_max) errors_.push_back({line, std::move(what), std::move(remedy)});
  }

  scenario s_;
  std::vector<int> fault_lines_;
  std::vector<scenario_error> errors_;
  bool must_expect_;
  bool inventory_ = false;
  bool own_vantages_ = false;
  int last_fleet_ = 0;
};

scenario_result<scenario> parser::parse(std::string_view text) {
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    scenario_words w{++number, line};
    if (w.ok() && !w.done()) statement(w, line);
    if (!w.ok()) complain(number, w.problem().what, w.problem().remedy);
  }
  if (s_.plant.fleets.empty())
    complain(0, "there is no fleet", "write a line like: fleet 24 daemons");
  if (s_.until == unset) complain(0, "the scenario has no end", "write a line like: until 2h");
  if (must_expect_ && s_.expectations.empty())
    complain(0, "nothing is expected", "write a line like: expect incidents 0");
  build_rules();
  if (errors_.empty()) try_plant();
  if (!errors_.empty()) return tl::make_unexpected(std::move(errors_));
  return std::move(s_);
}

void parser::statement(scenario_words& w, std::string_view line) {
  if (w.take("fleet")) {
    parse_fleet(w, s_);
    last_fleet_ = w.line();
  } else if (w.take("vantage")) {
    parse_vantage(w);
  } else if (w.take("expected")) {
    parse_expected(w);
  } else if (w.take("limit")) {
    s_.settings.push_back(
        {w.line(), "clients.limit", std::to_string(w.whole("number of clients", clients_max))});
    w.need("clients");
    w.end("write: limit 100 clients");
  } else if (w.take("config")) {
    parse_setting(w);
  } else if (w.take("at")) {
    parse_fault(w, s_, fault_lines_);
  } else if (w.take("until")) {
    s_.until = w.moment("end");
    w.end("write: until 2h");
  } else if (w.take("expect")) {
    expectation e;
    parse_expectation(w, line, e);
    if (w.ok() && s_.expectations.size() < expectations_max)
      s_.expectations.push_back(std::move(e));
  } else {
    w.complain("'" + std::string{w.peek().substr(0, 64)} + "' begins no statement",
               "begin the line with " + std::string{statements});
  }
}

void parser::parse_vantage(scenario_words& w) {
  vantage_options v;
  v.name = w.text("a name", "main");
  if (w.take("at")) v.host = w.text("a host", "10.0.0.1");
  w.end("write: vantage main at 10.0.0.1");
  if (!s_.plant.fleets.empty())
    w.complain("a vantage point comes after a fleet", "write vantage lines first");
  if (!own_vantages_) s_.plant.vantages.clear();
  own_vantages_ = true;
  if (find_vantage(s_.plant, v.name))
    w.complain("vantage point " + v.name + " is there already", "choose another name");
  if (s_.plant.vantages.size() >= limits::vantages_max)
    w.complain("too many vantage points", "use at most " + std::to_string(limits::vantages_max));
  if (w.ok()) s_.plant.vantages.push_back(std::move(v));
}

void parser::parse_expected(scenario_words& w) {
  if (w.take("inventory")) {
    inventory_ = true;
    return w.end("write: expected inventory");
  }
  std::vector<expected_daemon> named;
  for (const plant_target& t : w.targets()) {
    expected_daemon& e = named.emplace_back();
    e.host = t.host;
    if (!t.service.empty()) e.service = t.service;
  }
  const std::string network = w.take("network") ? w.text("a network", "\";239.1.1.1\"") : "";
  const std::uint64_t limit = w.take("limit") ? w.whole("number of clients", clients_max) : 0;
  for (expected_daemon& e : named) {
    e.network = network;
    e.client_limit = limit;
    s_.inventory.push_back(std::move(e));
  }
  w.end("write: expected inventory, or: expected 10.0.0.9/7500 network \";239.1.1.1\" limit 100");
}

void parser::parse_setting(scenario_words& w) {
  scenario_setting set{w.line(), w.text("the name of a rule", "groups.wait"), {}};
  set.value = w.text("a value", "30s");
  w.end("write: config groups.wait 30s");
  if (w.ok()) s_.settings.push_back(std::move(set));
}

void parser::build_rules() {
  daemon_rules rules;
  for (const scenario_setting& c : s_.settings)
    if (auto ok = set_rule(c.key, c.value, rules, s_.rules, s_.receivers); !ok)
      complain(c.line, ok.error().text, "see the names in core/scenario_rules.cpp");
  s_.rules.global = std::make_shared<const daemon_rules>(rules);
}

void parser::try_plant() {
  // A trial run of the faults, without letting time pass, finds the targets that are not there.
  auto trial = plant::make(s_.plant);
  if (!trial) return complain(last_fleet_, trial.error().text, "change the fleet lines");
  for (std::size_t i = 0; i < s_.faults.size(); ++i) {
    if (auto ok = trial->inject(s_.faults[i]); !ok)
      complain(fault_lines_[i], ok.error().text, "correct the target");
    if (s_.faults[i].at > s_.until)
      complain(fault_lines_[i], "this happens after the scenario's end",
               "let the scenario last longer");
  }
  if (inventory_)
    for (const fleet_options& f : s_.plant.fleets)
      for (std::uint32_t k = 0; k < f.daemons; ++k) {
        expected_daemon& e = s_.inventory.emplace_back();
        e.host = host_after(f.first_host, k).value();
        e.service = f.service;
        e.network = f.network;
      }
  s_.rules.inventory = s_.inventory;
  name_subjects(trial->daemons());
}

void parser::name_subjects(const std::vector<plant_target>& daemons) {
  for (expectation& e : s_.expectations) {
    if (!e.subject || !e.subject->starts_with("rvd/") ||
        e.subject->find('/', 4) != std::string::npos)
      continue;
    const std::string host = e.subject->substr(4);
    std::vector<std::string> services;
    for (const plant_target& d : daemons)
      if (d.host == host) services.push_back(d.service);
    for (const expected_daemon& d : s_.inventory)
      if (d.host == host &&
          std::find(services.begin(), services.end(), d.service) == services.end())
        services.push_back(d.service);
    if (services.size() == 1)
      e.subject = subject_of(host, services.front());
    else if (services.empty())
      complain(e.line, "there is no daemon on " + host, "name a host of a fleet");
    else
      complain(e.line, host + " has several services",
               "name one: " + host + "/" + services.front());
  }
}
} // namespace

std::string to_text(const scenario_error& e) {
  const std::string place = e.line > 0 ? "line " + std::to_string(e.line) + ": " : std::string{};
  return place + e.what + "; " + e.remedy;
}

bool comparison::holds(double x) const {
  switch (op) {
  case op_t::at_least:
    return x >= value;
  case op_t::at_most:
    return x <= value;
  default:
    return x == value;
  }
}

scenario_result<scenario> parse_scenario(std::string_view text, std::string name,
                                         bool must_expect) {
  return parser{std::move(name), must_expect}.parse(text);
}

} // namespace tocsin

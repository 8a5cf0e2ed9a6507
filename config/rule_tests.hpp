// Tests of a configuration as a YAML file: what comes in, what people order, what must be said to whom.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"
#include "core/operator_command.hpp"
#include "core/scenario.hpp"

namespace tocsin {

/// An operator's order. The target of acknowledge and unacknowledge may be an alarm key, "<cause> <subject>": then
/// the incident of it that is open is meant.
struct test_order {
  int line = 0;
  duration at{0}; ///< from the start of the test
  operator_command command{};
  duration from{0}, until{0}, lasts{0}; ///< 0 = not given; `from` and `until` from the start of the test
};

struct rule_test {
  std::string name;
  int line = 0;
  std::string input, format;        ///< a recording; empty: `story`
  scenario story;                   ///< fleet and faults; always the expectations
  timestamp start = scenario_start; ///< when the scenario begins: calendars count
  duration until{0};                ///< of a recording: time passes so long after its first record; 0 = to its last
  std::vector<test_order> orders;   ///< sorted by time
};

struct rule_test_file {
  std::string path;
  settings config;
  std::vector<rule_test> tests;
  std::vector<config_problem> problems; ///< also those of the configuration; with an error nothing can be run
  bool ok() const;
};

/// Reads the file and the configuration that it names, relative to it. The environment changes nothing here.
rule_test_file load_rule_tests(const std::string& path);

} // namespace tocsin

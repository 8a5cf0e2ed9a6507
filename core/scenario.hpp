// Scenarios as plain text: a fleet, what happens to it and what must be said about it, one
// statement a line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/alerting.hpp"
#include "core/plant.hpp"
#include "core/rules.hpp"

namespace tocsin {

/// Every scenario begins at 2026-01-01T00:00:00Z; its times are counted from there.
inline constexpr timestamp scenario_start = from_milliseconds(1'767'225'600'000);

/// What is wrong with a scenario file, where, and what to write instead.
struct scenario_error {
  int line; ///< from 1; 0 = the file as a whole
  std::string what, remedy;
};
std::string to_text(const scenario_error& e); ///< "line 3: what; remedy"

/// A number to compare with: exactly, at least or at most.
struct comparison {
  enum class op_t : std::uint8_t { equal, at_least, at_most } op = op_t::equal;
  double value = 0;
  bool holds(double x) const;
};

/// One `expect` line. What is not set is not looked at.
struct expectation {
  enum class about_t : std::uint8_t {
    incident,      ///< a line of an incident that fits everything set
    symptom,       ///< a symptom that fits
    incidents,     ///< how many incidents have a line that fits
    symptoms,      ///< how many symptoms fit
    notifications, ///< how many notifications fit
  };
  int line = 0;
  std::string text; ///< as written
  about_t about = about_t::incident;
  bool none = false;                  ///< `no`: nothing may fit
  std::optional<cause_kind> kind;     ///< of a symptom too: the first kinds are the same
  std::optional<std::string> subject; ///< "rvd/10.0.0.7/7500", "segment/7500/;239.1.1.1", …
  std::optional<incident_state> incident_is;
  std::optional<symptom_state> symptom_is;
  std::optional<severity> level;
  std::optional<std::string> reason, receiver; ///< of a notification
  std::optional<comparison> members, probability, count;
  timestamp from = unset, to = never; ///< both included
};

/// A rule set by a `config` line, kept as it was written for drivers that read a configuration.
struct scenario_setting {
  int line;
  std::string key, value;
};

struct scenario {
  std::string name;
  plant_options plant;
  std::vector<fault> faults;
  std::vector<scenario_setting> settings;
  std::vector<expected_daemon> inventory;
  timestamp until = unset;
  std::vector<expectation> expectations;
  rule_book rules;          ///< from limit, config and expected lines
  alerting_rules receivers; ///< "default", as changed by config alerting.*
};

template <class T>
using scenario_result = tl::expected<T, std::vector<scenario_error>>;

/// Reads and checks a whole file and reports every line that is wrong, at most 100 of them.
/// `must_expect`: a file without an expect line is wrong.
scenario_result<scenario> parse_scenario(std::string_view text, std::string name,
                                         bool must_expect = true);

/// Sets one rule by its name, e.g. "groups.wait" or "clients.warning_percent". Names:
/// scenario_rules.cpp.
result<void> set_rule(std::string_view key, std::string_view value, daemon_rules& daemons,
                      rule_book& book, alerting_rules& receivers);

} // namespace tocsin

// Runs one rule test on the machines alone, under virtual time.
#pragma once

#include <string>
#include <vector>

#include "config/rule_tests.hpp"

namespace tocsin {

struct rule_test_result {
  std::vector<std::string> failures; ///< what was expected and what was said instead; empty = passed
  std::string told;                  ///< every incident and notification, a line each
};

rule_test_result run_rule_test(const settings& config, const rule_test& test);

} // namespace tocsin

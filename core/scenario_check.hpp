// Compares what a scenario expects with what was said.
#pragma once

#include <string>
#include <vector>

#include "core/group_table.hpp"
#include "core/scenario.hpp"

namespace tocsin {

/// One text for every expectation that was not met: its line, what it wanted and what came nearest.
/// Empty = all met.
std::vector<std::string> check(const scenario& s, const std::vector<incident>& incidents,
                               const std::vector<notification>& notifications,
                               const std::vector<symptom>& symptoms);
std::vector<std::string> check(const scenario& s, const story& told);

/// Everything that was said, a line each, with times from the scenario's start; to explain a
/// failure.
std::string outline(const story& told);

} // namespace tocsin

// What runs a scenario: the machines alone, or the same machines behind mailboxes. All must tell
// the same story.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "core/scenario.hpp"
#include "core/scenario_check.hpp"

namespace tocsin {

/// Runs a scenario from its start to its `until` and returns everything that was said.
using scenario_driver = story (*)(const scenario& s);

/// The machines alone, `batch` records at a time.
story run_machines(const scenario& s, std::size_t batch);
story run_machines(const scenario& s);

/// One scenario file, by its name in tests.
struct scenario_file {
  std::filesystem::path path;
  std::string name() const { return path.stem().string(); }
};
inline std::ostream& operator<<(std::ostream& out, const scenario_file& f) {
  return out << f.name();
}

/// All scenario files beside this source, sorted by name.
std::vector<scenario_file> scenario_files();
/// Reads a file; what is wrong with it is a failure of the test.
scenario read_scenario(const scenario_file& f);
/// Runs the scenario and reports every expectation that is not met, with the whole story.
void expect_met(const scenario_file& f, scenario_driver run);

} // namespace tocsin

#include "driver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace tocsin {

std::vector<scenario_file> scenario_files() {
  std::vector<scenario_file> found;
  for (const auto& entry : std::filesystem::directory_iterator{TOCSIN_SCENARIO_DIR})
    if (entry.path().extension() == ".scenario") found.push_back({entry.path()});
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return found;
}

scenario read_scenario(const scenario_file& f) {
  std::ifstream in{f.path};
  std::stringstream text;
  text << in.rdbuf();
  auto s = parse_scenario(text.str(), f.name());
  if (s) return std::move(*s);
  for (const scenario_error& e : s.error())
    ADD_FAILURE() << f.path.filename().string() << ": " << to_text(e);
  return {};
}

void expect_met(const scenario_file& f, scenario_driver run) {
  const scenario s = read_scenario(f);
  if (testing::Test::HasFailure()) return;
  const story told = run(s);
  const std::vector<std::string> failures = check(s, told);
  for (const std::string& failure : failures)
    ADD_FAILURE() << f.path.filename().string() << ", " << failure;
  if (failures.empty()) return;
  constexpr std::size_t shown_max = 20'000;
  std::string story_told = outline(told);
  if (story_told.size() > shown_max) story_told.resize(shown_max);
  ADD_FAILURE() << "The whole story:\n" << story_told;
}

} // namespace tocsin

// Every scenario file through the machines alone.
#include <gtest/gtest.h>

#include "driver.hpp"

namespace tocsin {
namespace {

class machines : public testing::TestWithParam<scenario_file> {};

TEST_P(machines, say_what_is_expected) { expect_met(GetParam(), run_machines); }

TEST_P(machines, say_the_same_however_the_input_is_cut) {
  const scenario s = read_scenario(GetParam());
  if (HasFailure()) return;
  const std::string whole = outline(run_machines(s));
  EXPECT_EQ(outline(run_machines(s, 7)), whole);
}

INSTANTIATE_TEST_SUITE_P(scenario, machines, testing::ValuesIn(scenario_files()),
                         [](const auto& p) { return p.param.name(); });

} // namespace
} // namespace tocsin

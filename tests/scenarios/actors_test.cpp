// Every scenario file through the actors: the same story as from the machines alone, whatever the
// number of shards, workers and records in a batch.
#include <gtest/gtest.h>

#include "actors_driver.hpp"

namespace tocsin {
namespace {

class actors : public testing::TestWithParam<scenario_file> {};

TEST_P(actors, say_what_is_expected) {
  expect_met(GetParam(), [](const scenario& s) { return run_actors(s); });
}

TEST_P(actors, tell_the_story_of_the_machines) {
  const scenario s = read_scenario(GetParam());
  if (HasFailure()) return;
  const std::string alone = outline(run_machines(s));
  EXPECT_EQ(outline(run_actors(s, 1, 1, 1000)), alone);
  EXPECT_EQ(outline(run_actors(s, 3, 2, 7)), alone);
  EXPECT_EQ(outline(run_actors(s, 8, 4, 100)), alone);
}

INSTANTIATE_TEST_SUITE_P(scenario, actors, testing::ValuesIn(scenario_files()),
                         [](const auto& p) { return p.param.name(); });

} // namespace
} // namespace tocsin

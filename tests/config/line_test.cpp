// The simulated line in a configuration: what is read, and mistakes with place and remedy.
#include <gtest/gtest.h>

#include <string>

#include "config/settings.hpp"

namespace tocsin::line_test {
namespace {

std::string answer_to(const std::string& source) {
  const loaded l = parse_settings("sources: [{name: a, " + source + "}]\n", "t.yaml");
  return l.problems.size() == 1 ? to_text(l.problems[0]) : std::to_string(l.problems.size()) + " problems";
}

TEST(line_in_the_configuration, is_read) {
  const loaded l = parse_settings("sources: [{name: a, kind: line, seed: 9, line: {units: 2, interval: 50ms, faults: [stuck etch1.pressure at 1m for 1m]}}]\n", "t.yaml");
  ASSERT_TRUE(l.problems.empty());
  const source_settings& s = l.value.sources.at(0);
  EXPECT_EQ(s.line.units, 2u);
  EXPECT_EQ(s.line.channels, 4u);
  EXPECT_EQ(s.line.interval, 50ms);
  EXPECT_EQ(s.line.faults, std::vector<std::string>{"stuck etch1.pressure at 1m for 1m"});
  EXPECT_EQ(s.plant_seed, 9u);
  EXPECT_TRUE(s.gives_samples());
}

TEST(line_in_the_configuration, mistakes_are_answered_with_place_and_remedy) {
  EXPECT_EQ(answer_to("kind: line, line: {faults: [quake etch1.pressure at 1m]}"),
            "t.yaml:1:49: error: sources[0].line.faults[0]: 'quake etch1.pressure at 1m': no kind of fault; write spike, step, drift, noise, "
            "stuck, oscillation, intermittent or gain first");
  EXPECT_EQ(answer_to("kind: line, line: {faults: [stuck etch9.pressure at 1m for 1m]}"),
            "t.yaml:1:49: error: sources[0].line.faults[0]: the line has no unit 'etch9'; there are etch1 to cvd2");
  EXPECT_EQ(answer_to("kind: line, line: {faults: [stuck etch1.helium at 1m for 1m]}"),
            "t.yaml:1:49: error: sources[0].line.faults[0]: no unit of the line has a channel 'helium'; there are pressure to temperature");
  EXPECT_EQ(answer_to("kind: rv, line: {units: 3}"), "t.yaml:1:31: error: sources[0].line has no meaning for kind rv; remove it");
}

} // namespace
} // namespace tocsin::line_test

// Dense streams made sparse: named levels with a deadband, and values that are said when they change enough.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/equipment/channel_taps.hpp"

namespace tocsin::channel_state_test {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> run(const channel_state_rule& rule, const std::vector<double>& values) {
  const channel_name name{"etch1", "power"};
  channel_state it{rule};
  std::vector<state_change> said;
  for (std::size_t i = 0; i < values.size(); ++i) it.apply(timestamp{1000s} + std::chrono::seconds{i}, values[i], name, said);
  std::vector<std::string> out;
  for (const state_change& c : said) out.push_back(c.from + ">" + c.to + " " + to_text(c.lasted));
  return out;
}

TEST(channel_state, is_said_when_the_level_changes) {
  const channel_state_rule rule{"*", "rf", {{"off", 0}, {"on", 50}}, 0};
  EXPECT_THAT(run(rule, {1, 2, 60, 61, 49.9, -1}), ElementsAre(">off 0s", "off>on 2s", "on>off 2s", "off>below 1s"));
}

TEST(channel_state, is_not_left_within_the_deadband) {
  const channel_state_rule rule{"*", "rf", {{"off", 0}, {"on", 50}}, 5};
  EXPECT_THAT(run(rule, {1, 52, 54, 55, 46, 45, 44.9, 54}), ElementsAre(">off 0s", "off>on 3s", "on>off 3s"));
}

TEST(channel_state, jumps_over_levels_and_their_deadbands) {
  const channel_state_rule rule{"*", "rf", {{"a", 0}, {"b", 10}, {"c", 20}}, 2};
  EXPECT_THAT(run(rule, {1, 21, 22, 1}), ElementsAre(">a 0s", "a>b 1s", "b>c 1s", "c>a 1s"));
}

TEST(channel_state, without_levels_is_the_value_when_it_differs_by_more_than_the_deadband) {
  const channel_state_rule rule{"*", "setpoint", {}, 0.5};
  EXPECT_THAT(run(rule, {10, 10.5, 10.4, 10.6, 11, 11.2}), ElementsAre(">10 0s", "10>10.6 3s", "10.6>11.2 2s"));
}

TEST(channel_level, fell_after_it_held_and_rose_when_it_is_half_way_back) {
  const level_drop_rule rule{"*", 0.2, 3s};
  channel_level it{rule};
  using enum channel_level::news;
  timestamp at{};
  const auto next = [&](double v, bool judged = true) { return it.apply(at += 1s, v, judged); };
  for (int i = 0; i < 200; ++i) ASSERT_EQ(next(-100), none);
  EXPECT_EQ(next(1), none);
  const timestamp low = at;
  EXPECT_EQ(next(1), none);
  EXPECT_EQ(next(100), none); // too short
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next(19), none);
  EXPECT_EQ(next(19), fell);
  EXPECT_EQ(it.low_since(), low + 3s);
  EXPECT_EQ(next(40), none);
  EXPECT_EQ(next(50), rose);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(next(0, false), none); // it is not to work
}

} // namespace
} // namespace tocsin::channel_state_test

// The canary: a death and a return that were told are a round; one that was not is said.
#include <gtest/gtest.h>

#include "core/canary.hpp"

namespace tocsin::canary_test {
namespace {

constexpr timestamp start = from_milliseconds(1'700'000'000'000);
const canary_rules rules{1h, 1s, 10s, 30s, 60s};

class canary_lives : public ::testing::Test {
protected:
  /// Beats until `until`; the first round that ended on the way.
  std::optional<canary::outcome> beat(duration until) {
    for (; at < start + until; at += 1s) {
      const auto s = bird.advance(at);
      beats += s.beats;
      if (s.said) return s.said;
    }
    return std::nullopt;
  }
  canary bird{rules, start};
  timestamp at = start;
  int beats = 0;
};

TEST_F(canary_lives, beats_until_old_incidents_are_closed_and_then_dies) {
  EXPECT_FALSE(beat(64s));
  EXPECT_EQ(beats, 64);
  EXPECT_FALSE(beat(74s));
  EXPECT_EQ(beats, 64);
}

TEST_F(canary_lives, a_round_that_was_told_measures_the_longer_delay) {
  beat(64s);
  EXPECT_FALSE(bird.advance(start + 64s).beats);
  EXPECT_FALSE(bird.told(true, start + 97s, start + 97s + 20ms));
  EXPECT_TRUE(bird.advance(start + 98s).beats);
  EXPECT_FALSE(bird.told(true, start + 97s, start + 99s)) << "said again: nothing new";
  const auto o = bird.told(false, start + 160s, start + 160s + 8ms);
  ASSERT_TRUE(o);
  EXPECT_TRUE(o->works);
  EXPECT_EQ(o->delay, 20ms);
  EXPECT_TRUE(bird.advance(start + 160s + 1h).beats);
  EXPECT_FALSE(bird.advance(start + 160s + 1h + 8ms).beats);
}

TEST_F(canary_lives, a_death_nobody_is_told_of_is_a_failure_and_tried_again_sooner) {
  const auto o = beat(10min);
  ASSERT_TRUE(o);
  EXPECT_FALSE(o->works);
  EXPECT_NE(o->reason.find("its death"), std::string::npos);
  EXPECT_EQ(at, start + 64s + 3s + 30s + 10s);
  EXPECT_FALSE(bird.told(true, at, at + 1s)) << "too late";
  EXPECT_TRUE(bird.advance(at + 6min - 1s).beats);
  EXPECT_FALSE(bird.advance(at + 6min).beats);
}

TEST_F(canary_lives, a_return_nobody_is_told_of_is_a_failure) {
  beat(65s);
  bird.told(true, start + 97s, start + 97s);
  at = start + 98s;
  const auto o = beat(10min);
  ASSERT_TRUE(o);
  EXPECT_FALSE(o->works);
  EXPECT_NE(o->reason.find("its return"), std::string::npos);
  EXPECT_EQ(at, start + 97s + 2s + 60s + 10s);
}

TEST(canary_incidents, are_known_by_their_group) {
  incident i{};
  i.group = "segment/tocsin-canary/";
  EXPECT_TRUE(is_of_canary(i));
  i.group = "segment/7500/";
  EXPECT_FALSE(is_of_canary(i));
  i.group = "self";
  EXPECT_FALSE(is_of_canary(i));
}

} // namespace
} // namespace tocsin::canary_test

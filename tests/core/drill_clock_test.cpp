// The clock of a drill: slow before it begins, fast after, exact in both directions.
#include "core/drill_clock.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace tocsin::drill_clock_test {
namespace {

using ::testing::HasSubstr;

timestamp at(const char* text) { return *parse_rfc3339(text); }

TEST(drill_clock, none_leaves_the_time_as_it_is) {
  const drill_clock none;
  EXPECT_FALSE(none.given());
  EXPECT_EQ(none.speed(), 1);
  EXPECT_EQ(none.recorded(at("2026-11-22T09:00:00Z")), at("2026-11-22T09:00:00Z"));
  EXPECT_EQ(none.machine(never), never);
}

TEST(drill_clock, time_goes_as_usual_until_the_drill_begins_and_then_at_its_speed) {
  const drill_clock d{at("2026-01-01T00:00:00Z"), at("2026-11-22T09:00:00Z"), 60};
  EXPECT_EQ(d.recorded(at("2026-11-22T09:00:00Z")), at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(d.recorded(at("2026-11-22T08:59:50Z")), at("2025-12-31T23:59:50Z"));
  EXPECT_EQ(d.recorded(at("2026-11-22T09:00:10Z")), at("2026-01-01T00:10:00Z"));
  EXPECT_EQ(d.machine(at("2026-01-01T01:00:00Z")), at("2026-11-22T09:01:00Z"));
  EXPECT_EQ(d.machine(at("2025-12-31T23:00:00Z")), at("2026-11-22T08:00:00Z"));
  EXPECT_EQ(d.machine(never), never);
}

TEST(drill_clock, what_is_beyond_all_time_is_never) {
  const drill_clock d{at("2026-01-01T00:00:00Z"), at("2026-11-22T09:00:00Z"), 1000};
  EXPECT_EQ(d.recorded(at("2226-11-22T09:00:00Z")), never);
}

RC_GTEST_PROP(drill_clock, a_deadline_is_over_when_it_is_waited_for_and_not_before, ()) {
  const drill_clock d{timestamp{1h}, timestamp{2h}, *rc::gen::inRange<std::int64_t>(1, drill_clock::speed_max + 1)};
  const timestamp deadline{duration{*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000'000)}};
  const timestamp woken = d.machine(deadline);
  RC_ASSERT(d.recorded(woken) >= deadline);
  RC_ASSERT(d.recorded(woken - duration{1}) < deadline);
}

TEST(drill_clock, is_written_as_recorded_at_machine_by_speed) {
  const auto d = parse_drill_clock("2026-01-01T00:00:00Z@2026-11-22T10:00:00+01:00x60");
  ASSERT_TRUE(d) << d.error().text;
  EXPECT_EQ(d->from(), at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(d->begins(), at("2026-11-22T09:00:00Z"));
  EXPECT_EQ(d->speed(), 60);
}

TEST(drill_clock, what_cannot_be_read_is_refused_with_an_example) {
  for (const char* wrong : {"", "60", "@x60", "2026-01-01T00:00:00Z@2026-11-22T09:00:00Z", "2026-01-01T00:00:00Zx60@2026-11-22T09:00:00Z",
                            "yesterday@2026-11-22T09:00:00Zx60", "2026-01-01T00:00:00Z@nowx60", "2026-01-01T00:00:00Z@2026-11-22T09:00:00Zx0",
                            "2026-01-01T00:00:00Z@2026-11-22T09:00:00Zx1001", "2026-01-01T00:00:00Z@2026-11-22T09:00:00Zx1.5",
                            "2026-01-01T00:00:00Z@2026-11-22T09:00:00Zx-2", "1960-01-01T00:00:00Z@2026-11-22T09:00:00Zx2"}) {
    const auto d = parse_drill_clock(wrong);
    ASSERT_FALSE(d) << wrong;
    EXPECT_EQ(d.error().code, errc::invalid);
    EXPECT_THAT(d.error().text, HasSubstr("write RECORDED@MACHINExSPEED")) << wrong;
  }
}

} // namespace
} // namespace tocsin::drill_clock_test

// Time intervals in their zones, and next_change against looking at every minute.
#include "core/calendar.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace tocsin::calendar_test {
namespace {

timestamp at(const char* text) { return *parse_rfc3339(text); }

/// Summer time from the last Sunday of March to that of October, 01:00 UTC: enough for 2025 and
/// 2026.
std::shared_ptr<const time_zone> berlin() {
  return std::make_shared<const time_zone>(time_zone{"Europe/Berlin",
                                                     {{at("2025-03-30T01:00:00Z"), 7200},
                                                      {at("2025-10-26T01:00:00Z"), 3600},
                                                      {at("2026-03-29T01:00:00Z"), 7200},
                                                      {at("2026-10-25T01:00:00Z"), 3600}},
                                                     3600});
}

/// Half an hour of summer time, far east of UTC.
std::shared_ptr<const time_zone> lord_howe() {
  return std::make_shared<const time_zone>(time_zone{"Australia/Lord_Howe",
                                                     {{at("2025-04-05T15:00:00Z"), 37800},
                                                      {at("2025-10-04T15:30:00Z"), 39600},
                                                      {at("2026-04-04T15:00:00Z"), 37800}},
                                                     39600});
}

time_interval office() {
  time_interval i;
  i.minutes = {{9 * 60, 17 * 60}};
  i.weekdays = {{1, 5}};
  return i;
}

TEST(calendar, an_interval_without_parts_always_holds) {
  for (timestamp t : {unset, at("1969-12-31T23:59:59Z"), at("2026-02-28T12:00:00Z"), never})
    EXPECT_TRUE(contains(time_interval{}, t));
  EXPECT_FALSE(contains(named_calendar{"none", {}}, at("2026-02-28T12:00:00Z")));
}

TEST(calendar, the_last_minute_is_exclusive_and_all_parts_must_hold) {
  const time_interval i = office(); // 2026-11-20 is a Friday
  EXPECT_FALSE(contains(i, at("2026-11-20T08:59:59.999999999Z")));
  EXPECT_TRUE(contains(i, at("2026-11-20T09:00:00Z")));
  EXPECT_TRUE(contains(i, at("2026-11-20T16:59:59.999999999Z")));
  EXPECT_FALSE(contains(i, at("2026-11-20T17:00:00Z")));
  EXPECT_FALSE(contains(i, at("2026-11-21T10:00:00Z"))) << "Saturday";
}

TEST(calendar, hours_are_those_of_the_zone) {
  time_interval i = office();
  i.zone = berlin();
  EXPECT_TRUE(contains(i, at("2026-07-01T07:00:00Z"))) << "summer, two hours ahead";
  EXPECT_FALSE(contains(i, at("2026-07-01T15:00:00Z")));
  EXPECT_FALSE(contains(i, at("2026-11-20T07:30:00Z"))) << "winter, one hour ahead";
  EXPECT_TRUE(contains(i, at("2026-11-20T08:00:00Z")));
}

TEST(calendar, days_count_from_both_ends_of_the_month) {
  time_interval i;
  i.days_of_month = {{-3, -1}};
  EXPECT_FALSE(contains(i, at("2026-02-25T12:00:00Z")));
  EXPECT_TRUE(contains(i, at("2026-02-26T00:00:00Z")));
  EXPECT_TRUE(contains(i, at("2028-02-27T00:00:00Z"))) << "a leap year";
  EXPECT_FALSE(contains(i, at("2028-02-26T23:59:00Z")));
  i.days_of_month = {{28, 31}};
  EXPECT_TRUE(contains(i, at("2026-02-28T12:00:00Z"))) << "cut to the month";
  EXPECT_FALSE(contains(i, at("2026-03-01T00:00:00Z")));
  i.days_of_month = {{31, 31}};
  EXPECT_FALSE(contains(i, at("2026-04-30T12:00:00Z"))) << "April has no 31st";
  i.days_of_month = {{1, -1}};
  EXPECT_TRUE(contains(i, at("2026-04-30T12:00:00Z")));
}

TEST(calendar, months_and_years) {
  time_interval i;
  i.months = {{1, 3}, {12, 12}};
  i.years = {{2025, 2026}};
  EXPECT_TRUE(contains(i, at("2026-03-31T23:59:59Z")));
  EXPECT_FALSE(contains(i, at("2026-04-01T00:00:00Z")));
  EXPECT_TRUE(contains(i, at("2025-12-01T00:00:00Z")));
  EXPECT_FALSE(contains(i, at("2027-01-01T00:00:00Z")));
}

TEST(calendar, the_next_change_is_the_end_or_the_next_beginning) {
  const named_calendar c{"office", {office()}};
  EXPECT_EQ(next_change(c, at("2026-11-20T09:00:00Z")), at("2026-11-20T17:00:00Z"));
  EXPECT_EQ(next_change(c, at("2026-11-20T16:59:59.5Z")), at("2026-11-20T17:00:00Z"));
  EXPECT_EQ(next_change(c, at("2026-11-20T17:00:00Z")), at("2026-11-23T09:00:00Z")) << "Monday";
}

TEST(calendar, intervals_that_meet_are_one_stretch) {
  time_interval evening, night;
  evening.minutes = {{22 * 60, 24 * 60}};
  night.minutes = {{0, 6 * 60}};
  const named_calendar c{"night", {evening, night}};
  EXPECT_EQ(next_change(c, at("2026-11-20T23:00:00Z")), at("2026-11-21T06:00:00Z"));
  EXPECT_EQ(next_change(c, at("2026-11-21T06:00:00Z")), at("2026-11-21T22:00:00Z"));
}

TEST(calendar, what_never_changes_is_looked_at_again_after_366_days) {
  const timestamp t = at("2026-11-20T23:00:00.25Z");
  EXPECT_EQ(next_change({"always", {time_interval{}}}, t), t + 366 * 24h);
  EXPECT_EQ(next_change({"none", {}}, t), t + 366 * 24h);
  EXPECT_EQ(next_change({"always", {time_interval{}}}, never), never);
  EXPECT_GT(next_change({"office", {office()}}, unset), unset);
}

TEST(calendar, an_hour_that_does_not_exist_or_comes_twice) {
  time_interval i;
  i.minutes = {{150, 210}}; // 02:30 to 03:30
  i.zone = berlin();
  const named_calendar c{"small hours", {i}};
  // In March, 02:00 is followed by 03:00: only half of it is left.
  EXPECT_EQ(next_change(c, at("2026-03-29T00:00:00Z")), at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(next_change(c, at("2026-03-29T01:00:00Z")), at("2026-03-29T01:30:00Z"));
  // In October, 03:00 is followed by 02:00: it holds twice.
  EXPECT_EQ(next_change(c, at("2026-10-25T00:30:00Z")), at("2026-10-25T01:00:00Z"));
  EXPECT_EQ(next_change(c, at("2026-10-25T01:00:00Z")), at("2026-10-25T01:30:00Z"));
  EXPECT_EQ(next_change(c, at("2026-10-25T01:30:00Z")), at("2026-10-25T02:30:00Z"));
}

int_range ordered(int a, int b) { return {std::min(a, b), std::max(a, b)}; }

std::vector<int_range> some(int lowest, int highest) {
  const auto n = *rc::gen::inRange(0, 3);
  std::vector<int_range> out;
  for (int k = 0; k < n; ++k)
    out.push_back(
        ordered(*rc::gen::inRange(lowest, highest + 1), *rc::gen::inRange(lowest, highest + 1)));
  return out;
}

time_interval any_interval() {
  time_interval i;
  i.minutes = some(0, 1440);
  i.weekdays = some(0, 6);
  i.days_of_month = some(-31, 31);
  i.months =
      *rc::gen::weightedElement<std::vector<int_range>>({{4, {}}, {1, {{3, 4}}}, {1, {{10, 10}}}});
  i.years = *rc::gen::weightedElement<std::vector<int_range>>({{6, {}}, {1, {{2025, 2025}}}});
  i.zone = *rc::gen::element(berlin(), lord_howe(), std::shared_ptr<const time_zone>{});
  return i;
}

RC_GTEST_PROP(calendar_property, next_change_is_what_every_minute_shows, ()) {
  named_calendar c{"any", {}};
  for (int n = *rc::gen::inRange(1, 4); n > 0; --n) c.intervals.push_back(any_interval());
  // Days round the changes of both zones, of a year and of a leap-less February.
  const timestamp start =
      *rc::gen::element(at("2026-03-27T00:00:00Z"), at("2026-10-23T00:00:00Z"),
                        at("2025-10-03T00:00:00Z"), at("2025-12-30T00:00:00Z"),
                        at("2026-02-26T00:00:00Z"), at("2026-04-03T00:00:00Z")) +
      std::chrono::seconds{*rc::gen::inRange(0, 2 * 86400)} +
      duration{*rc::gen::element(0, 1, 999'999'999)};
  const timestamp found = next_change(c, start);
  RC_ASSERT(found > start);
  RC_ASSERT(found <= start + 366 * 24h);
  const bool before = contains(c, start);
  const auto minute = std::chrono::ceil<std::chrono::minutes>(start.time_since_epoch());
  timestamp t{minute};
  if (t == start) t += 1min;
  const timestamp end = start + 4 * 24h;
  while (t < end && contains(c, t) == before) t += 1min;
  if (t < end) {
    RC_ASSERT(found == t);
  } else {
    RC_ASSERT(found >= end);
  }
  if (found < start + 366 * 24h) {
    RC_ASSERT(contains(c, found) != before);
    RC_ASSERT(contains(c, found - duration{1}) == before);
  }
}

} // namespace
} // namespace tocsin::calendar_test

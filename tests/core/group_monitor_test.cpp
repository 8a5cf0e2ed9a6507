#include "core/detectors/group_monitor.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/core/simulated_group.hpp"

namespace tocsin::group_monitor_test {
namespace {

timestamp second(std::size_t i) { return from_milliseconds(static_cast<std::int64_t>(i) * 1000); }

std::vector<row_verdict> watch(const table& rows, std::size_t count) {
  group_monitor monitor(rows.columns);
  std::vector<row_verdict> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(monitor.next(second(i), rows.row(i)));
  return out;
}

bool same(const row_verdict& a, const row_verdict& b) {
  return a.score == b.score && a.alert == b.alert && a.change_point == b.change_point;
}

TEST(GroupMonitor, FindsAShiftWhileItLastsAndBothItsEnds) {
  table rows = simulated_group(1200, 6, 1);
  shift(rows, 4, 12, 600, 800);
  const auto verdicts = watch(rows, rows.rows());
  int early = 0, during = 0, late = 0;
  std::vector<std::size_t> changes;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    (i < 600 ? early : i < 800 ? during : late) += verdicts[i].alert;
    if (verdicts[i].change_point) changes.push_back(i);
  }
  EXPECT_EQ(early, 0);
  EXPECT_GE(during, 190);
  EXPECT_LE(late, 30);
  // Each end is said within seconds; once more, no sooner than 60 rows later, while the windows
  // still differ more.
  ASSERT_GE(changes.size(), 2u);
  EXPECT_TRUE(changes.front() >= 600 && changes.front() <= 620);
  int ends = 0;
  for (std::size_t i : changes) {
    ends += i >= 800 && i <= 820 ? 1 : 0;
    EXPECT_TRUE((i >= 600 && i < 700) || (i >= 800 && i < 900)) << i;
  }
  EXPECT_EQ(ends, 1);
  for (std::size_t i = 1; i < changes.size(); ++i) EXPECT_GE(changes[i] - changes[i - 1], 60u);
}

TEST(GroupMonitor, NamesTheChannelThatShifted) {
  table rows = simulated_group(700, 6, 2);
  shift(rows, 3, -15, 600, 700);
  group_monitor monitor(6);
  for (std::size_t i = 0; i < 650; ++i) monitor.next(second(i), rows.row(i));
  const auto shares = monitor.contributions();
  ASSERT_EQ(shares.size(), 6u);
  EXPECT_EQ(shares[0].channel, 3u);
  EXPECT_GT(shares[0].share, 0.8);
  double sum = 0;
  for (const auto& s : shares) sum += s.share;
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_GE(monitor.alarm_since(), second(600));
  EXPECT_LE(monitor.alarm_since(), second(610));
}

TEST(GroupMonitor, AnAlarmEndsWhenItsOwnChannelsAreBackThoughOthersAreNot) {
  table rows = simulated_group(1200, 6, 3);
  shift(rows, 4, 40, 600, 800);
  shift(rows, 1, 8, 700, 1200); // comes meanwhile, and stays
  const auto verdicts = watch(rows, rows.rows());
  EXPECT_TRUE(verdicts[790].alert);
  EXPECT_FALSE(verdicts[840].alert);
}

TEST(GroupMonitor, DoesNotLearnAFault) {
  table rows = simulated_group(6000, 4, 4);
  shift(rows, 2, 20, 600, 6000);
  const auto verdicts = watch(rows, rows.rows());
  EXPECT_TRUE(verdicts[5999].alert);
}

TEST(GroupMonitor, LearnsFromTheLastRegimeOfItsLearningRows) {
  table rows = simulated_group(800, 4, 5);
  shift(rows, 0, 300, 0, 200);
  shift(rows, 0, 12, 500, 800);
  const auto verdicts = watch(rows, rows.rows());
  EXPECT_FALSE(verdicts[490].alert);
  EXPECT_TRUE(verdicts[520].alert);
}

TEST(GroupMonitor, AVerdictDependsOnNoLaterRow) {
  table rows = simulated_group(900, 5, 6);
  shift(rows, 1, 9, 500, 640);
  const auto whole = watch(rows, rows.rows());
  for (std::size_t length : {1u, 399u, 400u, 401u, 505u, 650u, 899u}) {
    const auto part = watch(rows, length);
    for (std::size_t i = 0; i < length; ++i)
      ASSERT_TRUE(same(part[i], whole[i])) << length << " " << i;
  }
}

TEST(GroupMonitor, ContinuesFromASnapshotAsIfNothingHadHappened) {
  table rows = simulated_group(900, 5, 7);
  shift(rows, 1, 9, 500, 640);
  for (std::size_t at : {0u, 100u, 400u, 510u, 700u}) {
    group_monitor first(5);
    for (std::size_t i = 0; i < at; ++i) first.next(second(i), rows.row(i));
    writer out;
    first.save(out);
    group_monitor second_one(5);
    reader in(out.bytes());
    ASSERT_TRUE(second_one.load(in));
    EXPECT_TRUE(in.empty());
    writer again;
    second_one.save(again);
    EXPECT_EQ(again.bytes(), out.bytes());
    for (std::size_t i = at; i < rows.rows(); ++i)
      ASSERT_TRUE(same(first.next(second(i), rows.row(i)), second_one.next(second(i), rows.row(i))))
          << i;
  }
}

TEST(GroupMonitor, RefusesABrokenSnapshot) {
  const table rows = simulated_group(450, 3, 8);
  group_monitor monitor(3);
  for (std::size_t i = 0; i < 450; ++i) monitor.next(second(i), rows.row(i));
  writer out;
  monitor.save(out);
  for (std::size_t length = 0; length < out.bytes().size(); length += 97) {
    group_monitor other(3);
    reader in(std::string_view(out.bytes()).substr(0, length));
    EXPECT_FALSE(other.load(in)) << length;
  }
  group_monitor wider(4);
  reader in(out.bytes());
  EXPECT_FALSE(wider.load(in));
}

TEST(GroupMonitor, ToleratesWhatSensorsSend) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  table rows = simulated_group(900, 5, 9);
  splitmix64 random(9);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    double* row = rows.values.data() + i * 5;
    row[1] = 7;      // constant
    row[2] = row[3]; // collinear
    row[4] = nan;    // never there
    if (random.below(10) == 0) row[0] = random.below(2) == 0 ? nan : inf;
    if (i == 700) row[3] = 1e300;
  }
  for (const auto& v : watch(rows, rows.rows())) {
    ASSERT_TRUE(std::isfinite(v.score));
    ASSERT_FALSE(v.alert && v.score == 0);
  }
  table still{2, std::vector<double>(2 * 900, 3.0)};
  for (const auto& v : watch(still, still.rows())) EXPECT_FALSE(v.alert || v.change_point);
  table few = simulated_group(3, 8, 1); // fewer rows than channels
  group_options options;
  options.learn = 2;
  group_monitor quick(8, options);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_TRUE(std::isfinite(quick.next(second(i), few.row(i)).score));
}

TEST(GroupMonitor, CountsRowsOfAnotherWidthAndDoesNotUseThem) {
  const table rows = simulated_group(500, 3, 10);
  group_monitor plain(3), disturbed(3);
  for (std::size_t i = 0; i < 500; ++i) {
    const auto expected = plain.next(second(i), rows.row(i));
    EXPECT_TRUE(same(disturbed.next(second(i), rows.row(i)), expected));
    const double two[] = {1e9, 1e9};
    const auto refused = disturbed.next(second(i), two);
    EXPECT_EQ(refused.score, expected.score);
    EXPECT_FALSE(refused.change_point);
  }
  EXPECT_EQ(disturbed.refused(), 500u);
  group_monitor none(0);
  EXPECT_EQ(none.next(second(0), {}).score, 0);
}

} // namespace
} // namespace tocsin::group_monitor_test

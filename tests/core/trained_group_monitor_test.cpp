#include "core/detectors/trained_group_monitor.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/simulated_group.hpp"

namespace tocsin::trained_group_monitor_test {
namespace {

trained_group_monitor trained(const table& rows) {
  auto monitor = trained_group_monitor::train(rows);
  EXPECT_TRUE(monitor) << monitor.error().text;
  return *monitor;
}

std::vector<row_verdict> watch(trained_group_monitor& monitor, const table& rows) {
  std::vector<row_verdict> out;
  for (std::size_t i = 0; i < rows.rows(); ++i)
    out.push_back(monitor.next(from_milliseconds(static_cast<std::int64_t>(i)), rows.row(i)));
  return out;
}

double share_of_alerts(const std::vector<row_verdict>& v, std::size_t from, std::size_t to) {
  double n = 0;
  for (std::size_t i = from; i < to; ++i) n += v[i].alert ? 1 : 0;
  return n / static_cast<double>(to - from);
}

TEST(TrainedGroupMonitor, KeepsItsBudgetOnNormalRowsItHasNotSeen) {
  // Twenty processes, each learnt from 500 rows and watched for 2000: the budget of 0.5 % holds on
  // average.
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    table rows = simulated_group(2500, 8, seed);
    table learnt{8, {rows.values.begin(), rows.values.begin() + 500 * 8}};
    auto monitor = trained(learnt);
    sum += share_of_alerts(watch(monitor, rows), 500, 2500);
  }
  EXPECT_LE(sum / 20, 0.01);
}

TEST(TrainedGroupMonitor, FindsAShiftThatNoChannelShowsByItself) {
  // Channels 0 and 3 move against what drives both: about one deviation each.
  const auto learnt = simulated_group(500, 6, 1);
  auto monitor = trained(learnt);
  table rows = simulated_group(600, 6, 2);
  shift(rows, 0, 1.2, 300, 600);
  shift(rows, 3, 1.2, 300, 600);
  const auto verdicts = watch(monitor, rows);
  EXPECT_LE(share_of_alerts(verdicts, 0, 300), 0.02);
  EXPECT_GE(share_of_alerts(verdicts, 340, 600), 0.9);
  double sum = 0;
  for (const auto& c : monitor.contributions()) sum += c.share;
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_NE(monitor.alarm_since(), unset);
}

TEST(TrainedGroupMonitor, SeesThatAChannelStopped) {
  auto monitor = trained(simulated_group(500, 6, 1));
  table rows = simulated_group(400, 6, 3);
  for (std::size_t i = 200; i < 400; ++i) rows.values[i * 6 + 2] = 200; // its mean
  const auto verdicts = watch(monitor, rows);
  EXPECT_FALSE(verdicts[199].alert);
  EXPECT_GE(share_of_alerts(verdicts, 210, 400), 1.0);
  EXPECT_TRUE(monitor.contributions()[0].channel == 2 || verdicts[399].score > 2);
}

TEST(TrainedGroupMonitor, SeesThatAFixedChannelMoved) {
  table learnt = simulated_group(300, 4, 1);
  for (std::size_t i = 0; i < 300; ++i) learnt.values[i * 4 + 1] = 42;
  auto monitor = trained(learnt);
  table rows = simulated_group(50, 4, 2);
  for (std::size_t i = 0; i < 50; ++i) rows.values[i * 4 + 1] = i < 25 ? 42 : 43;
  const auto verdicts = watch(monitor, rows);
  EXPECT_FALSE(verdicts[24].alert);
  EXPECT_TRUE(verdicts[25].alert);
  EXPECT_TRUE(verdicts[25].change_point);
  ASSERT_EQ(monitor.contributions().size(), 1u);
  EXPECT_EQ(monitor.contributions()[0].channel, 1u);
}

TEST(TrainedGroupMonitor, IsCausalAndStartsAgain) {
  auto monitor = trained(simulated_group(300, 5, 1));
  const table rows = simulated_group(200, 5, 2);
  const auto whole = watch(monitor, rows);
  monitor.restart();
  for (std::size_t i = 0; i < 120; ++i) {
    const auto v = monitor.next(unset, rows.row(i));
    ASSERT_EQ(v.score, whole[i].score);
    ASSERT_EQ(v.alert, whole[i].alert);
    ASSERT_EQ(v.change_point, whole[i].change_point);
  }
}

TEST(TrainedGroupMonitor, ContinuesFromASnapshot) {
  auto monitor = trained(simulated_group(300, 5, 1));
  table rows = simulated_group(200, 5, 2);
  shift(rows, 2, 5, 90, 200);
  for (std::size_t i = 0; i < 100; ++i) monitor.next(unset, rows.row(i));
  writer out;
  monitor.save(out);
  reader in(out.bytes());
  auto other = trained_group_monitor::load(in);
  ASSERT_TRUE(other) << other.error().text;
  EXPECT_TRUE(in.empty());
  for (std::size_t i = 100; i < 200; ++i) {
    const auto a = monitor.next(unset, rows.row(i)), b = other->next(unset, rows.row(i));
    ASSERT_EQ(a.score, b.score);
    ASSERT_EQ(a.alert, b.alert);
    ASSERT_EQ(a.change_point, b.change_point);
  }
  for (std::size_t length = 0; length + 1 < out.bytes().size(); length += 89) {
    reader part(std::string_view(out.bytes()).substr(0, length));
    EXPECT_FALSE(trained_group_monitor::load(part)) << length;
  }
}

TEST(TrainedGroupMonitor, RefusesToLearnFromWhatCannotTeach) {
  const auto error_of = [](const table& rows) {
    auto monitor = trained_group_monitor::train(rows);
    return monitor ? std::string("none") : monitor.error().text;
  };
  EXPECT_EQ(error_of(simulated_group(49, 3, 1)),
            "training series: 49 rows, at least 50 are needed");
  EXPECT_EQ(error_of(simulated_group(60, 52, 1)),
            "training series: 60 rows for 52 moving columns, at least 312 are needed");
  EXPECT_EQ(error_of(table{3, std::vector<double>(300, 1.0)}),
            "training series: no column moves, there is nothing to learn");
  table hole = simulated_group(100, 3, 1);
  hole.values[3 * 17 + 2] = std::nan("");
  EXPECT_EQ(error_of(hole), "training series: row 17, column 2 is not a number; leave the row out");
}

TEST(TrainedGroupMonitor, ToleratesCollinearColumnsHolesAndOtherWidths) {
  table learnt = simulated_group(300, 4, 1), rows = simulated_group(300, 4, 2);
  for (auto* t : {&learnt, &rows})
    for (std::size_t i = 0; i < 300; ++i) t->values[i * 4 + 3] = 2 * t->values[i * 4] - 5;
  auto monitor = trained(learnt);
  for (std::size_t i = 0; i < 300; i += 7) rows.values[i * 4 + 1] = std::nan("");
  const auto verdicts = watch(monitor, rows);
  for (const auto& v : verdicts) ASSERT_TRUE(std::isfinite(v.score));
  EXPECT_LE(share_of_alerts(verdicts, 0, 300), 0.05);
  const double two[] = {1, 2};
  EXPECT_EQ(monitor.next(unset, two).score, verdicts.back().score);
}

} // namespace
} // namespace tocsin::trained_group_monitor_test

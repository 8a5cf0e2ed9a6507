// Equipment: windows are what a plain look over all values gives, however the input was cut and partitioned.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <tuple>

#include "core/equipment/equipment_table.hpp"
#include "core/equipment/input_marks.hpp"
#include "core/record.hpp"
#include "core/splitmix.hpp"

namespace tocsin::equipment_test {
namespace {

using ::testing::ElementsAre;
using kind_t = window_rule::kind_t;

constexpr timestamp start = from_milliseconds(1'700'000'000'000); // a whole multiple of 10 s and of 5 min less 100 s

struct world : equipment_keeper {
  explicit world(equipment_rules r) : rules(std::make_shared<const equipment_rules>(std::move(r))), table(rules, *this), marks(*rules) {}
  equipment& adopt(equipment fresh) override { return units.emplace_back(std::move(fresh)); }
  void feed(const std::vector<sample>& samples, std::size_t at_a_time = 1000) {
    for (std::size_t i = 0; i < samples.size(); i += at_a_time) {
      sample_batch b;
      b.samples.assign(samples.begin() + static_cast<std::ptrdiff_t>(i), samples.begin() + static_cast<std::ptrdiff_t>(std::min(samples.size(), i + at_a_time)));
      marks.mark(b);
      table.apply(b, said);
    }
  }
  void finish() { table.finish(marks.latest(), said); }
  std::shared_ptr<const equipment_rules> rules;
  std::deque<equipment> units;
  equipment_table table;
  equipment_effects said;
  input_marks marks;
};

sample reading(double seconds, double value, std::string_view channel = "p1", std::string_view unit = "etch1") {
  return {start + from_seconds(seconds), value, hash_key(unit, channel), unit, channel};
}

equipment_rules plain(std::vector<window_rule> windows) {
  equipment_rules r;
  r.windows = std::move(windows);
  r.ewma_z.enabled = r.modified_z.enabled = r.watch.samples.enabled = false;
  return r;
}

std::string line(const window_result& w) {
  return to_text(w.start - start) + ".." + to_text(w.end - start) + " n=" + std::to_string(w.count) + " " + std::to_string(static_cast<int>(w.mean)) +
         (w.complete ? "" : " open") + (w.corrected ? " corrected" : "");
}

std::vector<std::string> lines(const equipment_effects& said) {
  std::vector<std::string> out;
  for (const window_result& w : said.windows) out.push_back(line(w));
  return out;
}

TEST(equipment_windows, tumbling_ones_follow_each_other_and_the_last_is_said_as_it_is) {
  world w{plain({{kind_t::tumbling, 10s, 10s}})};
  w.feed({reading(0, 1), reading(9.999, 3), reading(10, 5), reading(25, 7)});
  EXPECT_THAT(lines(w.said), ElementsAre("0s..10s n=2 2", "10s..20s n=1 5"));
  w.finish();
  EXPECT_EQ(lines(w.said).back(), "20s..30s n=1 7");
}

TEST(equipment_windows, late_values_within_the_lateness_are_waited_for) {
  auto rules = plain({{kind_t::tumbling, 10s, 10s}});
  rules.lateness = 5s;
  world w{rules};
  w.feed({reading(1, 1), reading(12, 5), reading(2, 3)});
  EXPECT_TRUE(w.said.windows.empty());
  w.feed({reading(20, 9)});
  EXPECT_THAT(lines(w.said), ElementsAre("0s..10s n=2 2"));
}

TEST(equipment_windows, later_values_correct_what_was_said_and_then_they_are_only_counted) {
  auto rules = plain({{kind_t::tumbling, 10s, 10s}});
  rules.correct = 20s;
  world w{rules};
  w.feed({reading(1, 1), reading(12, 5), reading(2, 3)});
  EXPECT_THAT(lines(w.said), ElementsAre("0s..10s n=1 1", "0s..10s n=2 2 corrected"));
  w.feed({reading(55, 5), reading(3, 3)});
  EXPECT_EQ(w.table.totals().late, 1u);
  EXPECT_EQ(w.said.windows.size(), 3u);
}

TEST(equipment_windows, sessions_end_when_nothing_comes) {
  world w{plain({{kind_t::session, 5s, 5s}})};
  w.feed({reading(0, 1), reading(4, 3), reading(20, 7), reading(21, 9)});
  w.finish();
  EXPECT_THAT(lines(w.said), ElementsAre("0s..4s n=2 2", "20s..21s n=2 8 open"));
}

TEST(equipment_windows, slope_is_that_of_a_line) {
  world w{plain({{kind_t::sliding, 20s, 10s}})};
  for (int i = 0; i < 20; ++i) w.feed({reading(i, 1e6 + 0.25 * i)});
  w.finish();
  ASSERT_FALSE(w.said.windows.empty());
  EXPECT_NEAR(w.said.windows.back().slope, 0.25, 1e-9);
}

std::vector<sample> some_input(std::uint64_t seed, std::size_t count, double disorder) {
  static const char* const names[] = {"p1", "p2", "p3"};
  static const char* const units[] = {"etch1", "etch2", "cvd1"};
  splitmix64 random{seed};
  std::vector<sample> out;
  double t = 0;
  for (std::size_t i = 0; i < count; ++i) {
    t += static_cast<double>(random.next() % 1000) / 1000;
    const double late = static_cast<double>(random.next() % 1000) / 1000 * disorder;
    out.push_back(reading(std::max(0.0, t - late), 1000 + static_cast<double>(random.next() % 1000) / 100, names[random.next() % 3], units[random.next() % 3]));
  }
  return out;
}

RC_GTEST_PROP(equipment_windows, say_what_a_plain_look_over_all_values_says, ()) {
  const auto input = some_input(*rc::gen::arbitrary<std::uint64_t>(), 400, 3);
  auto rules = plain({{kind_t::tumbling, 30s, 30s}, {kind_t::sliding, 20s, 5s}});
  rules.lateness = 4s;
  world w{rules};
  w.feed(input, *rc::gen::inRange<std::size_t>(1, 50));
  w.finish();
  for (const window_result& found : w.said.windows) {
    std::vector<double> values;
    for (const sample& s : input)
      if (s.channel == found.of->channel && s.equipment == found.of->equipment && s.at >= found.start && s.at < found.end) values.push_back(s.value);
    RC_ASSERT(values.size() == found.count);
    RC_ASSERT(*std::min_element(values.begin(), values.end()) == found.least);
    double mean = 0, squares = 0;
    for (double v : values) mean += v / static_cast<double>(values.size());
    for (double v : values) squares += (v - mean) * (v - mean) / static_cast<double>(values.size());
    RC_ASSERT(std::fabs(mean - found.mean) < 1e-9);
    RC_ASSERT(std::fabs(std::sqrt(squares) - found.deviation) < 1e-6);
  }
  RC_ASSERT(w.table.totals().late == 0u);
}

RC_GTEST_PROP(equipment_windows, do_not_depend_on_batches_or_shards, ()) {
  const auto input = some_input(*rc::gen::arbitrary<std::uint64_t>(), 400, 12);
  equipment_rules rules;
  rules.windows = {{kind_t::tumbling, 10s, 10s}, {kind_t::sliding, 20s, 5s}, {kind_t::session, 2s, 2s}};
  rules.correct = 5s;
  world whole{rules};
  whole.feed(input, input.size());
  whole.finish();
  const std::uint32_t shards = *rc::gen::inRange<std::uint32_t>(1, 4);
  std::map<std::string, std::vector<std::string>> expected, found;
  const auto collect = [](const equipment_effects& said, auto& into) {
    for (const window_result& r : said.windows) into[r.of->equipment + "." + r.of->channel].push_back(line(r));
    for (const anomaly& a : said.anomalies) into[a.of->equipment + "." + a.of->channel + " a"].push_back(to_rfc3339(a.at) + std::to_string(a.score));
  };
  collect(whole.said, expected);
  input_marks marks{rules};
  std::vector<std::unique_ptr<world>> parts;
  for (std::uint32_t i = 0; i < shards; ++i) parts.push_back(std::make_unique<world>(rules));
  const std::size_t at_a_time = *rc::gen::inRange<std::size_t>(1, 60);
  for (std::size_t i = 0; i < input.size(); i += at_a_time) {
    sample_batch b;
    b.samples.assign(input.begin() + static_cast<std::ptrdiff_t>(i), input.begin() + static_cast<std::ptrdiff_t>(std::min(input.size(), i + at_a_time)));
    marks.mark(b);
    for (std::uint32_t n = 0; n < shards; ++n) {
      batch_part part;
      for (std::uint32_t k = 0; k < b.samples.size(); ++k)
        if (equipment_table::shard_of(b.samples[k].key_hash, shards) == n) part.samples.push_back(k);
      parts[n]->table.apply(b, part, parts[n]->said);
    }
  }
  for (auto& p : parts) {
    p->table.finish(marks.latest(), p->said);
    collect(p->said, found);
  }
  RC_ASSERT(found == expected);
}

/// The definition, on a copy of the values before.
RC_GTEST_PROP(equipment_detectors, modified_z_is_its_definition, ()) {
  splitmix64 random{*rc::gen::arbitrary<std::uint64_t>()};
  const std::uint64_t kinds = *rc::gen::inRange<std::uint64_t>(1, 40);
  windowed_modified_z it;
  modified_z_rule rule;
  rule.limit = 2;
  std::vector<double> before;
  for (int i = 0; i < 300; ++i) {
    const double v = static_cast<double>(random.next() % kinds) * 0.1 + (random.next() % 20 == 0 ? 5.0 : 0.0);
    double expected = 0;
    if (before.size() == 31) {
      auto sorted = before;
      std::sort(sorted.begin(), sorted.end());
      const double median = sorted[15];
      std::vector<double> away;
      for (double x : before) away.push_back(std::fabs(x - median));
      std::sort(away.begin(), away.end());
      if (away[15] > 0 && 0.6745 * std::fabs(v - median) > 2 * away[15]) expected = 0.6745 * (v - median) / away[15];
      before.erase(before.begin());
    }
    before.push_back(v);
    const double found = it.next(v, rule);
    RC_ASSERT((found != 0) == (expected != 0));
    RC_ASSERT(std::fabs(found - expected) < 1e-9 * (1 + std::fabs(expected)));
  }
}

} // namespace
} // namespace tocsin::equipment_test

// As-of joins: whatever the order of arrival within the lateness, each left reading gets the newest right value not newer than it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "core/splitmix.hpp"
#include "equipment_world.hpp"

namespace tocsin::join_test {
namespace {

using ::testing::ElementsAre;

equipment_rules with_join(duration lateness = 0s, duration within = 60s) {
  equipment_rules r = completed({});
  r.lateness = lateness;
  r.joins = {{"room", "etch*/p1", "facility/temperature", within}};
  return r;
}

std::vector<std::string> lines(const equipment_effects& said) {
  std::vector<std::string> out;
  for (const joined& j : said.joins)
    out.push_back(j.equipment + ' ' + seconds_text(j.at) + " <- " + (j.right_at == unset ? "-" : std::to_string(static_cast<int>(j.right_value))));
  return out;
}

TEST(join, gives_the_newest_value_that_is_not_newer) {
  equipment_world w{with_join()};
  w.read(0, 20, "temperature", "facility");
  w.read(5, 1);
  w.read(10, 21, "temperature", "facility");
  w.read(10, 2);
  w.read(12, 3, "p1", "etch2");
  w.read(100, 4);
  w.read(101, 5, "p9"); // no left side
  w.finish();
  EXPECT_THAT(lines(w.said), ElementsAre("etch1 5 <- 20", "etch1 10 <- 21", "etch2 12 <- 21", "etch1 100 <- -"));
}

TEST(join, takes_events_too) {
  equipment_rules r = with_join();
  r.joins[0].left = "*/event:measurement";
  equipment_world w{r};
  w.read(0, 20, "temperature", "facility");
  equipment_event e = event_at(3, event_kind::measurement);
  e.name = "thickness";
  e.value = 7;
  w.happen(e);
  w.finish();
  ASSERT_EQ(lines(w.said), std::vector<std::string>{"etch1 3 <- 20"});
  EXPECT_EQ(w.said.joins[0].text, "thickness");
  EXPECT_EQ(w.said.joins[0].channel, "event:measurement");
}

TEST(join, waits_for_right_values_as_long_as_windows_wait) {
  equipment_world w{with_join(10s)};
  w.read(0, 20, "temperature", "facility");
  w.read(8, 1);
  w.read(9, 1, "p9");
  w.read(7, 21, "temperature", "facility"); // late, but not too late
  w.finish();
  EXPECT_THAT(lines(w.said), ElementsAre("etch1 8 <- 21"));
}

TEST(join, counts_what_comes_when_the_right_side_is_forgotten) {
  equipment_rules r = with_join();
  r.correct = 10s;
  r.joins[0].left = "*/event:measurement"; // a reading so late is of no use to anybody
  equipment_world w{r};
  w.read(0, 20, "temperature", "facility");
  w.read(500, 1, "p9");
  w.happen(event_at(3, event_kind::measurement));
  w.read(600, 1, "p9");
  EXPECT_EQ(w.table.totals().joins_late, 1u);
  w.finish();
  EXPECT_TRUE(w.said.joins.empty());
}

/// The definition, over all values; any order within the lateness, any batches and shards.
RC_GTEST_PROP(join, is_its_definition, ()) {
  splitmix64 random{*rc::gen::arbitrary<std::uint64_t>()};
  const equipment_rules rules = with_join(5s, 20s);
  std::vector<sample> input;
  double t = 0;
  for (int i = 0; i < 300; ++i) {
    t += static_cast<double>(random.next() % 4000) / 1000;
    const double at = std::max(0.0, t - static_cast<double>(random.next() % 4900) / 1000);
    const bool right = random.next() % 4 == 0;
    const char* unit = right ? "facility" : random.next() % 2 ? "etch1" : "etch2";
    const char* channel = right ? "temperature" : "p1";
    input.push_back({equipment_start + from_seconds(at), static_cast<double>(i), hash_key(unit, channel), unit, channel});
  }
  std::map<std::string, std::multiset<std::string>> expected, found;
  for (const sample& s : input) {
    if (s.channel != "p1") continue;
    const sample* best = nullptr;
    for (const sample& r : input)
      if (r.channel == "temperature" && r.at <= s.at && s.at - r.at <= 20s && (!best || r.at >= best->at)) best = &r;
    expected[std::string{s.equipment}].insert(to_rfc3339(s.at) + " " + (best ? std::to_string(best->value) : "-"));
  }
  const std::uint32_t shards = *rc::gen::inRange<std::uint32_t>(1, 4);
  const std::size_t at_a_time = *rc::gen::inRange<std::size_t>(1, 60);
  std::vector<std::unique_ptr<equipment_world>> parts;
  for (std::uint32_t i = 0; i < shards; ++i) parts.push_back(std::make_unique<equipment_world>(rules));
  input_marks marks{rules};
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
    for (const joined& j : p->said.joins)
      found[j.equipment].insert(to_rfc3339(j.at) + " " + (j.right_at == unset ? "-" : std::to_string(j.right_value)));
  }
  RC_ASSERT(found == expected);
}

} // namespace
} // namespace tocsin::join_test

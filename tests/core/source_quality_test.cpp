// The quality of sources: each part falls by what it is about, and the score with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/equipment/quality.hpp"
#include "equipment_world.hpp"

namespace tocsin::source_quality_test {
namespace {

struct input {
  explicit input(quality_rule r) : watch(r, {"fab"}) {}
  /// `minutes` of ten channels at 1 Hz, as `each` makes them; each of it may be left out.
  template <class Each>
  void feed(int minutes, Each&& each) {
    static const char* const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    for (int i = 0; i < minutes * 60; ++i, ++second) {
      sample_batch b;
      for (int c = 0; c < 10; ++c) {
        sample s{equipment_start + 20s + std::chrono::seconds{second}, static_cast<double>((second * 7 + c) % 11), hash_key("u", names[c]), "u", names[c]};
        each(b, s, c);
      }
      fed += b.samples.size();
      watch.look(b, said);
      kept += b.samples.size();
    }
  }
  void good(int minutes) {
    feed(minutes, [](sample_batch& b, const sample& s, int) { b.samples.push_back(s); });
  }
  source_quality last() const { return said.qualities.back(); }
  quality_watch watch;
  equipment_effects said;
  int second = 0;
  std::size_t fed = 0, kept = 0;
};

TEST(source_quality, of_a_good_source_is_one) {
  input it{{}};
  it.good(10);
  EXPECT_EQ(it.said.qualities.size(), 10u); // from the middle of a minute to the middle of another
  for (const source_quality& q : it.said.qualities) EXPECT_NEAR(q.score, 1, 0.01);
  EXPECT_TRUE(it.said.symptoms.empty());
}

TEST(source_quality, falls_with_readings_that_do_not_come) {
  input it{{}};
  it.good(8);
  it.feed(3, [](sample_batch& b, const sample& s, int c) { if (c % 2) b.samples.push_back(s); });
  EXPECT_NEAR(it.last().completeness, 0.5, 0.06);
  EXPECT_EQ(it.last().score, it.last().completeness);
  ASSERT_EQ(it.said.symptoms.size(), 1u);
  EXPECT_EQ(it.said.symptoms[0].subject, "source/fab");
  EXPECT_EQ(it.said.symptoms[0].kind, symptom_kind::quality_low);
  it.good(3);
  ASSERT_EQ(it.said.symptoms.size(), 2u);
  EXPECT_EQ(it.said.symptoms[1].state, symptom_state::cleared);
}

TEST(source_quality, of_a_source_that_says_nothing_falls_with_the_clock) {
  const auto now = [](sample_batch& b, const sample& s, int) {
    b.arrived = s.at + 1s;
    b.samples.push_back(s);
  };
  input it{{}};
  it.feed(8, now);
  it.watch.pass(equipment_start + 10min, it.said);
  EXPECT_LT(it.last().completeness, 0.5);
  EXPECT_EQ(it.said.symptoms.size(), 1u);
  input old{{}};
  old.feed(8, [](sample_batch& b, const sample& s, int) {
    b.arrived = s.at + 24h; // a file of yesterday: its end is no silence
    b.samples.push_back(s);
  });
  old.watch.pass(equipment_start + 24h + 10min, old.said);
  EXPECT_EQ(old.last().completeness, 1);
}

TEST(source_quality, falls_with_records_that_cannot_be_read) {
  input it{{}};
  it.good(3);
  it.feed(2, [](sample_batch& b, const sample& s, int c) {
    b.samples.push_back(s);
    b.refused += c == 0 ? 5u : 0u;
  });
  EXPECT_NEAR(it.last().validity, 2.0 / 3, 0.01);
}

TEST(source_quality, falls_with_readings_that_come_late) {
  input it{{}};
  it.good(3);
  it.feed(2, [](sample_batch& b, sample s, int c) {
    b.arrived = s.at + (c < 3 ? 20min : 0min); // the last one counts for the batch
    b.samples.push_back(s);
  });
  EXPECT_EQ(it.last().timeliness, 1);
  it.feed(2, [](sample_batch& b, sample s, int) {
    b.arrived = s.at + 20min;
    b.samples.push_back(s);
  });
  EXPECT_EQ(it.last().timeliness, 0);
}

TEST(source_quality, falls_with_readings_that_come_twice) {
  input it{{}};
  it.good(3);
  it.feed(2, [](sample_batch& b, const sample& s, int) { b.samples.insert(b.samples.end(), 2, s); });
  EXPECT_NEAR(it.last().uniqueness, 0.5, 0.01);
}

TEST(source_quality, falls_with_channels_that_are_stuck_but_not_with_constant_ones) {
  quality_rule r;
  r.stuck = 60;
  input it{r};
  const auto constant = [](sample_batch& b, sample s, int c) {
    if (c == 9) s.value = 5;
    b.samples.push_back(s);
  };
  it.feed(4, constant);
  EXPECT_EQ(it.last().liveness, 1);
  it.feed(4, [](sample_batch& b, sample s, int c) {
    if (c == 9 || c < 3) s.value = 5;
    b.samples.push_back(s);
  });
  EXPECT_NEAR(it.last().liveness, 6.0 / 9, 0.01);
}

TEST(source_quality, can_filter_until_it_is_good_again) {
  quality_rule r;
  r.filter = true;
  input it{r};
  it.good(5);
  EXPECT_EQ(it.kept, it.fed);
  it.feed(3, [](sample_batch& b, const sample& s, int) { b.samples.insert(b.samples.end(), 3, s); });
  EXPECT_LT(it.kept, it.fed);
  EXPECT_EQ(it.watch.status()[0].filtered, it.fed - it.kept);
  it.good(3);
  const std::size_t out = it.fed - it.kept;
  it.good(2);
  EXPECT_EQ(it.fed - it.kept, out);
}

TEST(dropping, readings_keeps_the_places_of_events) {
  sample_batch b;
  for (int i = 0; i < 6; ++i) b.samples.push_back({equipment_start, static_cast<double>(i), 0, "", ""});
  for (std::uint32_t before : {0u, 2u, 3u, 6u}) b.events.push_back(event_at(0, event_kind::state)), b.events.back().before = before;
  EXPECT_EQ(drop(b, {true, false, true, false, false, true}), 3u);
  std::vector<std::uint32_t> places;
  for (const auto& e : b.events) places.push_back(e.before);
  EXPECT_THAT(places, ::testing::ElementsAre(0, 1, 1, 3));
  EXPECT_EQ(b.samples[1].value, 3);
}

} // namespace
} // namespace tocsin::source_quality_test

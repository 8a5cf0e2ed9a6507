// A partition changes hands: what was said is not said again, what was not said is said now.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "partition_fixture.hpp"

namespace tocsin::partition_watch_test {
using namespace partition_fixture;
namespace {

/// The input of one partition, one heartbeat an offset.
struct input {
  struct line {
    timestamp at;
    std::string host;
  };
  std::vector<line> lines;
  void add(timestamp at, std::string host) { lines.push_back({at, std::move(host)}); }
  void feed(partition_watch& w) const {
    record_batch batch;
    std::vector<std::int64_t> offsets;
    for (auto i = std::max<std::int64_t>(w.next_offset(), 0); i < static_cast<std::int64_t>(lines.size()); ++i) {
      const line& l = lines[static_cast<std::size_t>(i)];
      record r;
      r.at = l.at;
      r.host = batch.keep(l.host);
      r.service = "7500";
      r.key_hash = hash_key(r.host, r.service);
      r.timed_by = time_source::arrival;
      batch.records.push_back(r);
      offsets.push_back(i);
    }
    w.feed(batch, offsets, static_cast<std::int64_t>(lines.size()));
  }
};

struct handover : testing::Test {
  input in;
  cluster_partition known{"a", 1, 0, 1, 0, unset, false, false, {}};
  std::string trouble;

  /// a watches from the start to noon + 30 s: x beats, y falls silent.
  std::unique_ptr<partition_watch> watched() {
    in.add(noon, "y");
    for (int i = 0; i <= 6; ++i) in.add(noon + i * 5s, "x");
    auto a = std::make_unique<partition_watch>(0u, 1u, rules());
    EXPECT_EQ(a->claimed(known, "", trouble), -1);
    in.feed(*a);
    EXPECT_FALSE(a->take_said(true)) << "nothing before it sees";
    a->reached_end(noon + 30s);
    const auto said = a->take_said(false);
    EXPECT_THAT(symptoms(said), testing::ElementsAre("rvd/y/7500 heartbeat_lost raised"));
    known.covered = said->covered;
    for (const effect& e : said->said)
      if (auto* s = std::get_if<symptom>(&e.what)) known.standing[{s->subject, s->kind}] = s->since;
    return a;
  }
  std::vector<std::string> taken_over(const std::string& snapshot, timestamp now) {
    partition_watch b{0, 1, rules()};
    b.claimed(known, snapshot, trouble);
    in.feed(b);
    b.reached_end(now);
    return symptoms(b.take_said(false));
  }
};

TEST_F(handover, with_a_snapshot_and_without_says_nothing_twice) {
  const auto a = watched();
  EXPECT_THAT(taken_over(a->save(), noon + 31s), testing::IsEmpty());
  EXPECT_THAT(taken_over("", noon + 31s), testing::IsEmpty());
  EXPECT_EQ(trouble, "");
}

TEST_F(handover, what_happened_meanwhile_is_said) {
  const auto a = watched();
  in.add(noon + 33s, "y");
  EXPECT_THAT(taken_over(a->save(), noon + 34s), testing::ElementsAre("rvd/y/7500 heartbeat_lost cleared"));
  EXPECT_THAT(taken_over(a->save(), noon + 60s),
              testing::UnorderedElementsAre("rvd/y/7500 heartbeat_lost cleared", "rvd/y/7500 heartbeat_lost raised", "rvd/x/7500 heartbeat_lost raised"));
}

TEST_F(handover, the_input_that_nobody_read_meanwhile_makes_no_false_loss) {
  const auto a = watched();
  for (int i = 7; i <= 20; ++i) in.add(noon + i * 5s, "x"); // nobody owned the partition for 70 s
  EXPECT_THAT(taken_over(a->save(), noon + 101s), testing::IsEmpty());
}

TEST_F(handover, what_was_said_and_is_not_so_is_taken_back) {
  watched();
  known.standing[{"rvd/x/7500", symptom_kind::heartbeat_lost}] = noon + 3s; // time passed differently for it
  EXPECT_THAT(taken_over("", noon + 31s), testing::ElementsAre("rvd/x/7500 heartbeat_lost cleared"));
  known.standing.clear(); // and what is so, and was never said
  EXPECT_THAT(taken_over("", noon + 31s), testing::ElementsAre("rvd/y/7500 heartbeat_lost raised"));
}

TEST_F(handover, a_snapshot_that_cannot_be_used_is_named_and_the_input_read_from_its_start) {
  const auto a = watched();
  std::string other = a->save();
  other[0] = 77;
  EXPECT_THAT(taken_over(other, noon + 31s), testing::IsEmpty());
  EXPECT_THAT(trouble, testing::HasSubstr("version 77"));
  EXPECT_THAT(taken_over(a->save().substr(0, 40), noon + 31s), testing::IsEmpty());
  partition_watch wrong{5, 9, rules()};
  std::string why;
  EXPECT_EQ(wrong.claimed(known, a->save(), why), -1);
  EXPECT_THAT(why, testing::HasSubstr("another partition"));
}

TEST_F(handover, whoever_is_overtaken_falls_silent) {
  const auto a = watched();
  a->overtaken();
  a->advance(noon + 10min);
  EXPECT_FALSE(a->take_said(true));
}

TEST_F(handover, a_new_owner_does_not_see_what_the_writers_of_the_input_cannot) {
  const auto a = watched();
  record_batch lost;
  record r;
  r.kind = record_kind::sight_lost;
  r.at = noon + 31s;
  lost.records.push_back(r);
  const std::int64_t at = static_cast<std::int64_t>(in.lines.size());
  a->feed(lost, std::vector<std::int64_t>{at}, at + 1);
  auto said = a->take_said(false);
  ASSERT_TRUE(said && said->blind);
  known.covered = said->covered;
  partition_watch b{0, 1, rules()};
  EXPECT_EQ(b.claimed(known, a->save(), trouble), at + 1);
  b.reached_end(noon + 32s);
  b.sight(true, noon + 32s); // its own sight is nothing new
  b.advance(noon + 10min);
  said = b.take_said(false);
  ASSERT_TRUE(said);
  EXPECT_TRUE(said->blind);
  EXPECT_THAT(symptoms(said), testing::IsEmpty());
}

TEST_F(handover, time_that_stood_still_before_we_were_known_to_be_blind_makes_nobody_lost) {
  const auto a = watched();
  in.add(noon + 35s, "x");
  in.feed(*a);
  a->advance(noon + 36s);
  (void)a->take_said(true);
  // Nothing more can be read; for so long it was not clear whether that is for good.
  a->sight(false, noon + 2min);
  auto said = a->take_said(false);
  ASSERT_TRUE(said);
  EXPECT_THAT(symptoms(said), testing::IsEmpty());
  EXPECT_TRUE(said->blind);
  a->advance(noon + 5min);
  a->sight(true, noon + 5min);
  said = a->take_said(false);
  ASSERT_TRUE(said);
  EXPECT_THAT(symptoms(said), testing::IsEmpty());
  in.add(noon + 5min + 2s, "x");
  in.feed(*a);
  a->advance(noon + 5min + 10s);
  EXPECT_THAT(symptoms(a->take_said(true)), testing::IsEmpty());
}

TEST_F(handover, blindness_makes_nobody_lost) {
  const auto a = watched();
  a->sight(false, noon + 31s);
  a->advance(noon + 10min);
  const auto said = a->take_said(false);
  ASSERT_TRUE(said);
  EXPECT_THAT(symptoms(said), testing::Not(testing::Contains("rvd/x/7500 heartbeat_lost raised")));
  EXPECT_TRUE(said->blind);
}

} // namespace
} // namespace tocsin::partition_watch_test

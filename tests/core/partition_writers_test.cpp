// Who writes an input is blind or sees, and what those who read it make of that.
#include "partition_fixture.hpp"

namespace tocsin::partition_writers_test {
using namespace partition_fixture;
namespace {

/// x is heard through the first who writes the input, y through the second.
struct writers : testing::Test {
  partition_watch w{0, 1, rules(), 3};
  std::int64_t next = 0;
  std::string trouble;
  writers() { w.claimed({"a", 1, 0, 1, 0, unset, false, false, {}}, "", trouble); }
  void say(timestamp at, std::uint8_t vantage, record_kind kind, const char* host = "", float within_s = 0) {
    record_batch batch;
    record r;
    r.kind = kind;
    r.reliability_s = within_s;
    r.at = at;
    r.vantage = vantage;
    r.host = host;
    if (*host) r.service = "7500";
    r.key_hash = hash_key(r.host, r.service);
    r.timed_by = time_source::arrival;
    batch.records.push_back(r);
    w.feed(batch, std::vector<std::int64_t>{next}, next + 1);
    ++next;
  }
  void sign(timestamp at, std::uint8_t vantage) { say(at, vantage, record_kind::sight_regained, "", 10); }
  void beat(timestamp from, timestamp until) {
    for (timestamp t = from; t <= until; t += 5s) {
      say(t, 1, record_kind::heartbeat, "x");
      say(t, 2, record_kind::heartbeat, "y");
    }
  }
};

/// One by a writer whose name is not listed, as the first record.
void feed_unnamed_sign(partition_watch& to) {
  record_batch first;
  record r;
  r.kind = record_kind::sight_regained;
  r.at = noon;
  r.reliability_s = 10;
  first.records.push_back(r);
  to.feed(first, std::vector<std::int64_t>{0}, 1);
}

TEST_F(writers, one_that_is_blind_hides_those_heard_through_it_and_nobody_else) {
  beat(noon, noon + 30s);
  w.reached_end(noon + 30s);
  EXPECT_THAT(sights(w.take_said(false)), testing::ElementsAre("0 sees", "1 sees", "2 sees"));
  say(noon + 31s, 1, record_kind::sight_lost);
  w.advance(noon + 5min);
  const auto said = w.take_said(false);
  EXPECT_THAT(symptoms(said), testing::ElementsAre("rvd/y/7500 heartbeat_lost raised"));
  EXPECT_THAT(sights(said), testing::ElementsAre("1 blind"));
  EXPECT_FALSE(said->blind) << "the input itself can be read";
  say(noon + 6min, 1, record_kind::sight_regained);
  w.advance(noon + 10min);
  EXPECT_THAT(symptoms(w.take_said(false)), testing::ElementsAre("rvd/x/7500 heartbeat_lost raised")) << "it was silent when the link was back";
}

TEST_F(writers, without_the_input_nobody_is_seen_and_it_is_said_once) {
  beat(noon, noon + 30s);
  w.reached_end(noon + 30s);
  say(noon + 31s, 1, record_kind::sight_lost);
  (void)w.take_said(false);
  w.sight(false, noon + 32s);
  w.advance(noon + 5min);
  auto said = w.take_said(false);
  EXPECT_THAT(symptoms(said), testing::IsEmpty());
  EXPECT_THAT(sights(said), testing::ElementsAre("0 blind"));
  EXPECT_TRUE(said->blind);
  w.sight(true, noon + 6min);
  w.advance(noon + 10min);
  said = w.take_said(false);
  EXPECT_THAT(symptoms(said), testing::ElementsAre("rvd/y/7500 heartbeat_lost raised")) << "the first is still blind";
  EXPECT_THAT(sights(said), testing::ElementsAre("0 sees"));
}

TEST_F(writers, a_new_owner_knows_who_is_blind) {
  beat(noon, noon + 30s);
  say(noon + 31s, 1, record_kind::sight_lost);
  w.reached_end(noon + 31s);
  partition_watch b{0, 1, rules(), 3};
  EXPECT_EQ(b.claimed({"b", 1, 1, 1, 0, unset, false, false, {}}, w.save(), trouble), next);
  b.reached_end(noon + 32s);
  b.advance(noon + 5min);
  const auto said = b.take_said(false);
  EXPECT_THAT(symptoms(said), testing::ElementsAre("rvd/y/7500 heartbeat_lost raised"));
  EXPECT_THAT(sights(said), testing::ElementsAre("0 sees", "1 blind", "2 sees"));
}

TEST_F(writers, one_that_ends_without_a_word_is_blind_and_whom_it_heard_is_not_lost) {
  for (timestamp t = noon; t <= noon + 30s; t += 2s) sign(t, 1);
  beat(noon + 30s, noon + 30s);
  w.reached_end(noon + 30s);
  (void)w.take_said(false);
  EXPECT_LE(w.next_wake(), noon + 40s + 1ns);
  w.advance(noon + 40s);
  EXPECT_THAT(sights(w.take_said(false)), testing::IsEmpty()) << "just in time";
  w.advance(noon + 5min);
  auto said = w.take_said(false);
  EXPECT_THAT(sights(said), testing::ElementsAre("1 blind"));
  EXPECT_THAT(symptoms(said), testing::ElementsAre("rvd/y/7500 heartbeat_lost raised")) << "who promised nothing is not awaited";
  sign(noon + 6min, 1);
  w.advance(noon + 6min + 9s);
  EXPECT_THAT(sights(w.take_said(false)), testing::ElementsAre("1 sees"));
  w.advance(noon + 6min + 30s);
  EXPECT_THAT(sights(w.take_said(false)), testing::ElementsAre("1 blind"));
}

TEST_F(writers, its_end_is_seen_between_two_records_of_one_batch) {
  sign(noon, 1);
  beat(noon, noon);
  w.reached_end(noon);
  (void)w.take_said(false);
  say(noon + 11min, 2, record_kind::heartbeat, "y");
  const auto said = w.take_said(false);
  EXPECT_THAT(sights(said), testing::ElementsAre("1 blind"));
  EXPECT_THAT(symptoms(said), testing::ElementsAre("rvd/y/7500 heartbeat_lost raised", "rvd/y/7500 heartbeat_lost cleared"));
}

TEST_F(writers, a_sign_is_no_news_and_does_not_take_back_that_sight_was_lost) {
  beat(noon, noon);
  sign(noon, 1);
  w.reached_end(noon + 1s);
  (void)w.take_said(false);
  for (timestamp t = noon + 2s; t <= noon + 20s; t += 2s) sign(t, 1);
  EXPECT_THAT(sights(w.take_said(false)), testing::IsEmpty());
  say(noon + 21s, 1, record_kind::sight_lost); // one of two that write under this name
  sign(noon + 22s, 1);
  EXPECT_THAT(sights(w.take_said(false)), testing::ElementsAre("1 blind"));
  w.advance(noon + 5min);
  EXPECT_THAT(sights(w.take_said(false)), testing::ElementsAre("1 blind")) << "and now the other has ended";
  say(noon + 5min, 1, record_kind::sight_regained);
  EXPECT_THAT(sights(w.take_said(false)), testing::ElementsAre("1 sees"));
}

TEST_F(writers, what_was_promised_counts_from_when_we_can_read_again) {
  sign(noon, 1);
  sign(noon, 2);
  beat(noon, noon + 5s);
  w.reached_end(noon + 5s);
  w.advance(noon + 9s);
  w.sight(false, noon + 9s);
  (void)w.take_said(false);
  w.advance(noon + 5min);
  w.sight(true, noon + 5min);
  EXPECT_THAT(sights(w.take_said(false)), testing::ElementsAre("0 sees"));
  sign(noon + 5min + 5s, 2);
  w.advance(noon + 5min + 13s);
  const auto said = w.take_said(false);
  EXPECT_THAT(sights(said), testing::ElementsAre("1 blind"));
  EXPECT_THAT(symptoms(said), testing::ElementsAre("rvd/y/7500 heartbeat_lost raised")) << "silent since we can read, and heard by one that sees";
}

TEST_F(writers, who_had_ended_before_we_could_not_read_is_blind_still) {
  sign(noon, 1);
  beat(noon, noon + 5s);
  w.reached_end(noon + 5s);
  w.advance(noon + 30s);
  w.sight(false, noon + 30s);
  (void)w.take_said(false);
  w.sight(true, noon + 40s);
  w.advance(noon + 5min);
  EXPECT_THAT(symptoms(w.take_said(false)), testing::IsEmpty()) << "y is lost since long, of x nothing is known";
  sign(noon + 6min, 1);
  EXPECT_THAT(sights(w.take_said(false)), testing::ElementsAre("1 sees"));
}

TEST_F(writers, a_new_owner_awaits_what_was_promised) {
  sign(noon, 1);
  beat(noon, noon + 5s);
  w.reached_end(noon + 5s);
  w.advance(noon + 6s);
  for (const duration gap : {8s, 60s}) { // in which nobody read
    partition_watch b{0, 1, rules(), 3};
    b.claimed({"b", 1, 1, 1, 0, unset, false, false, {}}, w.save(), trouble);
    b.reached_end(noon + gap);
    const char* first = gap == 8s ? "1 sees" : "1 blind";
    auto said = b.take_said(false);
    EXPECT_THAT(sights(said), testing::IsSupersetOf({"0 sees", first, "2 sees"}));
    EXPECT_THAT(symptoms(said), testing::Not(testing::Contains("rvd/x/7500 heartbeat_lost raised")));
    b.advance(noon + 5min);
    said = b.take_said(false);
    EXPECT_EQ(sights(said), gap == 8s ? std::vector<std::string>{"1 blind"} : std::vector<std::string>{});
    EXPECT_THAT(symptoms(said), testing::Not(testing::Contains("rvd/x/7500 heartbeat_lost raised")));
  }
  EXPECT_EQ(trouble, "");
}

TEST_F(writers, a_new_owner_knows_who_did_not_keep_his_promise) {
  sign(noon, 1);
  beat(noon, noon + 5s);
  w.reached_end(noon + 5s);
  w.advance(noon + 1min);
  partition_watch b{0, 1, rules(), 3};
  b.claimed({"b", 1, 1, 1, 0, unset, false, false, {}}, w.save(), trouble);
  b.reached_end(noon + 1min);
  b.advance(noon + 5min);
  EXPECT_THAT(sights(b.take_said(false)), testing::ElementsAre("0 sees", "1 blind", "2 sees"));
}

TEST_F(writers, whose_names_are_new_are_not_awaited_under_the_old_ones) {
  partition_watch unnamed{0, 1, rules()};
  unnamed.claimed({"a", 1, 0, 1, 0, unset, false, false, {}}, "", trouble);
  feed_unnamed_sign(unnamed);
  unnamed.reached_end(noon);
  w.claimed({"b", 1, 1, 1, 0, unset, false, false, {}}, unnamed.save(), trouble);
  w.reached_end(noon + 5min);
  const auto said = w.take_said(false);
  EXPECT_FALSE(said->blind);
  EXPECT_THAT(sights(said), testing::ElementsAre("0 sees", "1 sees", "2 sees"));
}

TEST_F(writers, of_those_who_are_not_named_none_answers_for_the_other) {
  beat(noon, noon);
  sign(noon, 0);
  w.reached_end(noon);
  (void)w.take_said(false);
  w.advance(noon + 5min);
  EXPECT_THAT(sights(w.take_said(false)), testing::IsEmpty());
  partition_watch alone{0, 1, rules()}; // where nobody is named all are one
  alone.claimed({"a", 1, 0, 1, 0, unset, false, false, {}}, "", trouble);
  feed_unnamed_sign(alone);
  alone.reached_end(noon);
  (void)alone.take_said(false);
  alone.advance(noon + 5min);
  const auto said = alone.take_said(false);
  EXPECT_THAT(sights(said), testing::ElementsAre("0 blind"));
  EXPECT_TRUE(said->blind);
}

} // namespace
} // namespace tocsin::partition_writers_test

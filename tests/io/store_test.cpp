// The store: what is committed stays, in order and whole; what is not is gone.
#include "io/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/limits.hpp"
#include "store_fixture.hpp"

namespace tocsin::store_test {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

// -- journal --

TEST_F(store_file, offsets_continue_over_restarts) {
  {
    auto s = open(path);
    EXPECT_EQ(s->next_offset(), 0u);
    append(*s, 3);
    append(*s, 256);
  }
  auto s = open(path);
  EXPECT_EQ(s->next_offset(), 259u);
  append(*s, 1);
  EXPECT_THAT(replayed(*s, 0),
              ElementsAre(std::pair(0u, 3u), std::pair(3u, 256u), std::pair(259u, 1u)));
}

TEST_F(store_file, replay_begins_within_a_batch) {
  auto s = open(path);
  append(*s, 10);
  append(*s, 10);
  EXPECT_THAT(replayed(*s, 7), ElementsAre(std::pair(7u, 3u), std::pair(10u, 10u)));
  EXPECT_THAT(replayed(*s, 10), ElementsAre(std::pair(10u, 10u)));
  EXPECT_TRUE(replayed(*s, 20).empty());
}

TEST_F(store_file, a_part_of_a_batch_is_stored_at_its_own_offset) {
  auto s = open(path);
  const auto batch = batch_at(0, 10);
  ASSERT_TRUE(s->append(batch, 0, 4));
  ASSERT_TRUE(s->append(batch, 4, 4)) << "nothing is stored for nothing";
  ASSERT_TRUE(s->append(batch, 4, 10));
  EXPECT_THAT(replayed(*s, 0), ElementsAre(std::pair(0u, 4u), std::pair(4u, 6u)));
}

TEST_F(store_file, the_journal_gives_its_own_offsets) {
  auto s = open(path);
  auto batch = batch_at(0, 5);
  batch.first_offset = 777; // of another life
  ASSERT_TRUE(s->append(batch, 0, 5));
  append(*s, 1);
  EXPECT_THAT(replayed(*s, 0), ElementsAre(std::pair(0u, 5u), std::pair(5u, 1u)));
  EXPECT_FALSE(s->append(batch, 2, 6)) << "it has but five";
}

TEST_F(store_file, a_visitor_may_ask_the_store) {
  auto s = open(path);
  append(*s, 2);
  append(*s, 2);
  int visits = 0;
  ASSERT_TRUE(s->replay(0, [&](record_batch&&) {
    ++visits;
    EXPECT_TRUE(s->waiting(ms(0), 10));
    EXPECT_TRUE(s->incidents("", 10));
  }));
  EXPECT_EQ(visits, 2);
}

TEST_F(store_file, a_damaged_batch_ends_the_replay_and_is_named) {
  auto s = open(path);
  for (int i = 0; i < 3; ++i) append(*s, 10);
  tamper(path, "UPDATE journal SET records = x'c1c1c1' WHERE first_offset = 10");
  std::vector<std::uint64_t> seen;
  const auto done = s->replay(0, [&](record_batch&& b) { seen.push_back(b.first_offset); });
  EXPECT_THAT(seen, ElementsAre(0u));
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text, HasSubstr("journal at offset 10: "));
  EXPECT_THAT(done.error().text, HasSubstr("replay from 20"));
  EXPECT_THAT(replayed(*s, 20), ElementsAre(std::pair(20u, 10u)));
}

TEST_F(store_file, a_hole_in_the_journal_is_named) {
  auto s = open(path);
  for (int i = 0; i < 3; ++i) append(*s, 10);
  tamper(path, "DELETE FROM journal WHERE first_offset = 10");
  std::vector<std::uint64_t> seen;
  const auto done = s->replay(0, [&](record_batch&& b) { seen.push_back(b.first_offset); });
  EXPECT_THAT(seen, ElementsAre(0u));
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text, HasSubstr("lacks offsets 10 to 19"));
}

// -- transactions --

TEST_F(store_file, what_was_not_committed_is_gone) {
  auto s = open(path);
  append(*s, 5);
  ASSERT_TRUE(s->begin());
  append(*s, 5);
  ASSERT_TRUE(s->enqueue(entry("i1", 1, "ops", 0)));
  EXPECT_EQ(s->next_offset(), 10u);
  ASSERT_TRUE(s->begin()) << "drops the one under way";
  EXPECT_EQ(s->next_offset(), 5u);
  append(*s, 1);
  ASSERT_TRUE(s->commit());
  EXPECT_EQ(s->next_offset(), 6u);
  EXPECT_TRUE(s->waiting(never, 10)->empty());
  EXPECT_FALSE(s->commit()) << "without begin";
}

TEST_F(store_file, what_is_being_written_is_not_missed_by_who_replays) {
  auto s = open(path);
  append(*s, 5);
  ASSERT_TRUE(s->begin());
  append(*s, 5);
  EXPECT_THAT(replayed(*s, 0), ElementsAre(std::pair(0u, 5u)));
  ASSERT_TRUE(s->commit());
  EXPECT_THAT(replayed(*s, 0), ElementsAre(std::pair(0u, 5u), std::pair(5u, 5u)));
}

TEST_F(store_file, a_failed_call_takes_its_transaction_along) {
  auto s = open(path);
  ASSERT_TRUE(s->begin());
  append(*s, 5);
  ASSERT_FALSE(s->record_attempt("nobody", "delivered", ms(0), ms(0), ""));
  EXPECT_FALSE(s->enqueue(entry("i1", 1, "ops", 0))) << "would be lost anyway";
  const auto done = s->commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::missing);
  EXPECT_EQ(s->next_offset(), 0u);
  EXPECT_TRUE(replayed(*s, 0).empty());
  ASSERT_TRUE(s->begin());
  append(*s, 5);
  EXPECT_TRUE(s->commit());
}

TEST_F(store_file, readers_see_what_is_committed_while_another_thread_writes) {
  auto s = open(path);
  std::atomic<bool> done{false};
  std::vector<std::jthread> readers;
  std::atomic<int> looks{0};
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!done) {
        // Both are written in one transaction: never one without the other.
        const auto waiting = s->waiting(never, 1000);
        const auto incidents = s->incidents("", 1000);
        ASSERT_TRUE(waiting && incidents);
        EXPECT_LE(waiting->size(), incidents->size());
        const auto next = s->next_offset();
        EXPECT_EQ(next % 5, 0u);
        ++looks;
      }
    });
  for (int i = 0; i < 200 || looks < 20; ++i) {
    const std::string id = "i" + std::to_string(i);
    ASSERT_TRUE(s->begin());
    append(*s, 5);
    ASSERT_TRUE(s->upsert_incident(an_incident(id, 1, incident_state::opened, i), "{}"));
    ASSERT_TRUE(s->enqueue(entry(id, 1, "ops", i)));
    ASSERT_TRUE(s->commit());
  }
  done = true;
}

// -- trim --

TEST_F(store_file, trim_keeps_the_offsets) {
  {
    auto s = open(path);
    for (int i = 0; i < 1000; ++i) append(*s, 2); // more than one chunk
    EXPECT_EQ(*s->offset_at(ms(1000 * 1000)), 1000u);
    EXPECT_EQ(*s->offset_at(ms(0)), 0u);
    EXPECT_EQ(*s->offset_at(never), 2000u);
    ASSERT_TRUE(s->trim(1001, unset));
    EXPECT_EQ(replayed(*s, 0).front(), std::pair(std::uint64_t{1000}, std::size_t{2}))
        << "a batch goes as a whole";
    ASSERT_TRUE(s->trim(UINT64_MAX, unset));
    EXPECT_THAT(replayed(*s, 0), ElementsAre(std::pair(1998u, 2u)));
  }
  auto s = open(path);
  EXPECT_EQ(s->next_offset(), 2000u);
  append(*s, 1);
}

TEST(store_in_memory, works_like_the_others) {
  auto s = open(":memory:");
  ASSERT_TRUE(s->begin());
  append(*s, 7);
  ASSERT_TRUE(s->enqueue(entry("i", 1, "ops", 0)));
  ASSERT_TRUE(s->save_snapshot({7, "state"}));
  ASSERT_TRUE(s->commit());
  EXPECT_THAT(replayed(*s, 0), ElementsAre(std::pair(0u, 7u)));
  EXPECT_EQ(s->waiting(never, 5)->size(), 1u);
  EXPECT_EQ((*s->load_snapshot())->bytes, "state");
  EXPECT_EQ(open(":memory:")->next_offset(), 0u) << "each is its own";
}

} // namespace

} // namespace tocsin::store_test

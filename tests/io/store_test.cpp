// The store: what is committed stays, in order and whole; what is not is gone.
#include "io/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/limits.hpp"
#include "io/sqlite.hpp"
#include "store_support.hpp"
#include "support.hpp"

using namespace tocsin;
using namespace tocsin::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr timestamp ms(std::int64_t n) { return from_milliseconds(n); }

std::unique_ptr<store> open(const std::string& path) {
  auto made = open_sqlite_store(path);
  EXPECT_TRUE(made) << (made ? "" : made.error().text);
  return made ? std::move(*made) : nullptr;
}

void append(store& s, std::size_t count) {
  const auto batch = batch_at(s.next_offset(), count);
  const auto done = s.append(batch, 0, count);
  ASSERT_TRUE(done) << done.error().text;
}

/// Replays and gives the borders of what came; checks that each record is the one written there.
std::vector<std::pair<std::uint64_t, std::size_t>> replayed(const store& s, std::uint64_t from) {
  std::vector<std::pair<std::uint64_t, std::size_t>> out;
  const auto done = s.replay(from, [&](record_batch&& batch) {
    EXPECT_TRUE(is_as_written(batch)) << "batch at " << batch.first_offset;
    out.emplace_back(batch.first_offset, batch.records.size());
  });
  EXPECT_TRUE(done) << (done ? "" : done.error().text);
  return out;
}

/// What only a shell on the file can do.
void tamper(const std::string& path, const char* sql) {
  auto db = sqlite::connection::open(path, sqlite::mode::read_write_create);
  ASSERT_TRUE(db);
  const auto done = (*db)->run(sql);
  ASSERT_TRUE(done) << done.error().text;
}

std::int64_t look(const std::string& path, const char* sql) {
  auto db = sqlite::connection::open(path, sqlite::mode::read_only);
  return db ? (*db)->number(sql).value_or(-1) : -1;
}

incident an_incident(const std::string& id, std::uint32_t revision, incident_state state,
                     std::int64_t since_ms) {
  incident i{};
  i.id = id;
  i.revision = revision;
  i.state = state;
  i.level = severity::critical;
  i.title = "title of " + id;
  i.at = ms(since_ms + revision);
  i.since = ms(since_ms);
  if (state == incident_state::closed) i.until = i.at;
  return i;
}

/// By value: a range-based for keeps only that alive.
template <class T>
T got(result<T> answer) {
  EXPECT_TRUE(answer) << (answer ? "" : answer.error().text);
  return answer ? std::move(*answer) : T{};
}

class store_file : public testing::Test {
protected:
  temporary_directory directory;
  std::string path = directory.file("node/tocsin.db");
};

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
  append(*s, 5);
  record_batch elsewhere = batch_at(4, 1); // what the batch believes of itself does not matter
  ASSERT_TRUE(s->append(elsewhere, 0, 1));
  EXPECT_EQ(s->next_offset(), 6u);
  std::vector<std::uint64_t> offsets;
  ASSERT_TRUE(s->replay(0, [&](record_batch&& b) { offsets.push_back(b.first_offset); }));
  EXPECT_EQ(offsets, (std::vector<std::uint64_t>{0, 5}));
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

// -- snapshots, incidents --

TEST_F(store_file, the_last_two_snapshots_are_kept) {
  auto s = open(path);
  EXPECT_FALSE(s->load_snapshot()->has_value());
  for (std::uint64_t i = 1; i <= 4; ++i)
    ASSERT_TRUE(s->save_snapshot({10 * i, std::string(i, '\0')}));
  const auto newest = *s->load_snapshot(), before = *s->previous_snapshot();
  EXPECT_EQ(newest->next_offset, 40u);
  EXPECT_EQ(newest->bytes, std::string(4, '\0'));
  EXPECT_EQ(before->next_offset, 30u);
  EXPECT_EQ(look(path, "SELECT count(*) FROM snapshots"), 2);
}

TEST_F(store_file, an_incident_is_kept_in_its_newest_form) {
  auto s = open(path);
  ASSERT_TRUE(s->upsert_incident(an_incident("a", 1, incident_state::opened, 1000), "a1"));
  ASSERT_TRUE(s->upsert_incident(an_incident("b", 1, incident_state::opened, 2000), "b1"));
  ASSERT_TRUE(s->upsert_incident(an_incident("a", 3, incident_state::closed, 1000), "a3"));
  ASSERT_TRUE(s->upsert_incident(an_incident("a", 2, incident_state::updated, 1000), "a2"))
      << "told again by a replay";
  const auto a = *s->find_incident("a");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->json, "a3");
  EXPECT_EQ(a->state, "closed");
  EXPECT_EQ(a->severity, "critical");
  EXPECT_EQ(a->since, ms(1000));
  const auto ids = [&](const char* state, std::size_t most) {
    std::vector<std::string> out;
    for (const auto& i : got(s->incidents(state, most))) out.push_back(i.id);
    return out;
  };
  EXPECT_THAT(ids("", 10), ElementsAre("b", "a"));
  EXPECT_THAT(ids("", 1), ElementsAre("b"));
  EXPECT_THAT(ids("open", 10), ElementsAre("b"));
  EXPECT_THAT(ids("closed", 10), ElementsAre("a"));
  EXPECT_FALSE(s->find_incident("c")->has_value());
}

// -- outbox --

TEST_F(store_file, a_notification_is_put_in_once) {
  auto s = open(path);
  EXPECT_FALSE(s->next_due());
  EXPECT_TRUE(*s->enqueue(entry("i1", 1, "ops", 5000)));
  EXPECT_FALSE(*s->enqueue(entry("i1", 1, "ops", 6000)));
  EXPECT_EQ(s->next_due(), ms(5000));
  ASSERT_TRUE(s->record_attempt("i1.1@ops", "delivered", ms(5001), ms(0), "250 ok"));
  EXPECT_FALSE(*s->enqueue(entry("i1", 1, "ops", 7000))) << "delivered is delivered";
  EXPECT_FALSE(s->next_due());
  EXPECT_TRUE(s->waiting(never, 10)->empty());
}

TEST_F(store_file, what_is_due_comes_in_order_of_its_time) {
  auto s = open(path);
  for (const int due : {3000, 1000, 2000})
    ASSERT_TRUE(s->enqueue(entry("i" + std::to_string(due), 1, "ops", due)));
  const auto ids = [&](std::int64_t due, std::size_t most) {
    std::vector<std::string> out;
    for (const auto& e : got(s->waiting(ms(due), most))) out.push_back(e.id);
    return out;
  };
  EXPECT_THAT(ids(2000, 10), ElementsAre("i1000.1@ops", "i2000.1@ops"));
  EXPECT_THAT(ids(9000, 1), ElementsAre("i1000.1@ops"));
  ASSERT_TRUE(s->record_attempt("i1000.1@ops", "waiting", ms(1000), ms(8000), "451 busy"));
  const auto later = *s->waiting(ms(9000), 10);
  ASSERT_EQ(later.size(), 3u);
  EXPECT_EQ(later[2].id, "i1000.1@ops");
  EXPECT_EQ(later[2].attempts, 1u);
  EXPECT_EQ(later[2].last_answer, "451 busy");
  EXPECT_EQ(later[2].created, ms(1000));
}

TEST_F(store_file, the_ledger_tells_every_attempt) {
  auto s = open(path);
  // Neither dots in the incident's id nor an @ in the receiver's name confuse whose notification it
  // is.
  ASSERT_TRUE(s->enqueue(entry("inc.x@y", 1, "ops@night", 1000)));
  ASSERT_TRUE(s->enqueue(entry("inc.x@y", 2, "ops@night", 2000)));
  ASSERT_TRUE(s->enqueue(entry("other", 1, "ops@night", 2000)));
  ASSERT_TRUE(
      s->record_attempt("inc.x@y.1@ops@night", "waiting", ms(1500), ms(2500), "451 \"busy\"\r\nX"));
  ASSERT_TRUE(s->record_attempt("inc.x@y.1@ops@night", "delivered", ms(2500), ms(0), "250 ok"));
  const auto ledger = nlohmann::json::parse(*s->ledger("inc.x@y"));
  ASSERT_EQ(ledger.size(), 2u);
  EXPECT_EQ(ledger[0]["id"], "inc.x@y.1@ops@night");
  EXPECT_EQ(ledger[0]["state"], "delivered");
  EXPECT_EQ(ledger[0]["attempts"].size(), 2u);
  EXPECT_EQ(ledger[0]["attempts"][0]["answer"], "451 \"busy\" X");
  EXPECT_EQ(ledger[0]["attempts"][1]["number"], 2);
  EXPECT_EQ(ledger[0]["attempts"][1]["at"], "1970-01-01T00:00:02.500Z");
  EXPECT_EQ(ledger[1]["state"], "waiting");
  EXPECT_EQ(ledger[1]["next_attempt"], "1970-01-01T00:00:02Z");
  EXPECT_TRUE(ledger[1]["attempts"].empty());
  EXPECT_EQ(*s->ledger("nothing"), "[]");
}

TEST_F(store_file, the_ledger_of_one_notification_is_bounded) {
  auto s = open(path);
  ASSERT_TRUE(s->enqueue(entry("i", 1, "ops", 0)));
  ASSERT_TRUE(s->begin());
  for (unsigned i = 0; i < limits::ledger_attempts_max + 50; ++i)
    ASSERT_TRUE(
        s->record_attempt("i.1@ops", "waiting", ms(i), ms(i + 1), std::string(100'000, 'x')));
  ASSERT_TRUE(s->commit());
  const auto ledger = nlohmann::json::parse(*s->ledger("i"));
  ASSERT_EQ(ledger[0]["attempts"].size(), limits::ledger_attempts_max);
  EXPECT_EQ(ledger[0]["attempts"][0]["number"], 51);
  EXPECT_EQ(ledger[0]["attempt_count"], limits::ledger_attempts_max + 50);
  EXPECT_LE(ledger[0]["attempts"][0]["answer"].get<std::string>().size(), limits::answer_bytes_max);
}

TEST_F(store_file, the_quarantine_is_bounded_oldest_out) {
  auto s = open(path);
  ASSERT_TRUE(s->begin());
  for (std::size_t i = 0; i < limits::quarantine_records_max + 5; ++i)
    ASSERT_TRUE(s->quarantine(ms(0), "fab", {i, errc::malformed, "bad", std::string("\0\xff", 2)}));
  ASSERT_TRUE(s->commit());
  EXPECT_EQ(look(path, "SELECT count(*) FROM quarantine"),
            static_cast<std::int64_t>(limits::quarantine_records_max));
  EXPECT_EQ(look(path, "SELECT min(position) FROM quarantine"), 5);
  EXPECT_EQ(look(path, "SELECT length(bytes) FROM quarantine LIMIT 1"), 2);
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

TEST_F(store_file, trim_drops_only_what_is_over_and_old) {
  auto s = open(path);
  for (const int at : {1000, 5000}) {
    const std::string id = std::to_string(at);
    ASSERT_TRUE(
        s->upsert_incident(an_incident("closed" + id, 2, incident_state::closed, at), "{}"));
    ASSERT_TRUE(s->upsert_incident(an_incident("open" + id, 1, incident_state::opened, at), "{}"));
    for (const char* state : {"delivered", "dead", "waiting"}) {
      ASSERT_TRUE(s->enqueue(entry(state + id, 1, "ops", at)));
      ASSERT_TRUE(s->record_attempt(state + id + ".1@ops", state, ms(at), ms(at), ""));
    }
    ASSERT_TRUE(s->quarantine(ms(at), "fab", {1, errc::malformed, "", ""}));
  }
  ASSERT_TRUE(s->trim(0, ms(3000)));
  std::vector<std::string> left;
  for (const auto& i : got(s->incidents("", 10))) left.push_back(i.id);
  EXPECT_THAT(left, ElementsAre("closed5000", "open5000", "open1000"));
  EXPECT_EQ(*s->ledger("delivered1000"), "[]");
  EXPECT_EQ(*s->ledger("dead1000"), "[]");
  EXPECT_NE(*s->ledger("waiting1000"), "[]");
  EXPECT_NE(*s->ledger("delivered5000"), "[]");
  EXPECT_EQ(look(path, "SELECT count(*) FROM attempts"), 4)
      << "attempts go with their notification";
  EXPECT_EQ(look(path, "SELECT count(*) FROM quarantine"), 1);
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

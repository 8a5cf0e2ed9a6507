// The store: what was told, to whom, and what became of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/limits.hpp"
#include "store_fixture.hpp"

namespace tocsin::store_outbox_test {

using namespace test;
using testing::ElementsAre;

namespace {

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

TEST_F(store_file, an_incident_keeps_the_version_of_the_rules_that_opened_it) {
  auto s = open(path);
  incident i = an_incident("a", 1, incident_state::opened, 1000);
  i.rules = "v1";
  ASSERT_TRUE(s->upsert_incident(i, "a1"));
  i = an_incident("a", 2, incident_state::updated, 1000);
  ASSERT_TRUE(s->upsert_incident(i, "a2"));
  i = an_incident("a", 1, incident_state::opened, 1000);
  i.rules = "v2";
  ASSERT_TRUE(s->upsert_incident(i, "a1")) << "told again by a replay under other rules";
  EXPECT_EQ((*s->find_incident("a"))->rules, "v1");
  EXPECT_EQ(got(s->incidents("", 10)).front().rules, "v1");
}

TEST_F(store_file, receivers_that_fail_are_those_that_open_incidents_are_about) {
  auto s = open(path);
  const auto json = [](const char* subject) { return R"({"cause":{"kind":"self_check","subject":")" + std::string{subject} + "\"}}"; };
  ASSERT_TRUE(s->upsert_incident(an_incident("a", 1, incident_state::opened, 1000), json("receiver/down")));
  ASSERT_TRUE(s->upsert_incident(an_incident("b", 2, incident_state::closed, 1000), json("receiver/up")));
  ASSERT_TRUE(s->upsert_incident(an_incident("c", 1, incident_state::opened, 1000), json("rvd/receiver/7500")));
  EXPECT_THAT(got(s->failing_receivers()), ElementsAre("down"));
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

} // namespace

} // namespace tocsin::store_outbox_test

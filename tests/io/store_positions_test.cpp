// How far logs were read, beside what was read; and the incidents that changed since.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store_fixture.hpp"

namespace tocsin::store_positions_test {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

TEST_F(store_file, positions_are_there_after_a_restart_each_at_its_latest) {
  {
    auto s = open(path);
    ASSERT_TRUE(s->save_positions("feed", {{"inputs", 1, 10}, {"inputs", 0, 5}}));
    ASSERT_TRUE(s->save_positions("feed", {{"inputs", 1, 11}}));
    ASSERT_TRUE(s->save_positions("other", {{"inputs", 1, 3}}));
  }
  auto s = open(path);
  EXPECT_THAT(*s->positions("feed"), ElementsAre(log_position{"inputs", 0, 5}, log_position{"inputs", 1, 11}));
  EXPECT_THAT(*s->positions("nobody"), IsEmpty());
}

TEST_F(store_file, positions_go_with_their_transaction) {
  {
    auto s = open(path);
    ASSERT_TRUE(s->begin());
    append(*s, 3);
    ASSERT_TRUE(s->save_positions("feed", {{"inputs", 0, 3}}));
    ASSERT_TRUE(s->commit());
    ASSERT_TRUE(s->begin());
    append(*s, 3);
    ASSERT_TRUE(s->save_positions("feed", {{"inputs", 0, 6}}));
  }
  auto s = open(path);
  EXPECT_EQ(s->next_offset(), 3u);
  EXPECT_THAT(*s->positions("feed"), ElementsAre(log_position{"inputs", 0, 3})) << "neither is ahead of the other";
}

TEST_F(store_file, incidents_that_changed_since_the_oldest_change_first) {
  auto s = open(path);
  const auto put = [&](const std::string& id, std::int64_t at) {
    incident i = an_incident(id, 1, incident_state::opened, at);
    ASSERT_TRUE(s->upsert_incident(i, "{}"));
  };
  put("old", 1000);
  put("late", 3000);
  put("mid", 2000);
  const auto at_of = [&](const std::string& id) { return an_incident(id, 1, incident_state::opened, id == "mid" ? 2000 : 3000).at; };
  const auto changed = s->incidents_changed(at_of("mid"), 10);
  ASSERT_TRUE(changed);
  std::vector<std::string> ids;
  for (const stored_incident& i : *changed) ids.push_back(i.id);
  EXPECT_THAT(ids, ElementsAre("mid", "late"));
  EXPECT_EQ(s->incidents_changed(at_of("mid"), 1)->size(), 1u);
}

} // namespace

} // namespace tocsin::store_positions_test

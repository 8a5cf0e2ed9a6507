// The host of the groups: waits for every shard, and settles steps in their order.
#include "actors/groups.hpp"

#include <gmock/gmock.h>

#include "actor_fixture.hpp"

namespace tocsin::groups_test {
using namespace tocsin::test;
namespace {

using ::testing::ElementsAre;

class settling : public actor_fixture {
protected:
  void start(std::uint32_t shards) {
    groups_options o;
    o.shards = shards;
    o.rules = std::make_shared<const rule_book>();
    o.metrics = metrics;
    o.tell = [this](story&& s) {
      for (const symptom& one : s.symptoms) told.push_back(one.subject);
    };
    o.snapshot_done = [this](snapshot_taken&& taken) {
      cuts.emplace_back(taken.cut.number, joined(taken));
    };
    host = system.spawn<groups>(std::move(o));
    caf::anon_send(host, collector(done));
    run();
  }
  static effect late(double t, const std::string& subject) {
    symptom s;
    s.at = s.since = at(t);
    s.subject = subject;
    s.kind = symptom_kind::heartbeat_late;
    s.state = symptom_state::raised;
    s.level = severity::info;
    return {at(t), "segment/7500/", s};
  }
  void say(std::uint64_t number, std::uint32_t shard, double until, effects said,
           timestamp wake = never) {
    caf::anon_send(host, step_said{number, shard, at(until), at(until),
                                   std::make_shared<effects>(std::move(said)), wake});
    run();
  }
  void TearDown() override {
    caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
    run();
  }

  std::shared_ptr<node_metrics> metrics = std::make_shared<node_metrics>();
  std::vector<std::string> told;
  std::vector<step_done> done;
  std::vector<std::pair<std::uint64_t, std::string>> cuts;
  caf::actor host;
};

TEST_F(settling, nothing_is_said_before_every_shard_has_spoken) {
  start(2);
  say(1, 1, 10, {late(5, "b")});
  EXPECT_TRUE(told.empty());
  EXPECT_TRUE(done.empty());
  say(1, 0, 10, {late(6, "a"), late(5, "c")});
  EXPECT_THAT(told, ElementsAre("b", "c", "a"));
  ASSERT_EQ(done.size(), 1u);
}

TEST_F(settling, a_fast_shard_may_be_steps_ahead) {
  start(2);
  say(1, 0, 10, {late(5, "a1")});
  say(2, 0, 20, {late(15, "a2")});
  say(3, 0, 30, {});
  say(1, 1, 10, {late(4, "b1")});
  EXPECT_THAT(told, ElementsAre("b1", "a1"));
  say(2, 1, 20, {late(14, "b2")});
  say(3, 1, 30, {});
  EXPECT_THAT(told, ElementsAre("b1", "a1", "b2", "a2"));
  ASSERT_EQ(done.size(), 3u);
  EXPECT_EQ(done.back().number, 3u);
}

TEST_F(settling, what_happened_at_the_very_border_waits_and_asks_to_be_woken) {
  start(1);
  say(1, 0, 10, {late(10, "a")});
  EXPECT_TRUE(told.empty());
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].wake, at(10) + duration{1});
  caf::anon_send(host, step_said{2, 0, at(10) + duration{1}, at(10) + duration{1},
                                 std::make_shared<effects>(), never});
  run();
  EXPECT_THAT(told, ElementsAre("a"));
}

TEST_F(settling, the_earliest_deadline_of_all_is_told) {
  start(3);
  say(1, 0, 10, {}, at(50));
  say(1, 1, 10, {}, at(30));
  say(1, 2, 10, {}, at(40));
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].wake, at(30));
}

TEST_F(settling, a_group_is_an_actor_that_answers) {
  start(1);
  say(1, 0, 10, {{at(5), "segment/7500/", member_seen{"a", "segment/7500/", "8.7.0", 0, 1, 90}},
                 late(6, "a")});
  say(2, 0, 20, {});
  const auto group = ask<caf::actor>(host, std::string{"segment/7500/"});
  const auto status = ask<groups_list>(group, describe{});
  ASSERT_TRUE(status);
  ASSERT_EQ(status->size(), 1u);
  EXPECT_EQ(status->front().name, "segment/7500/");
  EXPECT_NE(refusal<caf::actor>(host, std::string{"segment/none/"}), "");
  EXPECT_EQ(metrics->groups, 1u);
}

TEST_F(settling, a_snapshot_is_whole_only_with_the_part_of_every_shard) {
  start(2);
  const take_snapshot cut{7, at(10)};
  const auto part = [&](std::uint32_t shard, std::shared_ptr<const std::string> bytes) {
    caf::anon_send(host, snapshot_part{cut, shard, std::move(bytes)});
    run();
  };
  part(1, nullptr);
  part(1, std::make_shared<const std::string>("one"));
  part(0, nullptr);
  EXPECT_TRUE(cuts.empty());
  part(0, std::make_shared<const std::string>("zero"));
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0].first, 7u);
  EXPECT_THAT(cuts[0].second, ::testing::HasSubstr("one"));
  EXPECT_THAT(cuts[0].second, ::testing::HasSubstr("zero"));
}

} // namespace
} // namespace tocsin::groups_test

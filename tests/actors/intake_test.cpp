// The sequencer: one order for all input, credit back when a batch is done, deadlines on time.
#include "actors/intake.hpp"

#include <gmock/gmock.h>

#include <set>

#include "actor_fixture.hpp"
#include "actors/groups.hpp"
#include "actors/shard.hpp"

namespace tocsin::intake_test {
using namespace tocsin::test;
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// Shards that only note what they are given; a test says when a step is done.
class sequencing : public actor_fixture {
protected:
  void start(std::size_t shards, timestamp watermark = unset) {
    steps.resize(shards);
    intake_options o;
    for (std::size_t i = 0; i < shards; ++i) o.shards.push_back(collector(steps[i]));
    o.groups = collector(introduced);
    o.metrics = metrics;
    o.anchor = anchor_at(system, at(0));
    o.watermark = watermark;
    o.grant = [this](std::size_t source) { granted.push_back(source); };
    o.kept = [this](std::size_t source, std::uint64_t ticket) { kept.emplace_back(source, ticket); };
    door = system.spawn<intake>(std::move(o));
    run();
  }
  void go_live_now(std::uint64_t logs = 0) {
    caf::anon_send(door, go_live{collector(to_journal), 0s, logs});
    run();
  }
  void feed_log(std::size_t source, std::shared_ptr<record_batch> batch, std::uint64_t ticket, log_positions covered) {
    caf::anon_send(door, source_batch{source, std::move(batch), ticket, std::make_shared<const log_positions>(std::move(covered))});
    run();
  }
  void holds(std::size_t source, bool on) {
    caf::anon_send(door, source_behind{source, on});
    run();
  }
  void feed(std::size_t source, std::shared_ptr<record_batch> batch) {
    caf::anon_send(door, source_batch{source, std::move(batch)});
    run();
  }
  void finish(std::uint64_t number, timestamp wake = never) {
    caf::anon_send(door, step_done{number, wake});
    run();
  }
  void TearDown() override {
    caf::anon_send_exit(door, caf::exit_reason::user_shutdown);
    run();
  }

  std::shared_ptr<node_metrics> metrics = std::make_shared<node_metrics>();
  std::vector<std::vector<step>> steps;
  std::vector<std::size_t> granted;
  std::vector<std::pair<std::size_t, std::uint64_t>> kept;
  std::vector<journal_append> to_journal;
  std::vector<caf::actor> introduced;
  caf::actor door;
};

TEST_F(sequencing, gives_credit_back_when_the_step_is_done_and_not_before) {
  start(1);
  feed(3, heartbeats(1, {"10.0.0.1"}));
  feed(5, heartbeats(2, {"10.0.0.1"}));
  EXPECT_TRUE(granted.empty());
  finish(1);
  EXPECT_THAT(granted, ElementsAre(3));
  finish(2);
  EXPECT_THAT(granted, ElementsAre(3, 5));
  EXPECT_EQ(metrics->steps_in_flight, 0u);
}

TEST_F(sequencing, a_journal_that_is_far_behind_holds_back_credit) {
  start(1);
  go_live_now();
  finish(1);
  const auto large = [](double t) {
    auto batch = heartbeats(t, {"10.0.0.1"});
    batch->records.resize(unjournaled_records_max / 2 + 1, batch->records[0]);
    return batch;
  };
  feed(3, large(1));
  feed(5, large(2));
  feed(7, large(3));
  finish(4);
  EXPECT_THAT(granted, ElementsAre()) << "more waits for the store than may";
  ASSERT_EQ(to_journal.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    caf::anon_send(door, journaled{to_journal[i].number});
    run();
    EXPECT_EQ(granted.size(), i == 0 ? 1u : 3u);
  }
  EXPECT_THAT(granted, ElementsAre(3, 5, 7));
}

TEST_F(sequencing, a_journal_that_is_busy_for_a_moment_does_not_make_us_deaf) {
  start(1);
  go_live_now();
  finish(1);
  for (int i = 0; i < 100; ++i) feed(3, heartbeats(i, {"10.0.0.1"}));
  finish(101);
  EXPECT_EQ(granted.size(), 100u);
  for (const journal_append& j : std::vector<journal_append>{to_journal}) caf::anon_send(door, journaled{j.number});
  run();
  EXPECT_EQ(granted.size(), 100u) << "given back once";
}

TEST_F(sequencing, an_empty_batch_costs_no_step) {
  start(1);
  feed(3, std::make_shared<record_batch>());
  EXPECT_TRUE(steps[0].empty());
  EXPECT_THAT(granted, ElementsAre(3));
}

TEST_F(sequencing, every_record_goes_to_one_shard_and_sight_to_all) {
  start(3);
  auto batch = heartbeats(1, {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"});
  record blind;
  blind.at = at(1);
  blind.kind = record_kind::sight_lost;
  batch->records.push_back(blind);
  feed(0, batch);
  std::vector<unsigned> times(6);
  for (const auto& of_shard : steps) {
    ASSERT_EQ(of_shard.size(), 1u);
    for (std::uint32_t position : *of_shard[0].positions) ++times[position];
  }
  EXPECT_THAT(times, ElementsAre(1, 1, 1, 1, 1, 3));
}

TEST_F(sequencing, time_never_runs_backwards) {
  start(1);
  feed(0, heartbeats(10, {"10.0.0.1"}));
  feed(1, heartbeats(4, {"10.0.0.2"}));
  ASSERT_EQ(steps[0].size(), 2u);
  EXPECT_EQ(steps[0][1].batch->records[0].at, at(10));
  EXPECT_EQ(metrics->records_moved, 1u);
}

TEST_F(sequencing, a_record_from_the_future_does_not_carry_time_with_it) {
  start(1);
  go_live_now();
  pass(5s);
  feed(0, heartbeats(1e6, {"10.0.0.1"}));
  EXPECT_EQ(steps[0].back().batch->records[0].at, at(5));
  EXPECT_EQ(steps[0].back().until, at(5));
}

TEST_F(sequencing, a_promise_counts_from_when_it_came_unless_a_log_is_caught_up_with) {
  const auto sign = [](double t) {
    auto batch = std::make_shared<record_batch>();
    record r;
    r.kind = record_kind::sight_regained;
    r.at = at(t);
    r.reliability_s = 10;
    batch->records.push_back(r);
    return batch;
  };
  start(1);
  go_live_now(1u << 2);
  feed(0, sign(-500));
  EXPECT_EQ(steps[0].back().batch->records[0].reliability_s, 10);
  holds(2, false);
  pass(30s);
  feed(0, heartbeats(25, {"10.0.0.1"}));
  feed(0, sign(22));
  const record& r = steps[0].back().batch->records[0];
  EXPECT_EQ(r.at, at(25));
  EXPECT_FLOAT_EQ(r.reliability_s, 15) << "the writer's clock may be behind";
}

TEST_F(sequencing, lets_time_pass_when_a_deadline_comes_and_journals_that_it_did) {
  start(1);
  go_live_now();
  finish(1, at(90));
  const std::size_t before = steps[0].size();
  pass(89s);
  EXPECT_EQ(steps[0].size(), before);
  EXPECT_TRUE(to_journal.empty());
  pass(1s);
  ASSERT_EQ(steps[0].size(), before + 1);
  EXPECT_EQ(steps[0].back().until, at(90));
  EXPECT_FALSE(steps[0].back().batch);
  ASSERT_EQ(to_journal.size(), 1u);
  EXPECT_EQ(to_journal[0].batch->records[0].kind, record_kind::time_mark);
  EXPECT_EQ(to_journal[0].batch->records[0].at, at(90));
}

TEST_F(sequencing, an_earlier_deadline_replaces_a_later_one) {
  start(1);
  go_live_now();
  finish(1, at(90));
  feed(0, heartbeats(0, {"10.0.0.1"}));
  finish(2, at(30));
  const std::size_t before = steps[0].size();
  pass(30s);
  EXPECT_EQ(steps[0].size(), before + 1);
}

TEST_F(sequencing, before_it_lives_time_is_the_records_own_and_nothing_is_journaled) {
  start(1);
  feed(0, heartbeats(1000, {"10.0.0.1"}));
  EXPECT_EQ(steps[0][0].until, at(1000));
  finish(1, at(1090));
  pass(1h);
  EXPECT_EQ(steps[0].size(), 1u);
  EXPECT_TRUE(to_journal.empty());
}

TEST_F(sequencing, an_order_that_comes_while_a_former_life_is_folded_waits_for_its_end) {
  start(1, at(-100));
  caf::anon_send(door, operator_order{"receiver works"});
  run();
  feed(0, heartbeats(-90, {"10.0.0.1"}));
  ASSERT_EQ(steps[0].size(), 1u);
  EXPECT_EQ(steps[0][0].batch->records[0].kind, record_kind::heartbeat);
  go_live_now();
  const auto orders = std::ranges::count_if(steps[0], [](const step& s) { return s.batch && s.batch->records[0].kind == record_kind::operator_said; });
  EXPECT_EQ(orders, 1);
}

TEST_F(sequencing, the_time_between_two_lives_is_blind) {
  start(1, at(-600));
  go_live_now();
  ASSERT_GE(steps[0].size(), 2u);
  const auto& gap = steps[0][0].batch->records;
  ASSERT_EQ(gap.size(), limits::vantages_max);
  EXPECT_EQ(gap[0].kind, record_kind::sight_lost);
  EXPECT_EQ(gap[0].peer, restart_gap);
  EXPECT_EQ(gap[0].at, at(-600) + duration{1});
  EXPECT_EQ(steps[0].back().until, at(0));
  ASSERT_EQ(to_journal.size(), 1u) << "the next life must know of it, too";
}

TEST_F(sequencing, tells_who_asks_when_nothing_is_under_way) {
  start(1);
  feed(0, heartbeats(1, {"10.0.0.1"}));
  auto pending = self->request(door, caf::infinite, flush{});
  run();
  bool idle = false;
  finish(1);
  pending.receive([&] { idle = true; },
                  [&](caf::error& e) { ADD_FAILURE() << system.render(e); });
  EXPECT_TRUE(idle);
}

TEST_F(sequencing, while_a_log_is_caught_up_with_time_is_that_of_its_records) {
  start(1);
  go_live_now(1u << 2);
  EXPECT_TRUE(steps[0].empty()) << "the clock has not begun";
  feed_log(2, heartbeats(-500, {"10.0.0.1"}), 1, {{"inputs", 0, 10}});
  ASSERT_EQ(steps[0].size(), 1u);
  EXPECT_EQ(steps[0][0].until, at(-500));
  finish(1, at(-400));
  pass(10s);
  EXPECT_EQ(steps[0].size(), 1u) << "a deadline long past by the clock is not due by the log";
  feed_log(2, heartbeats(-450, {"10.0.0.1"}), 2, {{"inputs", 0, 11}});
  EXPECT_EQ(steps[0].back().until, at(-450));
  finish(2, at(-350));
  holds(2, false);
  pass(1ms);
  ASSERT_EQ(steps[0].size(), 3u) << "the end of the log is reached: now silence counts";
  EXPECT_GE(steps[0].back().until, at(10));
}

TEST_F(sequencing, a_former_life_left_no_gap_where_a_log_is_read) {
  start(1, at(-100));
  go_live_now(1u << 2);
  ASSERT_FALSE(steps[0].empty());
  ASSERT_TRUE(steps[0][0].batch);
  std::set<unsigned> blind;
  for (const record& r : steps[0][0].batch->records) blind.insert(r.vantage);
  EXPECT_FALSE(blind.contains(2));
  EXPECT_TRUE(blind.contains(1));
  EXPECT_LT(steps[0].back().until, at(-99)) << "and time has not moved on";
}

TEST_F(sequencing, what_a_batch_covers_goes_with_it_to_the_journal) {
  start(1);
  go_live_now();
  feed_log(2, heartbeats(1, {"10.0.0.1"}), 7, {{"inputs", 3, 10}});
  ASSERT_EQ(to_journal.size(), 1u);
  EXPECT_EQ(to_journal[0].source, 2u);
  EXPECT_EQ(to_journal[0].ticket, 7u);
  ASSERT_TRUE(to_journal[0].covered);
  EXPECT_THAT(*to_journal[0].covered, ElementsAre(log_position{"inputs", 3, 10}));
  feed_log(2, std::make_shared<record_batch>(), 8, {{"inputs", 3, 12}});
  ASSERT_EQ(to_journal.size(), 2u) << "what could not be decoded moves the position, too";
  EXPECT_EQ(to_journal[1].ticket, 8u);
  finish(3);
  EXPECT_TRUE(kept.empty()) << "the journal says that";
}

TEST_F(sequencing, without_a_journal_a_batch_is_kept_when_it_is_done) {
  start(1);
  feed_log(2, heartbeats(1, {"10.0.0.1"}), 7, {{"inputs", 3, 10}});
  EXPECT_TRUE(kept.empty());
  finish(1);
  EXPECT_THAT(kept, ElementsAre(std::pair<std::size_t, std::uint64_t>{2, 7}));
}

} // namespace
} // namespace tocsin::intake_test

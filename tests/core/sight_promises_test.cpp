// Who promised to speak again and does not: in one engine, over snapshots of any moment, and of an older format.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <limits>

#include "core/engine.hpp"
#include "core/scenario.hpp"

namespace tocsin::sight_promises_test {
namespace {

constexpr timestamp noon = scenario_start;

record sign(timestamp at, std::uint8_t vantage, float within_s = 10) {
  record r;
  r.kind = record_kind::sight_regained;
  r.at = at;
  r.vantage = vantage;
  r.reliability_s = within_s;
  return r;
}

TEST(sight_promises, of_several_the_earliest_ends_first_and_each_once) {
  sight_promises p;
  EXPECT_EQ(p.due(), never);
  EXPECT_TRUE(p.hear(sign(noon, 3)));
  EXPECT_TRUE(p.hear(sign(noon + 1s, 5)));
  EXPECT_FALSE(p.hear(sign(noon + 2s, 3))) << "no news";
  EXPECT_EQ(p.due(), noon + 11s);
  EXPECT_FALSE(p.broken_before(noon + 11s)) << "just in time";
  auto blind = p.broken_before(noon + 1min);
  ASSERT_TRUE(blind);
  EXPECT_EQ(blind->vantage, 5);
  EXPECT_EQ(blind->at, noon + 11s);
  blind = p.broken_before(noon + 1min);
  ASSERT_TRUE(blind);
  EXPECT_EQ(blind->vantage, 3);
  EXPECT_FALSE(p.broken_before(never));
  EXPECT_EQ(p.broken(), 1u << 3 | 1u << 5);
  EXPECT_TRUE(p.hear(sign(noon + 2min, 5)));
  EXPECT_EQ(p.broken(), 1u << 3);
}

TEST(sight_promises, any_number_a_writer_may_invent_is_survived) {
  sight_promises p;
  for (const float within : {1e-9f, 1e30f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), -1.0f}) (void)p.hear(sign(noon, 200, within));
  (void)p.hear(sign(never - 1ns, 200));
  EXPECT_FALSE(p.broken_before(never - 1ns));
}

record word(record_kind kind, std::uint8_t vantage, std::string_view peer = {}, timestamp at = noon) {
  record r;
  r.kind = kind;
  r.at = at;
  r.vantage = vantage;
  r.peer = peer;
  return r;
}

TEST(sight_promises, of_who_lost_sight_one_stands_as_well_for_another_may_write_under_that_name) {
  sight_promises p;
  EXPECT_TRUE(p.hear(word(record_kind::sight_lost, 1)));
  EXPECT_FALSE(p.hear(sign(noon, 1))) << "the other's";
  ASSERT_TRUE(p.broken_before(noon + 1min)) << "and he has ended";
  EXPECT_FALSE(p.hear(sign(noon + 2min, 1)));
  EXPECT_TRUE(p.hear(word(record_kind::sight_regained, 1)));
  EXPECT_EQ(p.due(), noon + 2min + 10s);
}

TEST(sight_promises, that_we_cannot_read_says_nothing_of_who_writes) {
  sight_promises p;
  for (std::uint8_t v : {1, 2, 3}) (void)p.hear(sign(noon, v));
  ASSERT_TRUE(p.broken_before(noon + 11s));
  EXPECT_TRUE(p.hear(word(record_kind::sight_lost, 2)));
  for (std::uint8_t v : {1, 2, 3}) EXPECT_TRUE(p.hear(word(record_kind::sight_lost, v, log_reader)));
  EXPECT_FALSE(p.broken_before(noon + 1h));
  (void)p.hear(sign(noon, 5));
  (void)p.hear(word(record_kind::sight_lost, 5, log_reader));
  EXPECT_FALSE(p.hear(word(record_kind::sight_regained, 5))) << "of a part that can be read";
  EXPECT_FALSE(p.hear(word(record_kind::sight_regained, 1, log_reader, noon + 1h))) << "it had ended before";
  EXPECT_FALSE(p.hear(word(record_kind::sight_regained, 2, log_reader, noon + 1h))) << "it had said so before";
  EXPECT_TRUE(p.hear(word(record_kind::sight_regained, 3, log_reader, noon + 1h)));
  EXPECT_EQ(p.due(), noon + 1h + 10s);
  EXPECT_TRUE(p.hear(word(record_kind::sight_lost, 3, restart_gap)));
  EXPECT_EQ(p.due(), noon + 1h + 10s) << "nobody's word";
}

TEST(sight_promises, that_something_is_missing_gives_nobody_his_sight_back) {
  sight_promises p;
  for (std::uint8_t v : {1, 2}) (void)p.hear(sign(noon, v));
  ASSERT_EQ(p.broken_before(noon + 11s)->vantage, 1);
  EXPECT_TRUE(p.hear(word(record_kind::sight_lost, 2)));
  for (std::uint8_t v : {1, 2, 3}) EXPECT_TRUE(p.hear(word(record_kind::sight_lost, v, restart_gap)));
  EXPECT_FALSE(p.hear(word(record_kind::sight_regained, 1, log_reader, noon + 1h))) << "it had ended before";
  EXPECT_FALSE(p.hear(word(record_kind::sight_regained, 2, log_reader, noon + 1h))) << "it had said so before";
  EXPECT_TRUE(p.hear(word(record_kind::sight_regained, 3, log_reader, noon + 1h)));
  EXPECT_TRUE(p.hear(word(record_kind::sight_regained, 2, {}, noon + 1h)));
}

TEST(sight_promises, a_word_from_before_there_were_readers_is_taken_back_by_theirs) {
  sight_promises p;
  (void)p.hear(word(record_kind::sight_lost, 1)); // as journals of older versions have it
  EXPECT_TRUE(p.hear(word(record_kind::sight_regained, 1, log_reader)));
  EXPECT_TRUE(p.hear(sign(noon, 1)));
}

TEST(sight_promises, only_those_that_are_known_are_kept) {
  sight_promises p;
  for (std::uint8_t v : {0, 1, 2}) (void)p.hear(sign(noon, v));
  p.keep(2 | 4, 4);
  EXPECT_TRUE(p.hear(sign(noon, 0))) << "it is the first again";
  p.keep(2 | 4, 4);
  EXPECT_FALSE(p.hear(sign(noon + 1s, 2)));
  EXPECT_EQ(p.broken_before(noon + 1min)->vantage, 1);
}

/// Beats of one daemon through vantage point 0 until it and its writer end at noon + 60 s.
void feed_until_the_end(engine& e, story& out) {
  for (timestamp t = noon; t <= noon + 60s; t += 2s) {
    record_batch batch;
    batch.records.push_back(sign(t, 0));
    record r;
    r.at = t;
    r.host = "10.0.0.1";
    r.service = "7500";
    r.key_hash = hash_key(r.host, r.service);
    batch.records.push_back(r);
    e.feed(batch, out);
  }
}

std::shared_ptr<const rule_book> rules() {
  auto book = std::make_shared<rule_book>();
  auto d = std::make_shared<daemon_rules>();
  d->heartbeat.mode = heartbeat_rule::mode_t::fixed;
  d->heartbeat.period = 2s;
  d->heartbeat.lost_after = 20s;
  book->global = d;
  return book;
}

TEST(sight_promises, the_end_of_a_writer_is_our_blindness_and_nobodys_death) {
  engine e{rules(), {}, engine::options{}};
  story told;
  feed_until_the_end(e, told);
  e.advance(noon + 10min, told);
  ASSERT_EQ(told.incidents.size(), 1u);
  EXPECT_EQ(told.incidents[0].because.kind, cause_kind::sight_lost);
  EXPECT_EQ(told.incidents[0].since, noon + 70s);
  EXPECT_THAT(told.incidents[0].members, testing::ElementsAre("rvd/10.0.0.1/7500"));
}

struct keeper final : daemon_keeper {
  std::deque<daemon> machines;
  daemon& adopt(daemon fresh) override { return machines.emplace_back(std::move(fresh)); }
  daemon& replace(daemon& broken, daemon fresh, const std::string&) override { return broken = std::move(fresh); }
  void quarantine(const record&, const std::string&) override {}
};

TEST(sight_promises, are_kept_in_a_snapshot_also_one_that_is_cut_while_time_passes) {
  keeper first;
  daemon_table from{rules(), first, {}};
  record_batch batch;
  batch.records.push_back(sign(noon, 4));
  effects none;
  from.apply(batch, none);
  writer saved;
  from.save(saved);
  from.begin_cut();
  from.advance(noon + 1min, none);
  EXPECT_EQ(from.broken_promises(), 1u << 4);
  EXPECT_TRUE(from.continue_cut(10));
  for (const std::string& bytes : {saved.take(), from.take_cut()}) {
    keeper second;
    daemon_table to{rules(), second, {}};
    reader in{bytes};
    ASSERT_TRUE(to.load(in));
    EXPECT_TRUE(in.empty());
    EXPECT_EQ(to.broken_promises(), 0u);
    EXPECT_EQ(to.next_wake(), noon + 10s + 1ns);
  }
}

TEST(sight_promises, a_snapshot_from_before_there_were_any_is_read) {
  writer old;
  old.put(std::uint32_t{0});
  keeper k;
  daemon_table table{rules(), k, {}};
  reader in{old.bytes()};
  EXPECT_TRUE(table.load(in));
  EXPECT_TRUE(in.ok() && in.empty());
  EXPECT_EQ(table.next_wake(), never);
}

} // namespace
} // namespace tocsin::sight_promises_test

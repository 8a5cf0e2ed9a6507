// The cluster's log folded: who owns, who leads, what time it is, and what counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cluster/clock.hpp"
#include "core/cluster/fold.hpp"
#include "core/cluster/leadership.hpp"
#include "core/cluster/ownership.hpp"
#include "core/scenario.hpp"
#include "core/splitmix.hpp"

namespace tocsin::cluster_fold_test {
namespace {

constexpr timestamp noon = scenario_start;

symptom lost(const std::string& subject, timestamp since, symptom_state state = symptom_state::raised) {
  return {since, subject, symptom_kind::heartbeat_lost, state, severity::critical, since, {{"misses", std::int64_t{3}}}};
}

effect of(symptom s) { return {s.at, "segment/7500/", std::move(s)}; }

struct log {
  cluster_fold fold;
  std::int64_t next = 0;
  cluster_fold::step add(const std::string& node, decltype(cluster_entry::what) what, std::uint64_t incarnation = 1) {
    // Everything goes through its bytes, as it does in a cluster.
    auto e = decode_entry(encode({node, incarnation, std::move(what)}));
    EXPECT_TRUE(e) << e.error().text;
    return fold.apply(next++, std::move(*e));
  }
  cluster_fold::step say(const std::string& node, std::uint32_t partition, effects said, timestamp until, std::int64_t epoch = -2) {
    if (epoch == -2) epoch = fold.partitions().at(partition).epoch;
    return add(node, said_entry{partition, epoch, 100, until, std::move(said)});
  }
};

TEST(cluster_fold, the_newest_claim_owns_and_whoever_had_it_says_nothing_any_more) {
  log l;
  l.add("a", claim_entry{3, 1});
  const auto first = l.fold.partitions().at(3).epoch;
  EXPECT_THAT(l.say("a", 3, {of(lost("rvd/x/1", noon))}, noon).said, testing::SizeIs(1 + 0));
  l.add("b", claim_entry{3, 1});
  const auto late = l.say("a", 3, {of(lost("rvd/y/1", noon))}, noon, first);
  EXPECT_TRUE(late.overtaken);
  EXPECT_TRUE(late.said.empty());
  EXPECT_EQ(l.fold.partitions().at(3).owner, "b");
  // The same node in a new life is another owner, too.
  l.add("b", claim_entry{3, 1}, 2);
  EXPECT_TRUE(l.say("b", 3, {of(lost("rvd/y/1", noon))}, noon).overtaken);
}

TEST(cluster_fold, an_entry_that_was_written_twice_changes_nothing) {
  log l;
  l.add("a", lead_entry{-1});
  l.add("a", lead_entry{-1});
  EXPECT_EQ(l.fold.leader().term, 0);
  l.add("a", claim_entry{3, 1});
  l.add("a", claim_entry{3, 1});
  EXPECT_EQ(l.fold.partitions().at(3).epoch, 2);
  EXPECT_EQ(l.say("a", 3, {of(lost("rvd/x/1", noon))}, noon).said.size(), 1u);
  EXPECT_TRUE(l.say("a", 3, {of(lost("rvd/x/1", noon))}, noon).said.empty());
}

TEST(cluster_fold, an_order_that_is_written_twice_is_obeyed_once) {
  log l;
  l.add("a", lead_entry{-1});
  l.add("a", mark_entry{noon, 0});
  const auto obeyed = [](const cluster_fold::step& s) { return s.said.size(); };
  EXPECT_EQ(obeyed(l.add("a", order_entry{"one", 1})), 1u);
  EXPECT_EQ(obeyed(l.add("a", order_entry{"two", 2})), 1u);
  EXPECT_EQ(obeyed(l.add("a", order_entry{"one", 1})), 0u);
  EXPECT_EQ(obeyed(l.add("a", order_entry{"two", 2})), 0u);
  EXPECT_EQ(obeyed(l.add("b", order_entry{"one", 1})), 1u) << "another node's";
  EXPECT_EQ(obeyed(l.add("a", order_entry{"one", 1}, 2)), 1u) << "of another life";
  writer saved;
  l.fold.save(saved);
  const std::string bytes = saved.take();
  log after;
  reader in{bytes};
  ASSERT_TRUE(after.fold.load(in));
  after.next = l.next;
  EXPECT_EQ(obeyed(after.add("a", order_entry{"one", 1}, 2)), 0u);
  EXPECT_EQ(obeyed(after.add("a", order_entry{"two", 2}, 2)), 1u);
}

TEST(cluster_fold, only_the_owner_can_release) {
  log l;
  l.add("a", claim_entry{0, 1});
  const auto old = l.fold.partitions().at(0).epoch;
  l.add("b", claim_entry{0, 1});
  EXPECT_TRUE(l.add("a", release_entry{0, old}).overtaken);
  EXPECT_EQ(l.fold.partitions().at(0).owner, "b");
  l.add("b", release_entry{0, l.fold.partitions().at(0).epoch});
  EXPECT_EQ(l.fold.partitions().at(0).owner, "");
}

TEST(cluster_fold, the_same_symptom_since_the_same_time_is_no_news) {
  log l;
  l.add("a", claim_entry{0, 1});
  EXPECT_EQ(l.say("a", 0, {of(lost("rvd/x/1", noon))}, noon + 1s).said.size(), 1u);
  l.add("b", claim_entry{0, 1});
  EXPECT_TRUE(l.say("b", 0, {of(lost("rvd/x/1", noon))}, noon + 2s).said.empty());
  EXPECT_EQ(l.fold.partitions().at(0).standing.size(), 1u);
  EXPECT_EQ(l.say("b", 0, {of(lost("rvd/x/1", noon, symptom_state::cleared))}, noon + 3s).said.size(), 1u);
  EXPECT_TRUE(l.say("b", 0, {of(lost("rvd/x/1", noon, symptom_state::cleared))}, noon + 4s).said.empty());
  // A change of what was never raised is news all the same.
  const auto changed = l.say("b", 0, {of(lost("rvd/x/1", noon, symptom_state::changed))}, noon + 5s);
  ASSERT_EQ(changed.said.size(), 1u);
  EXPECT_EQ(std::get<symptom>(changed.said[0].what).state, symptom_state::raised);
}

TEST(cluster_fold, time_goes_by_the_leaders_marks_and_never_back) {
  log l;
  l.add("a", lead_entry{-1});
  const auto term = l.fold.leader().term;
  EXPECT_TRUE(l.add("b", lead_entry{-1}).overtaken); // a was quicker
  l.add("a", mark_entry{noon + 10s, term});
  EXPECT_EQ(l.fold.now(), noon + 10s);
  EXPECT_TRUE(l.add("b", mark_entry{noon + 20s, term}).overtaken);
  l.add("b", lead_entry{term});
  EXPECT_TRUE(l.add("a", mark_entry{noon + 30s, term}).overtaken);
  l.add("b", mark_entry{noon + 5s, l.fold.leader().term}); // its clock is behind
  EXPECT_EQ(l.fold.now(), noon + 10s);
  l.add("b", claim_entry{0, 1});
  // Behind: moved up. Far ahead: not so far that it takes everybody along.
  auto step = l.say("b", 0, {of(lost("rvd/x/1", noon))}, noon + 1s);
  ASSERT_EQ(step.said.size(), 1u);
  EXPECT_EQ(step.said[0].at, noon + 10s);
  EXPECT_EQ(std::get<symptom>(step.said[0].what).since, noon);
  step = l.say("b", 0, {of(lost("rvd/y/1", noon + 24h))}, noon + 24h);
  ASSERT_EQ(step.said.size(), 1u);
  EXPECT_EQ(step.said[0].at, noon + 10s + ahead_of_marks_max);
  EXPECT_LE(l.fold.now(), noon + 11s + ahead_of_marks_max);
}

TEST(cluster_fold, is_blind_when_nobody_can_read_anything) {
  log l;
  l.add("a", claim_entry{0, 1});
  l.add("a", claim_entry{1, 2});
  l.say("a", 0, {}, noon);
  l.say("a", 1, {}, noon);
  const auto blind = [&](const std::string& node, std::uint32_t partition, bool yes) {
    return l.add(node, said_entry{partition, l.fold.partitions().at(partition).epoch, 100, noon, {}, yes});
  };
  blind("a", 0, true);
  const auto all = blind("a", 1, true);
  ASSERT_EQ(all.said.size(), 1u);
  EXPECT_FALSE(std::get<sight_changed>(all.said[0].what).sighted);
  // Another owner that cannot see either changes nothing; one that can does.
  l.add("b", claim_entry{1, 1});
  EXPECT_TRUE(blind("b", 1, true).said.empty());
  l.add("c", claim_entry{1, 1});
  const auto back = blind("c", 1, false);
  ASSERT_EQ(back.said.size(), 1u);
  EXPECT_TRUE(std::get<sight_changed>(back.said[0].what).sighted);
}

TEST(cluster_fold, who_writes_the_input_is_blind_once_all_partitions_know_and_the_input_is_another_matter) {
  log l;
  l.add("a", claim_entry{0, 1});
  l.add("b", claim_entry{1, 1});
  const auto told = [&](const std::string& node, std::uint32_t partition, std::uint8_t vantage, bool sees) {
    std::string out;
    const cluster_partition& p = l.fold.partitions().at(partition);
    const said_entry entry{partition, p.epoch, 100, noon, {{noon, {}, sight_changed{vantage, sees}}}, vantage == 0 ? !sees : p.blind};
    for (const effect& e : l.add(node, entry).said)
      if (auto* s = std::get_if<sight_changed>(&e.what)) out += std::to_string(s->vantage) + (s->sighted ? " sees" : " blind");
    return out;
  };
  EXPECT_EQ(told("a", 0, 1, false), "");
  EXPECT_EQ(told("b", 1, 2, false), "");
  EXPECT_EQ(told("b", 1, 1, false), "1 blind");
  EXPECT_EQ(told("b", 1, 1, false), "") << "said twice is said once";
  EXPECT_EQ(told("a", 0, 0, false), "");
  EXPECT_EQ(told("b", 1, 0, false), "0 blind");
  EXPECT_EQ(told("a", 0, 1, true), "1 sees");
  EXPECT_EQ(told("a", 0, 0, true), "0 sees");
  EXPECT_EQ(l.fold.partitions().at(1).blind_through, 6u);
}

TEST(cluster_fold, a_snapshot_is_the_fold_and_the_log_is_not_folded_twice) {
  log l;
  l.add("a", hello_entry{"10.0.0.1:7411", "10.0.0.1:8080", false});
  l.add("a", lead_entry{-1});
  l.add("a", mark_entry{noon, l.fold.leader().term});
  l.add("a", claim_entry{7, 4});
  l.say("a", 7, {of(lost("rvd/x/1", noon))}, noon + 1s);
  writer out, again;
  l.fold.save(out);
  cluster_fold copy;
  reader in{out.bytes()};
  ASSERT_TRUE(copy.load(in));
  copy.save(again);
  EXPECT_EQ(out.bytes(), again.bytes());
  EXPECT_TRUE(copy.apply(4, {"z", 1, lead_entry{-1}}).said.empty());
  EXPECT_EQ(copy.leader().node, "a");
  for (std::size_t n = 0; n < out.bytes().size(); ++n) {
    cluster_fold broken;
    reader cut_off{std::string_view{out.bytes()}.substr(0, n)};
    EXPECT_FALSE(broken.load(cut_off)) << n;
  }
}

TEST(cluster_entry, broken_bytes_are_refused) {
  const std::string whole = encode({"a", 7, said_entry{1, 2, 3, noon, {of(lost("rvd/x/1", noon)), {noon, "s", member_seen{"rvd/x/1", "s", "8.7", 60, 1, 90}},
                                                                        {noon, {}, sight_changed{0, true}}, {noon, {}, operator_said{"order"}}}}});
  ASSERT_TRUE(decode_entry(whole));
  EXPECT_EQ(encode(*decode_entry(whole)), whole);
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(decode_entry(std::string_view{whole}.substr(0, n))) << n;
  EXPECT_FALSE(decode_entry(whole + "x"));
  std::string newer = whole;
  newer[0] = 9;
  EXPECT_EQ(decode_entry(newer).error().code, errc::version);
  splitmix64 random(5);
  for (int i = 0; i < 20'000; ++i) { // nothing crashes, whatever the bytes
    std::string bytes = whole;
    bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    (void)decode_entry(bytes);
  }
}

TEST(cluster_entry, much_that_is_said_goes_in_pieces_and_only_the_last_covers_the_input) {
  effects many;
  for (int i = 0; i < 1000; ++i) many.push_back(of(lost("rvd/" + std::to_string(i) + "/1", noon)));
  const auto parts = cut({1, 2, 500, noon + 9s, many}, 400, noon);
  ASSERT_GT(parts.size(), 3u);
  std::size_t n = 0;
  for (const said_entry& p : parts) {
    n += p.said.size();
    EXPECT_LT(encode({"a", 1, p}).size(), entry_bytes_max);
    EXPECT_EQ(p.covered, &p == &parts.back() ? 500 : 400);
  }
  EXPECT_EQ(n, 1000u);
  EXPECT_EQ(cut({1, 2, 500, noon, {}}, 400, noon).size(), 1u);
}

TEST(leadership, one_takes_the_lead_marks_the_time_and_loses_it_by_silence) {
  log l;
  leadership a{"a", 1, 0}, b{"b", 1, 0.9};
  timestamp steady{1000s};
  auto bid = a.look(l.fold, true, noon, never, steady);
  ASSERT_TRUE(bid);
  l.add("a", bid->what);
  a.folded(l.fold, true, steady);
  b.folded(l.fold, true, steady);
  EXPECT_TRUE(a.may_deliver(l.fold, steady));
  EXPECT_FALSE(b.may_deliver(l.fold, steady));
  auto mark = a.look(l.fold, true, noon, never, steady);
  ASSERT_TRUE(mark && std::holds_alternative<mark_entry>(mark->what));
  EXPECT_FALSE(a.look(l.fold, true, noon + 100ms, never, steady + 100ms));
  EXPECT_TRUE(a.look(l.fold, true, noon + 100ms, noon + 50ms, steady + 100ms)); // somebody waits for it
  EXPECT_TRUE(a.look(l.fold, true, noon + 400ms, never, steady + 400ms));
  // Nothing is read of it any more: it has nothing delivered, and the other takes over.
  EXPECT_FALSE(a.may_deliver(l.fold, steady + 2s));
  EXPECT_FALSE(b.look(l.fold, true, noon, never, steady + 3s));
  EXPECT_FALSE(b.look(l.fold, false, noon, never, steady + 9s)) << "who does not read the log cannot know";
  auto takes = b.look(l.fold, true, noon, never, steady + 5s);
  ASSERT_TRUE(takes && std::holds_alternative<lead_entry>(takes->what));
  l.add("b", takes->what);
  a.folded(l.fold, true, steady + 5s);
  EXPECT_FALSE(a.may_deliver(l.fold, steady + 5s));
}

TEST(ownership, acts_on_its_newest_claim_alone_and_claims_again_what_was_taken_by_mistake) {
  log l;
  ownership a{"a", 1};
  const timestamp steady{1000s};
  a.assigned(2, steady);
  auto first = a.look(steady);
  ASSERT_EQ(first.size(), 1u);
  a.revoked(2); // before it was read
  a.assigned(2, steady);
  auto second = a.look(steady);
  ASSERT_EQ(second.size(), 1u);
  l.add("a", first[0].what);
  EXPECT_TRUE(a.folded(l.fold, steady).start.empty());
  l.add("a", second[0].what);
  EXPECT_THAT(a.folded(l.fold, steady).start, testing::ElementsAre(2u));
  EXPECT_TRUE(a.folded(l.fold, steady).start.empty());
  l.add("b", claim_entry{2, 1}); // it waited while b was cut off; the group gave the partition to us
  EXPECT_THAT(a.folded(l.fold, steady).stop, testing::ElementsAre(2u));
  EXPECT_TRUE(a.look(steady).empty());
  EXPECT_EQ(a.look(steady + 2s).size(), 1u);
  a.revoked(2);
  EXPECT_TRUE(a.look(steady + 9s).empty());
}

TEST(cluster_clock, follows_the_quickest_marks_and_never_goes_back) {
  cluster_clock c;
  const timestamp steady{50s};
  EXPECT_FALSE(c.known());
  c.hear(noon, steady + 30ms); // 30 ms under way
  EXPECT_EQ(c.now(steady + 30ms), noon);
  c.hear(noon + 1s, steady + 1s + 2ms);
  EXPECT_EQ(c.now(steady + 1s + 2ms), noon + 1s);
  const timestamp before = c.now(steady + 2s);
  for (int i = 0; i < 200; ++i) c.hear(noon + 2s + i * 250ms, steady + 2s + i * 250ms + 40ms); // a slower way
  EXPECT_GE(c.now(steady + 2s), before);
  c.begin(noon + 99h, steady); // known already
  EXPECT_LT(c.now(steady + 60s), noon + 61s);
}

TEST(cluster_clock, of_the_leader_does_not_lose_what_its_marks_take_to_come_back_and_is_never_behind_the_log) {
  cluster_clock c;
  const timestamp steady{50s};
  c.keep_up(noon, steady); // nobody has said what time it is
  EXPECT_FALSE(c.known());
  c.begin(noon, steady);
  for (int i = 0; i < 500; ++i) c.keep_up(noon + i * 250ms, steady + i * 250ms + 30ms);
  EXPECT_EQ(c.now(steady + 500 * 250ms), noon + 500 * 250ms);
  c.keep_up(noon + 130s, steady + 126s); // others were ahead
  EXPECT_EQ(c.now(steady + 126s), noon + 130s);
}

TEST(cluster_fold, in_a_drill_an_owner_may_be_further_ahead_of_the_marks) {
  for (const auto& [ahead, said_at] : {std::pair{ahead_of_marks_max, noon + ahead_of_marks_max}, std::pair{duration{5min}, noon + 1min}}) {
    log l;
    l.fold = cluster_fold{ahead};
    l.add("a", lead_entry{-1});
    l.add("a", mark_entry{noon, 0});
    l.add("b", claim_entry{0, 1});
    const auto step = l.say("b", 0, {of(lost("rvd/10.0.0.1/7500", noon + 1min))}, noon + 1min);
    ASSERT_EQ(step.said.size(), 1u);
    EXPECT_EQ(step.said[0].at, said_at);
  }
}

} // namespace
} // namespace tocsin::cluster_fold_test

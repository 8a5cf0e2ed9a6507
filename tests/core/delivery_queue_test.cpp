// Which notification is tried when, under virtual time: urgent ones overtake, a receiver that is down is left alone,
// and whatever happens nothing is lost and nothing is tried twice at once.
#include "core/delivery_queue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tocsin::delivery_queue_test {
namespace {

using step = delivery_queue::step::kind;
using outcome = attempt_outcome::kind;
using state = delivery_queue::verdict::state;
using breaker = delivery_queue::breaker;

const timestamp start = from_milliseconds(1'700'000'000'000);

delivery_queue::item an_item(std::string id, severity level = severity::warning, duration age = 0s, std::string thread = "") {
  return {std::move(id), std::move(thread), level, start - age};
}

class a_delivery_queue : public testing::Test {
protected:
  void with(delivery_rules rules) { queue = delivery_queue{"ops", rules}; }
  /// The id that is tried now; "" when nothing is.
  std::string tried() {
    const auto s = queue.next(now);
    return s.what == step::attempt ? s.tried->id : "";
  }
  delivery_queue::verdict done(const std::string& id, attempt_outcome o) {
    const auto v = queue.done(id, o, now);
    EXPECT_TRUE(v) << id << " was not tried";
    return v.value_or(delivery_queue::verdict{});
  }
  timestamp waits_until() {
    const auto s = queue.next(now);
    EXPECT_EQ(s.what, step::wait);
    return s.at;
  }
  timestamp now = start;
  delivery_queue queue{"ops", {}};
};

TEST_F(a_delivery_queue, tries_the_most_urgent_first_then_the_oldest) {
  queue.add(an_item("info", severity::info, 9s));
  queue.add(an_item("new", severity::warning, 1s));
  queue.add(an_item("old", severity::warning, 2s));
  queue.add(an_item("critical", severity::critical));
  for (const char* id : {"critical", "old", "new", "info"}) {
    EXPECT_EQ(tried(), id);
    EXPECT_EQ(done(id, {outcome::delivered}).now_is, state::delivered);
  }
  EXPECT_EQ(queue.next(now).what, step::idle);
}

TEST_F(a_delivery_queue, tries_one_at_a_time_and_nothing_twice) {
  EXPECT_TRUE(queue.add(an_item("a")));
  EXPECT_FALSE(queue.add(an_item("a"))) << "it is here";
  queue.add(an_item("b"));
  EXPECT_EQ(tried(), "a");
  EXPECT_EQ(queue.next(now).what, step::idle);
  EXPECT_FALSE(queue.done("b", {outcome::delivered}, now));
  EXPECT_FALSE(queue.done("", {outcome::delivered}, now));
  done("a", {outcome::delivered});
  EXPECT_FALSE(queue.done("a", {outcome::delivered}, now));
  EXPECT_EQ(tried(), "b");
}

TEST_F(a_delivery_queue, backs_off_with_jitter_and_honours_the_receivers_wish) {
  for (std::uint32_t n = 0; n < 30; ++n) {
    const double seconds = to_seconds(retry_delay(n, "x", {}));
    const double plain = std::min(std::pow(2.0, n), 300.0);
    EXPECT_GE(seconds, 0.8 * plain - 1e-6);
    EXPECT_LE(seconds, 1.2 * plain + 1e-6);
  }
  EXPECT_EQ(retry_delay(3, "x", 10min), 10min);
  EXPECT_NE(retry_delay(3, "x", {}), retry_delay(3, "y", {}));

  queue.add(an_item("a"));
  EXPECT_EQ(tried(), "a");
  const auto v = done("a", {outcome::retry, 30s});
  EXPECT_EQ(v.now_is, state::waiting);
  EXPECT_EQ(v.next_attempt, start + 30s);
  queue.add(an_item("b"));
  EXPECT_EQ(waits_until(), start + 30s) << "too many requests: it wants no other now, either";
  now += 30s;
  EXPECT_EQ(tried(), "a");
}

TEST_F(a_delivery_queue, keeps_what_is_left_to_do) {
  queue.add(an_item("a"));
  tried();
  const auto v = done("a", {outcome::retry, {}, {"later@fab"}, true});
  now = v.next_attempt;
  const auto s = queue.next(now);
  ASSERT_EQ(s.what, step::attempt);
  EXPECT_EQ(s.tried->remaining, std::vector<std::string>{"later@fab"});
  EXPECT_EQ(s.tried->attempts, 1u);
  EXPECT_EQ(queue.failures(), 0u) << "who answers is alive";
}

TEST_F(a_delivery_queue, gives_up_what_is_refused_and_what_is_too_old) {
  queue.add(an_item("refused"));
  tried();
  EXPECT_EQ(done("refused", {outcome::refused}).now_is, state::dead);
  queue.add(an_item("old", severity::warning, 73h));
  tried();
  EXPECT_EQ(done("old", {outcome::retry}).now_is, state::dead);
  EXPECT_EQ(queue.held(), 0u);
}

TEST_F(a_delivery_queue, is_disabled_by_gone_and_keeps_everything_until_the_configuration_is_read_anew) {
  queue.add(an_item("a"));
  queue.add(an_item("b"));
  tried();
  EXPECT_EQ(done("a", {outcome::gone}).now_is, state::waiting);
  EXPECT_TRUE(queue.disabled());
  now += 96h;
  EXPECT_EQ(queue.next(now).what, step::idle);
  EXPECT_EQ(queue.held(), 2u);
  queue.set_rules({});
  EXPECT_EQ(tried(), "a");
}

// -- what holds a receiver back --

TEST_F(a_delivery_queue, leaves_a_receiver_alone_that_is_down_and_probes_it) {
  with({.breaker_failures = 3, .breaker_pause = 10s});
  for (const char* id : {"a", "b", "c", "d", "e"}) queue.add(an_item(id));
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_EQ(queue.breaker_state(), breaker::closed);
    EXPECT_EQ(tried(), id);
    EXPECT_EQ(done(id, {outcome::retry}).opened, id == std::string{"c"});
  }
  EXPECT_EQ(queue.breaker_state(), breaker::open);
  timestamp until = waits_until();
  EXPECT_GE(until, start + 8s);
  EXPECT_LE(until, start + 12s);
  now = until;
  const std::string first = tried();
  ASSERT_NE(first, "") << "one probe";
  EXPECT_EQ(queue.breaker_state(), breaker::half_open);
  EXPECT_FALSE(done(first, {outcome::retry}).opened) << "it is still the same outage";
  EXPECT_GE(waits_until() - now, 16s) << "the next pause is longer";
  now = waits_until();
  const std::string probe = tried();
  EXPECT_TRUE(done(probe, {outcome::delivered}).closed);
  EXPECT_EQ(queue.breaker_state(), breaker::closed);
  for (int left = 4; left > 0; --left) {
    const std::string id = tried();
    ASSERT_NE(id, "") << "all failed because the receiver did: none waits for its own back-off";
    done(id, {outcome::delivered});
  }
}

TEST_F(a_delivery_queue, tells_that_a_receiver_works_again_that_failed_before_the_restart) {
  with({.breaker_failures = 3, .failing = true});
  queue.add(an_item("a"));
  EXPECT_EQ(tried(), "a");
  EXPECT_FALSE(done("a", {outcome::retry}).opened) << "it is still the same outage";
  EXPECT_EQ(queue.breaker_state(), breaker::open);
  now += 1h;
  EXPECT_EQ(tried(), "a");
  EXPECT_TRUE(done("a", {outcome::delivered}).closed);
  queue.add(an_item("b"));
  EXPECT_EQ(tried(), "b");
  EXPECT_FALSE(done("b", {outcome::delivered}).closed) << "once";
}

TEST_F(a_delivery_queue, does_not_take_an_answer_for_an_outage) {
  with({.breaker_failures = 2});
  for (int i = 0; i < 10; ++i) {
    queue.add(an_item(std::to_string(i)));
    const std::string id = tried();
    if (id.empty()) break;
    done(id, {outcome::refused});
  }
  EXPECT_EQ(queue.held(), 0u);
  EXPECT_EQ(queue.breaker_state(), breaker::closed);
}

TEST_F(a_delivery_queue, keeps_to_its_rate_and_lets_critical_ones_borrow) {
  with({.rate_count = 60, .rate_window = 1min});
  for (int i = 0; i < 500; ++i) queue.add(an_item(std::to_string(1000 + i)));
  std::vector<timestamp> attempts;
  while (now < start + 2min) {
    const auto s = queue.next(now);
    if (s.what == step::attempt) {
      attempts.push_back(now);
      done(std::string{s.tried->id}, {outcome::delivered});
    } else {
      ASSERT_GT(s.at, now);
      now = s.at;
    }
  }
  const auto first_minute = std::count_if(attempts.begin(), attempts.end(), [](timestamp t) { return t < start + 1min; });
  EXPECT_GE(first_minute, 60);
  EXPECT_LE(first_minute, 66) << "a tenth at once, then one each second";
  for (std::string id; !(id = tried()).empty();) done(id, {outcome::delivered}); // every slot is used up
  queue.add(an_item("critical", severity::critical));
  EXPECT_EQ(tried(), "critical");
  done("critical", {outcome::delivered});
  int borrowed = 0;
  for (int i = 0; i < 50; ++i) queue.add(an_item("c" + std::to_string(i), severity::critical));
  for (std::string id; !(id = tried()).empty(); ++borrowed) done(id, {outcome::delivered});
  EXPECT_LE(borrowed, 7) << "not without bound: it is the receiver's own limit";
}

// -- order within an incident --

TEST_F(a_delivery_queue, tells_of_an_incident_in_order) {
  queue.add(an_item("opened", severity::warning, 9s, "inc"));
  EXPECT_EQ(tried(), "opened");
  queue.add(an_item("closed", severity::warning, 1s, "inc"));
  const auto v = done("opened", {outcome::retry});
  EXPECT_EQ(waits_until(), v.next_attempt) << "the end is not told before the beginning";
  now = v.next_attempt;
  EXPECT_EQ(tried(), "opened");
  done("opened", {outcome::delivered});
  EXPECT_EQ(tried(), "closed");
}

TEST_F(a_delivery_queue, what_a_critical_one_waits_for_is_as_urgent) {
  queue.add(an_item("opened", severity::info, 1s, "inc"));
  queue.add(an_item("other", severity::warning, 9s));
  queue.add(an_item("worse", severity::critical, 0s, "inc"));
  EXPECT_EQ(tried(), "opened");
  done("opened", {outcome::delivered});
  EXPECT_EQ(tried(), "worse");
}

// -- memory --

TEST_F(a_delivery_queue, holds_so_many_and_fetches_the_rest) {
  with({.held_max = 3});
  EXPECT_TRUE(queue.add(an_item("a", severity::warning, 9s)));
  EXPECT_TRUE(queue.add(an_item("b", severity::warning, 8s)));
  EXPECT_TRUE(queue.add(an_item("c", severity::info, 7s)));
  EXPECT_FALSE(queue.hungry());
  EXPECT_FALSE(queue.add(an_item("d", severity::info, 6s))) << "no room: it waits on disk";
  EXPECT_FALSE(queue.hungry()) << "nor for a refill";
  EXPECT_TRUE(queue.add(an_item("e", severity::critical))) << "c gives way";
  EXPECT_FALSE(queue.holds("c"));
  EXPECT_EQ(queue.held(), 3u);
  EXPECT_EQ(tried(), "e");
  done("e", {outcome::delivered});
  EXPECT_TRUE(queue.hungry());
  EXPECT_FALSE(queue.add(an_item("f", severity::info))) << "c and d come first";
  queue.refill();
  EXPECT_FALSE(queue.hungry()) << "asked already";
  EXPECT_TRUE(queue.add(an_item("c", severity::info, 7s), delivery_queue::origin::disk));
  queue.refilled(false);
  EXPECT_FALSE(queue.hungry()) << "full";
  tried();
  done("a", {outcome::delivered});
  EXPECT_TRUE(queue.hungry());
}

TEST_F(a_delivery_queue, what_is_tried_and_what_others_wait_for_does_not_give_way) {
  with({.held_max = 2});
  queue.add(an_item("tried", severity::info));
  EXPECT_EQ(tried(), "tried");
  queue.add(an_item("other", severity::warning));
  EXPECT_TRUE(queue.add(an_item("critical", severity::critical)));
  EXPECT_FALSE(queue.holds("other"));
  done("tried", {outcome::delivered});

  with({.held_max = 2});
  queue.add(an_item("opened", severity::info, 9s, "inc"));
  queue.add(an_item("worse", severity::warning, 8s, "inc"));
  EXPECT_TRUE(queue.add(an_item("critical", severity::critical)));
  EXPECT_TRUE(queue.holds("opened")) << "else its end would be told before its beginning";
  EXPECT_FALSE(queue.holds("worse"));
}

TEST_F(a_delivery_queue, is_not_fooled_by_an_answer_of_the_disk_that_is_old) {
  with({.held_max = 2});
  queue.add(an_item("a", severity::warning, 9s));
  queue.add(an_item("b", severity::warning, 8s));
  EXPECT_FALSE(queue.add(an_item("c", severity::warning, 7s)));
  tried();
  done("a", {outcome::delivered});
  queue.refill(); // the disk reads b and c now
  tried();
  done("b", {outcome::delivered});
  EXPECT_FALSE(queue.add(an_item("d", severity::warning, 1s))) << "behind c, unseen by the disk's answer";
  EXPECT_FALSE(queue.add(an_item("b", severity::warning, 8s), delivery_queue::origin::disk)) << "just delivered";
  EXPECT_TRUE(queue.add(an_item("c", severity::warning, 7s), delivery_queue::origin::disk));
  queue.refilled(true);
  EXPECT_TRUE(queue.hungry()) << "d is there";
}

// -- whatever happens --

/// A receiver that misbehaves, notifications at random, and a disk that knows everything.
struct world {
  struct row {
    delivery_queue::item what;
    bool over = false;
  };
  delivery_queue queue;
  std::map<std::string, row> disk;
  std::map<std::string, std::vector<std::string>> finished_by_thread;
  timestamp now = start;
  std::size_t held_max;
  bool roomy;

  explicit world(delivery_rules r, bool all_fit) : queue("ops", r), held_max(r.held_max), roomy(all_fit) {}

  void add(int n, severity level, int thread) {
    auto i = an_item("n" + std::to_string(10'000 + n), level, start - now, thread ? "t" + std::to_string(thread) : "");
    disk[i.id] = {i};
    queue.add(i);
    RC_ASSERT(queue.held() <= held_max);
  }
  void feed() {
    std::vector<delivery_queue::item> rows;
    for (const auto& [id, r] : disk)
      if (!r.over) rows.push_back(r.what);
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return a.level != b.level ? a.level > b.level : std::tie(a.created, a.id) < std::tie(b.created, b.id);
    });
    queue.refill();
    const std::size_t most = queue.room() + queue.held();
    const bool all = rows.size() <= most;
    rows.resize(std::min(rows.size(), most));
    for (auto& r : rows) queue.add(r, delivery_queue::origin::disk);
    queue.refilled(all);
  }
  /// One attempt, or time passes; false when nothing is left to do.
  bool turn(attempt_outcome o, bool critical_is_free) {
    if (queue.hungry()) feed();
    bool critical_held = false;
    for (const auto& [id, r] : disk)
      critical_held = critical_held || (!r.over && r.what.level == severity::critical && r.what.attempts == 0 &&
                                        r.what.thread.empty() && queue.holds(id));
    const auto s = queue.next(now);
    if (s.what == step::idle) {
      if (queue.disabled()) queue.set_rules({.held_max = held_max});
      else return queue.held() > 0 || queue.hungry();
      return true;
    }
    if (s.what == step::wait) {
      RC_ASSERT(s.at > now);
      now = s.at;
      return true;
    }
    row& r = disk.at(s.tried->id);
    RC_ASSERT(!r.over);
    if (critical_is_free && critical_held) RC_ASSERT(s.tried->level == severity::critical || !s.tried->thread.empty());
    RC_ASSERT(queue.next(now).what == step::idle);
    const std::string id = s.tried->id;
    const auto v = queue.done(id, o, now);
    RC_ASSERT(v.has_value());
    ++r.what.attempts;
    r.what.due = v->now_is == state::waiting ? v->next_attempt : never;
    r.over = v->now_is != state::waiting;
    RC_ASSERT(queue.holds(id) != r.over);
    if (r.over && !r.what.thread.empty()) finished_by_thread[r.what.thread].push_back(id);
    return true;
  }
};

void live(bool roomy) {
  const auto held_max = roomy ? std::size_t{10'000} : *rc::gen::inRange<std::size_t>(1, 12);
  const auto breaker_failures = *rc::gen::inRange(0u, 4u);
  const auto rate = *rc::gen::element(0u, 0u, 30u);
  world w{{.rate_count = rate, .breaker_failures = breaker_failures, .held_max = held_max}, roomy};
  int number = 0;
  const auto kinds = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 20));
  for (const int k : kinds) {
    if (k < 10) {
      w.add(++number, static_cast<severity>(k % 3), k % 4);
      w.now += std::chrono::milliseconds{k};
    } else {
      const outcome what = k < 14 ? outcome::delivered : k < 18 ? outcome::retry : k == 18 ? outcome::refused : outcome::gone;
      w.turn({what, k == 17 ? std::optional<duration>{5s} : std::nullopt}, rate == 0);
    }
  }
  int turns = 0;
  while (w.turn({outcome::delivered}, rate == 0)) RC_ASSERT(++turns < 10'000);
  for (const auto& [id, r] : w.disk) RC_ASSERT(r.over);
  if (roomy)
    for (const auto& [thread, ids] : w.finished_by_thread) RC_ASSERT(std::is_sorted(ids.begin(), ids.end()));
}

RC_GTEST_PROP(any_delivery_queue, loses_nothing_and_tries_nothing_twice, ()) { live(true); }
RC_GTEST_PROP(any_delivery_queue, loses_nothing_when_memory_is_short, ()) { live(false); }

} // namespace
} // namespace tocsin::delivery_queue_test

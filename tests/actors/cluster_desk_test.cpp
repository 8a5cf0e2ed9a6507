// The desk of a node that shares its input: which life of its node it is, whom it obeys, when it claims and leads.
#include "actors/cluster_desk.hpp"

#include <gmock/gmock.h>

#include "actor_fixture.hpp"

namespace tocsin::cluster_desk_test {
using namespace tocsin::test;
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Stands for the groups: is introduced to the desk, and notes its steps.
class noting final : public caf::event_based_actor {
public:
  noting(caf::actor_config& cfg, std::vector<step_said>& into) : event_based_actor(cfg), into_(into) {}
  caf::behavior make_behavior() override {
    return {[](const caf::actor&) {}, [this](const step_said& s) { into_.push_back(s); }};
  }

private:
  std::vector<step_said>& into_;
};

/// The log is a vector that a test reads to the desk.
class at_the_desk : public actor_fixture {
protected:
  void start(std::uint64_t incarnation) {
    cluster_desk_options o;
    o.node = "a";
    o.address = "127.0.0.1:7411";
    o.incarnation = incarnation;
    o.groups = system.spawn<noting>(steps);
    o.metrics = metrics;
    o.shared = shared;
    o.anchor = anchor_at(system, at(0));
    o.write = [this](std::string entry) {
      if (full) return false;
      written.push_back(*decode_entry(entry));
      return true;
    };
    o.find_snapshot = [this](std::uint32_t partition, auto) { looked_for.push_back(partition); };
    o.grant = [this] { ++granted; };
    o.failed = [this](const std::string& why) { failures.push_back(why); };
    desk = system.spawn<cluster_desk>(std::move(o));
    run();
  }
  void read(std::vector<cluster_entry> entries, bool at_end = true) {
    auto batch = std::make_shared<std::vector<cluster_log_entry>>();
    for (cluster_entry& e : entries) batch->push_back({next++, encode(e)});
    caf::anon_send(desk, log_read{std::move(batch), at_end});
    run();
  }
  void assign(std::uint32_t partition) {
    caf::anon_send(desk, group_assigned{partition});
    run();
  }
  template <class Entry>
  std::vector<cluster_entry> written_of() const {
    std::vector<cluster_entry> out;
    for (const cluster_entry& e : written)
      if (std::holds_alternative<Entry>(e.what)) out.push_back(e);
    return out;
  }
  void TearDown() override {
    caf::anon_send_exit(desk, caf::exit_reason::user_shutdown);
    run();
  }

  std::shared_ptr<node_metrics> metrics = std::make_shared<node_metrics>();
  std::shared_ptr<cluster_shared> shared = std::make_shared<cluster_shared>();
  std::vector<step_said> steps;
  std::vector<cluster_entry> written;
  std::vector<std::uint32_t> looked_for;
  std::vector<std::string> failures;
  std::int64_t next = 0;
  int granted = 0;
  bool full = false;
  caf::actor desk;
};

TEST_F(at_the_desk, nothing_is_written_before_the_log_was_read) {
  start(100);
  assign(3);
  EXPECT_THAT(written, IsEmpty());
  read({}, false);
  EXPECT_THAT(written, IsEmpty());
  read({});
  EXPECT_THAT(written_of<claim_entry>(), SizeIs(1));
  EXPECT_THAT(written_of<hello_entry>(), SizeIs(1));
  EXPECT_EQ(granted, 2);
}

TEST_F(at_the_desk, a_former_life_whose_clock_was_ahead_is_followed_and_not_taken_for_another_node) {
  start(100);
  assign(3);
  read({{"a", 5'000, hello_entry{"127.0.0.1:7411", "", false}}, {"a", 5'000, claim_entry{3, 1}}});
  EXPECT_THAT(failures, IsEmpty());
  ASSERT_THAT(written_of<claim_entry>(), SizeIs(1));
  EXPECT_EQ(written_of<claim_entry>()[0].incarnation, 5'001u);
  EXPECT_THAT(looked_for, IsEmpty()) << "the claim of the former life is not ours";
  read(written_of<claim_entry>());
  EXPECT_THAT(looked_for, ElementsAre(3u));
}

TEST_F(at_the_desk, of_two_nodes_with_one_name_the_one_that_came_first_ends) {
  start(100);
  read({});
  read({{"a", 100, hello_entry{}}});
  EXPECT_THAT(failures, IsEmpty());
  read({{"a", 101, hello_entry{}}});
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_THAT(failures[0], HasSubstr("another node calls itself 'a'"));
}

TEST_F(at_the_desk, an_order_is_answered_once_it_was_read_and_obeyed) {
  start(100);
  read({});
  read(written_of<lead_entry>());
  pass(300ms);
  read(written_of<mark_entry>()); // from here on it is known what time it is
  auto asked = self->request(desk, caf::infinite, operator_order{"order"});
  run();
  const auto orders = written_of<order_entry>();
  ASSERT_THAT(orders, SizeIs(1));
  const std::size_t before = steps.size();
  read(orders);
  ASSERT_GT(steps.size(), before);
  EXPECT_TRUE(std::holds_alternative<operator_said>(steps.back().said->at(0).what));
  caf::anon_send(desk, step_done{steps.back().number, never});
  run();
  bool answered = false;
  asked.receive([&] { answered = true; }, [](caf::error&) {});
  EXPECT_TRUE(answered);
}

TEST_F(at_the_desk, an_order_that_was_written_twice_is_obeyed_and_answered_once) {
  start(100);
  read({});
  read(written_of<lead_entry>());
  pass(300ms);
  read(written_of<mark_entry>());
  auto first = self->request(desk, caf::infinite, operator_order{"first"});
  auto second = self->request(desk, caf::infinite, operator_order{"second"});
  run();
  const auto orders = written_of<order_entry>();
  ASSERT_THAT(orders, SizeIs(2));
  const std::size_t before = steps.size();
  read({orders[0], orders[0]}); // its client had a fatal error, and wrote again
  ASSERT_EQ(steps.size(), before + 1);
  caf::anon_send(desk, step_done{steps.back().number, never});
  run();
  bool answered = false;
  first.receive([&] { answered = true; }, [](caf::error&) {});
  EXPECT_TRUE(answered);
  read({orders[1]});
  caf::anon_send(desk, step_done{steps.back().number, never});
  run();
  answered = false;
  second.receive([&] { answered = true; }, [](caf::error&) {});
  EXPECT_TRUE(answered);
}

TEST_F(at_the_desk, an_order_while_nobody_leads_is_refused) {
  start(100);
  read({});
  auto asked = self->request(desk, caf::infinite, operator_order{"order"});
  run();
  std::string why;
  asked.receive([] {}, [&](caf::error& e) { why = to_string(e); });
  EXPECT_THAT(why, HasSubstr("nobody leads"));
}

TEST_F(at_the_desk, the_leaders_time_does_not_lose_what_its_own_marks_take_to_come_back) {
  start(100);
  read({});
  read(written_of<lead_entry>());
  constexpr int marks = 200; // some windows of the cluster's clock
  for (int i = 0; i < marks; ++i) {
    written.clear();
    pass(250ms);
    const auto mark = written_of<mark_entry>();
    ASSERT_FALSE(mark.empty());
    pass(20ms); // its way through Kafka
    read({mark.front()});
  }
  const timestamp steady{std::chrono::duration_cast<duration>(self->clock().now().time_since_epoch())};
  EXPECT_EQ(shared->now(steady), at(0) + marks * duration{270ms});
}

TEST_F(at_the_desk, an_order_that_there_is_no_room_for_is_refused) {
  start(100);
  read({});
  full = true;
  for (int i = 0; i < 10'000; ++i) caf::anon_send(desk, notification_settled{"n" + std::to_string(i), "", false});
  run();
  auto asked = self->request(desk, caf::infinite, operator_order{"order"});
  run();
  bool refused = false;
  asked.receive([] {}, [&](caf::error&) { refused = true; });
  EXPECT_TRUE(refused);
}

} // namespace
} // namespace tocsin::cluster_desk_test

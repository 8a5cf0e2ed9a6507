// In a drill recorded time goes faster than the machine's: what waits for a recorded moment waits that much shorter.
#include <gmock/gmock.h>

#include "actor_fixture.hpp"
#include "actors/cluster_protocol.hpp"
#include "actors/intake.hpp"

namespace tocsin::drill_test {
using namespace tocsin::test;
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t speed = 60;

class in_a_drill : public actor_fixture {
protected:
  in_a_drill() { begin_drill({at(1000), at(0), speed}); }
  ~in_a_drill() override { begin_drill({}); }
};

TEST_F(in_a_drill, a_deadline_comes_when_its_recorded_time_does) {
  std::vector<step> steps;
  std::vector<caf::actor> introduced;
  intake_options o;
  o.shards.push_back(collector(steps));
  o.groups = collector(introduced);
  o.metrics = std::make_shared<node_metrics>();
  o.anchor = anchor_at(system, at(0));
  const caf::actor door = system.spawn<intake>(std::move(o));
  caf::anon_send(door, go_live{{}, 0s, 0});
  caf::anon_send(door, step_done{1, at(1090)});
  run();
  const std::size_t before = steps.size();
  pass(1499ms);
  EXPECT_EQ(steps.size(), before);
  pass(1ms);
  ASSERT_EQ(steps.size(), before + 1);
  EXPECT_EQ(steps.back().until, at(1090));
  caf::anon_send_exit(door, caf::exit_reason::user_shutdown);
  run();
}

TEST_F(in_a_drill, a_wait_is_shorter_and_before_the_drill_as_long_as_ever) {
  EXPECT_EQ(wait_between(at(1000), at(1060)), 1s);
  EXPECT_EQ(wait_between(at(970), at(1000)), 30s);
  EXPECT_EQ(wait_between(at(970), at(1060)), 31s);
}

TEST_F(in_a_drill, the_clusters_time_keeps_the_pace_of_the_drill_between_two_marks) {
  const clock_anchor anchor = anchor_at(system, at(0));
  const cluster_shared shared{anchor};
  const timestamp steady{-anchor.offset + at(0).time_since_epoch()};
  cluster_shared other{anchor};
  other.hear_mark(at(1000), steady);
  EXPECT_EQ(shared.now(steady), unset);
  EXPECT_EQ(other.now(steady + 10s), at(1600));
}

} // namespace
} // namespace tocsin::drill_test

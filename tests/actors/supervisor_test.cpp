// What a supervisor does when a child ends: again with back-off, or not at all and visibly.
#include "actors/supervisor.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "actor_fixture.hpp"

namespace tocsin::supervisor_test {
using namespace tocsin::test;
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Throws whatever text it is sent.
class fragile_actor final : public caf::event_based_actor {
public:
  explicit fragile_actor(caf::actor_config& cfg) : event_based_actor(cfg) {}
  caf::behavior make_behavior() override {
    keep_exception_text(this);
    return {[](const std::string& why) { throw std::runtime_error(why); }};
  }
};

class supervising : public actor_fixture {
protected:
  child_spec fragile(std::string name, bool vital = false) {
    return {name, [this, name](caf::event_based_actor* parent) -> caf::actor {
              const caf::actor a = parent->spawn<fragile_actor>();
              a->attach_functor([this, name] { ended.push_back(name); });
              return a;
            },
            vital};
  }
  void start(std::vector<child_spec> children, restart_limits limits = {}) {
    supervisor_options o;
    o.children = std::move(children);
    o.limits = limits;
    o.started = [this](const std::string& name, const caf::actor& a) {
      started.push_back(name);
      running[name] = a;
    };
    o.gave_up = [this](const std::string& name, const std::string& why) {
      gave_up.push_back(name + ": " + why);
    };
    boss = system.spawn<supervisor>(std::move(o));
    run();
  }
  void fail(const std::string& name) {
    caf::anon_send(running[name], std::string{"dropped"});
    run();
  }
  void TearDown() override {
    caf::anon_send_exit(boss, caf::exit_reason::user_shutdown);
    run();
    running.clear();
  }

  caf::actor boss;
  std::map<std::string, caf::actor> running;
  std::vector<std::string> started, ended, gave_up;
};

TEST_F(supervising, starts_in_order_and_stops_in_reverse) {
  start({fragile("one"), fragile("two"), fragile("three")});
  EXPECT_THAT(started, ElementsAre("one", "two", "three"));
  caf::anon_send_exit(boss, caf::exit_reason::user_shutdown);
  run();
  EXPECT_THAT(ended, ElementsAre("three", "two", "one"));
  EXPECT_TRUE(gave_up.empty());
}

TEST_F(supervising, restarts_one_child_alone_after_a_pause_that_doubles) {
  start({fragile("one"), fragile("two")});
  started.clear();
  fail("one");
  EXPECT_TRUE(started.empty());
  pass(49ms);
  EXPECT_TRUE(started.empty());
  pass(1ms);
  EXPECT_THAT(started, ElementsAre("one"));
  fail("one");
  pass(99ms);
  EXPECT_THAT(started, ElementsAre("one"));
  pass(1ms);
  EXPECT_THAT(started, ElementsAre("one", "one"));
  EXPECT_THAT(ended, ElementsAre("one", "one"));
}

TEST_F(supervising, forgets_the_pause_once_a_child_has_lived_well) {
  start({fragile("one")});
  fail("one");
  pass(50ms);
  pass(11s);
  started.clear();
  fail("one");
  pass(50ms);
  EXPECT_THAT(started, ElementsAre("one"));
}

TEST_F(supervising, gives_up_when_restarts_do_not_help) {
  restart_limits few;
  few.restarts_max = 2;
  start({fragile("one"), fragile("two")}, few);
  for (int i = 0; i < 2; ++i) {
    fail("one");
    pass(5s);
  }
  EXPECT_TRUE(gave_up.empty());
  fail("one");
  ASSERT_EQ(gave_up.size(), 1u);
  EXPECT_THAT(gave_up[0], HasSubstr("one: restarted too often"));
  EXPECT_THAT(gave_up[0], HasSubstr("dropped")); // why, in words
  EXPECT_THAT(ended, ElementsAre("one", "one", "one", "two"));
}

TEST_F(supervising, counts_restarts_only_within_the_window) {
  restart_limits few;
  few.restarts_max = 2;
  start({fragile("one")}, few);
  for (int i = 0; i < 6; ++i) {
    fail("one");
    pass(31s);
  }
  EXPECT_TRUE(gave_up.empty());
  EXPECT_EQ(started.size(), 7u);
}

TEST_F(supervising, ends_with_a_vital_child) {
  start({fragile("one"), fragile("heart", true)});
  fail("heart");
  ASSERT_EQ(gave_up.size(), 1u);
  EXPECT_THAT(gave_up[0], HasSubstr("heart"));
  EXPECT_THAT(started, ElementsAre("one", "heart"));
  EXPECT_THAT(ended, ElementsAre("heart", "one"));
}

TEST_F(supervising, leaves_a_child_that_was_asked_to_stop) {
  start({fragile("one")});
  caf::anon_send_exit(running["one"], caf::exit_reason::user_shutdown);
  run();
  pass(60s);
  EXPECT_THAT(started, ElementsAre("one"));
  EXPECT_TRUE(gave_up.empty());
}

} // namespace
} // namespace tocsin::supervisor_test

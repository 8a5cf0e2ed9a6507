// A shard and the daemons it hosts: each is an actor with messages, monitors and an end of its own.
#include <gmock/gmock.h>

#include <stdexcept>

#include "actor_fixture.hpp"
#include "actors/shard.hpp"
#include "codecs/journal_codec.hpp"

namespace tocsin::shard_test {
using namespace tocsin::test;
namespace {

/// Takes what a shard tells the groups.
class listening final : public caf::event_based_actor {
public:
  listening(caf::actor_config& cfg, std::vector<step_said>& said, std::vector<snapshot_part>& parts)
      : event_based_actor(cfg), said_(said), parts_(parts) {}
  caf::behavior make_behavior() override {
    return {[this](const step_said& s) { said_.push_back(s); },
            [this](const snapshot_part& p) { parts_.push_back(p); }};
  }

private:
  std::vector<step_said>& said_;
  std::vector<snapshot_part>& parts_;
};

class hosted_daemons : public actor_fixture {
protected:
  void start(std::function<void(const record&)> probe = {}) {
    shard_options o;
    o.part = {0, 1};
    o.rules = std::make_shared<const rule_book>();
    o.metrics = metrics;
    o.groups = system.spawn<listening>(said, parts);
    o.recorder = collector(set_aside);
    o.probe = std::move(probe);
    host = system.spawn<shard>(std::move(o));
  }
  void apply(std::shared_ptr<record_batch> batch) {
    const timestamp until = batch->records.back().at;
    caf::anon_send(host, step{++number, std::move(batch), nullptr, until, until});
    run();
  }
  caf::actor daemon_at(const char* address) {
    return ask<caf::actor>(host, find_daemon{address, "7500"});
  }
  void TearDown() override {
    caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
    run();
  }

  std::shared_ptr<node_metrics> metrics = std::make_shared<node_metrics>();
  std::vector<step_said> said;
  std::vector<snapshot_part> parts;
  std::vector<quarantined> set_aside;
  caf::actor host;
  std::uint64_t number = 0;
};

TEST_F(hosted_daemons, are_created_on_first_sight_and_answer_for_themselves) {
  start();
  EXPECT_NE(refusal<caf::actor>(host, find_daemon{"10.0.0.1", "7500"}), "");
  apply(heartbeats(0, {"10.0.0.1", "10.0.0.2"}));
  const auto one = ask<status_ptr>(daemon_at("10.0.0.1"), describe{});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->host, "10.0.0.1");
  EXPECT_EQ(ask<status_ptr>(daemon_at("10.0.0.2"), describe{})->host, "10.0.0.2");
  EXPECT_EQ(metrics->daemons, 2u);
}

TEST_F(hosted_daemons, refuse_messages_they_do_not_know) {
  start();
  apply(heartbeats(0, {"10.0.0.1"}));
  EXPECT_THAT(refusal<status_ptr>(daemon_at("10.0.0.1"), flush{}),
              ::testing::HasSubstr("unexpected_message"));
}

TEST_F(hosted_daemons, see_a_message_in_line_with_the_records) {
  start();
  apply(heartbeats(0, {"10.0.0.1"}));
  const caf::actor one = daemon_at("10.0.0.1");
  auto first = heartbeats(90, {"10.0.0.1"}), second = heartbeats(180, {"10.0.0.1"});
  caf::anon_send(host, step{2, first, nullptr, at(90), at(90)});
  auto pending = self->request(one, caf::infinite, describe{});
  caf::anon_send(host, step{3, second, nullptr, at(180), at(180)});
  run();
  status_ptr then;
  pending.receive([&](status_ptr& s) { then = s; }, [](caf::error&) {});
  ASSERT_TRUE(then);
  EXPECT_EQ(then->last_heard, at(90));
}

TEST_F(hosted_daemons, end_alone_when_their_machine_throws_and_are_replaced) {
  bool sick = false;
  start([&](const record& r) {
    if (std::exchange(sick, false) && r.host == "10.0.0.1") throw std::runtime_error("cannot think");
  });
  apply(heartbeats(0, {"10.0.0.1", "10.0.0.2"}));
  const caf::actor broken = daemon_at("10.0.0.1"), well = daemon_at("10.0.0.2");
  self->monitor(broken);
  sick = true;
  apply(heartbeats(90, {"10.0.0.1", "10.0.0.2"}));

  std::string reason;
  bool down = false;
  self->receive_while([&] { return !down; })([&](caf::down_msg& d) {
    down = true;
    EXPECT_EQ(d.source, broken.address());
    reason = system.render(d.reason);
  });
  EXPECT_THAT(reason, ::testing::HasSubstr("cannot think"));
  EXPECT_NE(refusal<status_ptr>(broken, describe{}), "");
  // The record that broke it was given to its successor; the neighbour noticed nothing.
  EXPECT_EQ(ask<status_ptr>(daemon_at("10.0.0.1"), describe{})->last_heard, at(90));
  EXPECT_EQ(ask<status_ptr>(well, describe{})->last_heard, at(90));
  EXPECT_EQ(daemon_at("10.0.0.2"), well);
  EXPECT_EQ(metrics->subject_restarts, 1u);
  EXPECT_EQ(metrics->records_quarantined, 0u);
  EXPECT_TRUE(set_aside.empty());
}

TEST_F(hosted_daemons, set_a_record_aside_that_breaks_them_twice) {
  start([](const record& r) {
    if (r.get(counter::clients) == 666) throw std::runtime_error("the number of the beast");
  });
  apply(heartbeats(0, {"10.0.0.1", "10.0.0.2"}));
  auto poison = heartbeats(90, {"10.0.0.1", "10.0.0.2"});
  poison->records[0].set(counter::clients, 666);
  apply(poison);
  apply(heartbeats(180, {"10.0.0.1", "10.0.0.2"}));

  ASSERT_EQ(set_aside.size(), 1u);
  EXPECT_EQ(set_aside[0].source, "rvd/10.0.0.1/7500");
  EXPECT_EQ(set_aside[0].at, at(90));
  EXPECT_THAT(set_aside[0].what.text, ::testing::HasSubstr("the number of the beast"));
  const auto kept = decode_records(set_aside[0].what.bytes);
  ASSERT_TRUE(kept) << kept.error().text;
  ASSERT_EQ(kept->records.size(), 1u);
  EXPECT_EQ(kept->records[0].get(counter::clients), 666u);
  EXPECT_EQ(metrics->records_quarantined, 1u);
  // Both go on.
  EXPECT_EQ(ask<status_ptr>(daemon_at("10.0.0.1"), describe{})->last_heard, at(180));
  EXPECT_EQ(ask<status_ptr>(daemon_at("10.0.0.2"), describe{})->last_heard, at(180));
}

TEST_F(hosted_daemons, end_with_their_host) {
  start();
  apply(heartbeats(0, {"10.0.0.1"}));
  const caf::actor one = daemon_at("10.0.0.1");
  self->monitor(one);
  caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
  run();
  bool down = false;
  self->receive([&](caf::down_msg& d) { down = d.source == one.address(); });
  EXPECT_TRUE(down);
  EXPECT_NE(refusal<status_ptr>(one, describe{}), "");
}

TEST_F(hosted_daemons, tell_their_next_deadline_with_each_step) {
  start();
  for (int i = 0; i < 5; ++i) apply(heartbeats(90.0 * i, {"10.0.0.1"}));
  ASSERT_EQ(said.size(), 5u);
  // Nobody is due before a beat is missing, and somebody is soon after.
  EXPECT_GT(said.back().wake, at(450));
  EXPECT_LT(said.back().wake, at(550));
}

TEST_F(hosted_daemons, are_saved_as_they_were_at_the_cut_while_life_goes_on) {
  start();
  auto many = std::make_shared<record_batch>();
  for (int i = 0; i < 1000; ++i)
    many->records.push_back(heartbeat(*many, 0, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
  apply(many);
  // The cut, and before it is done a step that changes everybody.
  caf::anon_send(host, take_snapshot{number, at(0)});
  auto later = std::make_shared<record_batch>(*many);
  for (record& r : later->records) r.at = at(90);
  caf::anon_send(host, step{++number, later, nullptr, at(90), at(90)});
  run();
  EXPECT_EQ(parts.size(), 1u) << "a little at a time";
  for (int i = 0; i < 10; ++i) pass(std::chrono::milliseconds{1});
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_FALSE(parts[0].bytes) << "first the mark, in line with the steps";
  ASSERT_TRUE(parts[1].bytes);

  shard_options o;
  o.part = {0, 1};
  o.rules = std::make_shared<const rule_book>();
  o.metrics = metrics;
  o.groups = collector(said);
  o.snapshot = {parts[1].bytes};
  const caf::actor restored = system.spawn<shard>(std::move(o));
  const auto all = ask<daemon_list>(restored, list_daemons{});
  EXPECT_EQ(all.daemons.size(), 1000u);
  for (const auto& d : all.daemons) EXPECT_EQ(d->last_heard, at(0)) << d->subject;
  caf::anon_send_exit(restored, caf::exit_reason::user_shutdown);
}

TEST_F(hosted_daemons, are_listed_by_page_and_filter) {
  start();
  apply(heartbeats(0, {"10.0.0.1", "10.0.0.2", "10.0.0.3"}));
  EXPECT_EQ(ask<daemon_list>(host, list_daemons{}).daemons.size(), 3u);
  const auto page = ask<daemon_list>(host, list_daemons{"", "", 1, 0});
  EXPECT_EQ(page.daemons.size(), 1u);
  EXPECT_EQ(page.total, 3u);
  EXPECT_EQ(ask<daemon_list>(host, list_daemons{"10.0.0.2", ""}).total, 1u);
  EXPECT_EQ(ask<daemon_list>(host, list_daemons{"", "lost"}).total, 0u);
}

} // namespace
} // namespace tocsin::shard_test

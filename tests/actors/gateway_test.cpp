// The gateway over a wire that keeps what is sent: who is there, who is silent, who is somebody else; time is virtual.
#include "actors/gateway.hpp"

#include <gmock/gmock.h>

#include "actor_fixture.hpp"

namespace tocsin::gateway_test {
using namespace tocsin::test;
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Connections are numbers, and frames are kept.
class kept_wire final : public peer_link {
public:
  struct sent {
    std::uint64_t connection;
    envelope what;
  };
  result<void> start(peer_link_events) override { return {}; }
  void stop() override {}
  std::uint64_t open(const std::string& address) override {
    opened.push_back(address);
    return opened.size();
  }
  void send(std::uint64_t connection, std::string frame) override {
    const std::lock_guard lock{guard};
    all.push_back({connection, decode_envelope(frame).value()});
    changed.notify_all();
  }
  void close(std::uint64_t connection) override { closed.push_back(connection); }
  void refuse(std::uint64_t connection, const std::string& why) override { refused.emplace_back(connection, why); }
  peer_link_counts counts() const override { return {}; }
  int port() const override { return 0; }

  /// The newest on this connection.
  envelope last(std::uint64_t connection) {
    const std::lock_guard lock{guard};
    for (auto at = all.rbegin(); at != all.rend(); ++at)
      if (at->connection == connection) return at->what;
    ADD_FAILURE() << "nothing was sent on " << connection;
    return {};
  }
  std::size_t count() {
    const std::lock_guard lock{guard};
    return all.size();
  }

  std::vector<std::string> opened; ///< by connection, from 1 on
  std::vector<std::uint64_t> closed;
  std::vector<std::pair<std::uint64_t, std::string>> refused;
  std::mutex guard;
  std::condition_variable changed;
  std::vector<sent> all;
};

class the_gateway : public actor_fixture {
protected:
  void start(std::vector<peer> peers) {
    gateway_options o{"a", 100, wire, metrics, {}, std::move(peers), [](std::string_view q) -> result<std::string> {
                        if (q == "no") return fail(errc::invalid, "that is not known here");
                        if (q == "bug") throw std::runtime_error("oops");
                        return "you asked " + std::string{q};
                      },
                      [this](std::vector<peer_view> v) { views = std::move(v); }};
    actor = system.spawn<gateway>(std::move(o));
    run();
  }
  void TearDown() override {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    run();
    actor = nullptr;
  }
  template <class Message>
  void tell(Message m) {
    caf::anon_send(actor, std::move(m));
    run();
  }
  /// Somebody answers the newest question on that connection.
  void answer(std::uint64_t connection, const std::string& node, std::uint64_t incarnation, const std::string& bytes = "") {
    const envelope e{envelope_kind::answer, node, incarnation, 0, wire->last(connection).id, 0, bytes};
    tell(frame_answered{connection, std::make_shared<const std::string>(encode(e))});
  }
  void question(std::uint64_t connection, const std::string& node, std::uint64_t incarnation, const std::string& bytes) {
    const envelope e{envelope_kind::question, node, incarnation, 0, 77, 2000, bytes};
    tell(frame_asked{connection, std::make_shared<const std::string>(encode(e))});
  }
  std::shared_ptr<asked> ask_others() {
    auto into = std::make_shared<asked>();
    tell(ask_peers{into, "what?", 2s});
    return into;
  }
  std::string state(std::size_t i) const { return i < views.size() ? std::string{to_text(views[i].state)} : "none"; }

  std::shared_ptr<kept_wire> wire = std::make_shared<kept_wire>();
  std::shared_ptr<cluster_metrics> metrics = std::make_shared<cluster_metrics>();
  std::vector<peer_view> views;
  caf::actor actor;
};

TEST_F(the_gateway, learns_names_and_asks_everybody) {
  start({{"", "h:1"}, {"", "h:2"}});
  EXPECT_EQ(wire->opened, (std::vector<std::string>{"h:1", "h:2"}));
  EXPECT_EQ(state(0), "unheard");
  answer(1, "b", 7);
  answer(2, "c", 8);
  EXPECT_EQ(views[0].who, (peer{"b", "h:1"}));
  EXPECT_EQ(state(0) + state(1), "reachablereachable");
  const auto into = ask_others();
  EXPECT_EQ(wire->last(1).bytes, "what?");
  EXPECT_EQ(wire->last(1).deadline_ms, 2000u);
  answer(1, "b", 7, "from b");
  answer(2, "c", 8, "from c");
  const auto all = into->wait(0s);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(*all[0].bytes + *all[1].bytes, "from bfrom c");
  EXPECT_EQ(all[1].incarnation, 8u);
  EXPECT_EQ(metrics->questions, 2u);
  EXPECT_EQ(metrics->answers, 2u);
  EXPECT_EQ(metrics->in_flight, 0u);
}

TEST_F(the_gateway, names_who_does_not_answer_and_does_not_wait_for_it_again) {
  start({{"", "h:1"}});
  answer(1, "b", 7);
  const auto first = ask_others();
  pass(1s);
  pass(1s);
  EXPECT_EQ(metrics->timeouts, 1u);
  const auto begun = std::chrono::steady_clock::now();
  const auto all = first->wait(1min);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s) << "who waits knows when the gateway does";
  EXPECT_EQ(all[0].bytes.error().code, errc::timeout);
  EXPECT_EQ(all[0].who.node, "b");
  EXPECT_EQ(state(0), "silent");
  const std::size_t before = wire->count();
  EXPECT_THAT(ask_others()->wait(0s)[0].bytes.error().text, HasSubstr("no answer within 2s"));
  EXPECT_EQ(wire->count(), before);
}

TEST_F(the_gateway, gives_up_a_connection_without_a_sign_of_life_and_finds_its_peer_again) {
  start({{"", "h:1"}});
  answer(1, "b", 7);
  pass(1s);
  for (int i = 0; i < 3; ++i) pass(1s);
  EXPECT_EQ(state(0), "silent");
  EXPECT_THAT(views[0].reason, HasSubstr("no sign of life within 2s"));
  for (int i = 0; i < 8; ++i) pass(1s);
  EXPECT_EQ(wire->closed, (std::vector<std::uint64_t>{1}));
  pass(1s);
  ASSERT_EQ(wire->opened.size(), 2u);
  answer(2, "b", 9);
  EXPECT_EQ(state(0), "reachable");
  EXPECT_EQ(views[0].incarnation, 9u);
}

TEST_F(the_gateway, fails_at_once_what_was_asked_on_a_connection_that_broke) {
  start({{"", "h:1"}});
  answer(1, "b", 7);
  const auto into = ask_others();
  tell(connection_lost{1, "the wire was cut"});
  const auto all = into->wait(0s);
  EXPECT_EQ(all[0].bytes.error().code, errc::unreachable);
  EXPECT_EQ(all[0].bytes.error().text, "the wire was cut");
  EXPECT_EQ(views[0].reason, "the wire was cut");
  EXPECT_EQ(wire->opened.size(), 1u);
  pass(1s);
  EXPECT_EQ(wire->opened.size(), 2u);
}

TEST_F(the_gateway, knows_itself_and_whoever_has_two_addresses) {
  start({{"", "h:0"}, {"", "h:1"}, {"", "other:1"}});
  answer(1, "a", 100);
  answer(2, "b", 7);
  answer(3, "b", 7);
  ASSERT_EQ(views.size(), 1u);
  EXPECT_EQ(views[0].who, (peer{"b", "h:1"}));
  EXPECT_EQ(wire->closed, (std::vector<std::uint64_t>{1, 3}));
  const auto into = ask_others();
  answer(2, "b", 7, "alone");
  EXPECT_EQ(into->wait(0s).size(), 1u);
}

TEST_F(the_gateway, takes_nobody_for_somebody_else) {
  start({{"", "h:1"}, {"", "h:2"}, {"c", "h:3"}, {"", "h:4"}});
  answer(1, "b", 7);
  answer(2, "b", 8);
  answer(3, "d", 9);
  answer(4, "a", 101);
  std::vector<std::string> reasons;
  for (const peer_view& v : views) reasons.push_back(v.who.address + " " + v.reason);
  EXPECT_THAT(reasons, ::testing::UnorderedElementsAre("h:1 ", "h:2 it is called b, as the node at h:1 is; give each node a name of its own",
                                                       "h:3 it is called d, and should be c",
                                                       "h:4 it is called a, as this node is; give each node a name of its own"));
}

TEST_F(the_gateway, gives_up_who_says_what_nobody_can_mean) {
  start({{"", "h:1"}});
  tell(frame_answered{1, std::make_shared<const std::string>("HTTP/1.1 400 Bad Request")});
  EXPECT_EQ(state(0), "silent");
  EXPECT_THAT(views[0].reason, HasSubstr("no envelope"));
  tell(frame_asked{9, std::make_shared<const std::string>("GET / HTTP/1.1")});
  ASSERT_EQ(wire->refused.size(), 1u);
  EXPECT_EQ(wire->refused[0].first, 9u);
}

TEST_F(the_gateway, answers_others_from_a_thread_that_may_block) {
  start({});
  const auto answered = [this](const std::string& q, std::uint64_t connection) {
    question(connection, "b", 7, q);
    std::unique_lock lock{wire->guard};
    EXPECT_TRUE(wire->changed.wait_for(lock, 20s, [&] { return !wire->all.empty() && wire->all.back().connection == connection; }));
    return wire->all.back().what;
  };
  const envelope sign = answered("", 1), told = answered("why", 2), refused = answered("no", 3), broken = answered("bug", 4);
  EXPECT_EQ(sign, (envelope{envelope_kind::answer, "a", 100, 0, 77, 0, ""}));
  EXPECT_EQ(told.bytes, "you asked why");
  EXPECT_EQ(refused, (envelope{envelope_kind::refusal, "a", 100, 0, 77, 0, "that is not known here"}));
  EXPECT_EQ(broken.bytes, "answering failed: oops");
}

TEST_F(the_gateway, refuses_another_node_of_its_name) {
  start({});
  question(5, "a", 101, "");
  EXPECT_EQ(wire->last(5).kind, envelope_kind::refusal);
  EXPECT_EQ(metrics->names_twice, 1u);
  question(6, "a", 100, ""); // that is us
  EXPECT_EQ(wire->last(6).kind, envelope_kind::answer);
}

TEST_F(the_gateway, keeps_who_stays_when_its_peers_change) {
  start({{"", "h:1"}, {"", "h:2"}});
  answer(1, "b", 7);
  tell(new_peers{{{"", "h:1"}, {"", "h:3"}}});
  EXPECT_EQ(wire->closed, (std::vector<std::uint64_t>{2}));
  ASSERT_EQ(views.size(), 2u);
  EXPECT_EQ(views[1].who, (peer{"b", "h:1"}));
  EXPECT_EQ(state(1), "reachable");
}

} // namespace
} // namespace tocsin::gateway_test

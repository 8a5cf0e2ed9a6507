// How notifications reach their receivers: again after failures, never twice after success, and
// nobody waits for somebody else's receiver.
#include <gmock/gmock.h>

#include <set>
#include <stdexcept>

#include "actor_fixture.hpp"
#include "actors/notifier.hpp"
#include "actors/recorder.hpp"

namespace tocsin::delivery_test {
using namespace tocsin::test;
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using outcome = delivery::outcome_t;

/// Answers what a test has prepared, and remembers what it was given.
class scripted_sender final : public sender {
public:
  struct script {
    std::vector<std::function<delivery()>> answers; ///< then: delivered
    std::vector<std::string> sent;
  };
  explicit scripted_sender(std::shared_ptr<script> s) : script_(std::move(s)) {}
  delivery send(const notification& n) override {
    script_->sent.push_back(n.id);
    if (script_->answers.empty()) return {outcome::delivered, "200", {}};
    const auto answer = script_->answers.front();
    script_->answers.erase(script_->answers.begin());
    return answer();
  }

private:
  std::shared_ptr<script> script_;
};

std::function<delivery()> answers(outcome what, std::string text,
                                  std::optional<duration> retry_after = {}) {
  return [=] { return delivery{what, text, retry_after}; };
}

class delivering : public actor_fixture {
protected:
  receiver_options a_receiver(const std::string& name) {
    auto& script = scripts[name];
    if (!script) script = std::make_shared<scripted_sender::script>();
    receiver_options o;
    o.name = name;
    o.make = [script] { return std::make_unique<scripted_sender>(script); };
    o.metrics = metrics;
    o.anchor = anchor_at(system, at(0));
    return o;
  }
  void start(std::initializer_list<const char*> names) {
    notifier_options o;
    o.recorder = collector(outcomes);
    o.metrics = metrics;
    o.anchor = anchor_at(system, at(0));
    o.detached = false;
    for (const char* name : names) o.receivers.push_back(a_receiver(name));
    bell = system.spawn<notifier>(std::move(o));
    run();
  }
  void notify(const std::string& id, const std::string& receiver) {
    auto n = std::make_shared<notification>();
    n->id = id;
    n->receiver = receiver;
    n->at = at(0);
    caf::anon_send(bell, deliver{n, 0});
    run();
  }
  std::vector<std::string> states() const {
    std::vector<std::string> out;
    for (const attempted& a : outcomes) out.push_back(a.id + " " + a.state);
    return out;
  }
  void TearDown() override {
    caf::anon_send_exit(bell, caf::exit_reason::user_shutdown);
    run();
  }

  std::shared_ptr<node_metrics> metrics = std::make_shared<node_metrics>();
  std::map<std::string, std::shared_ptr<scripted_sender::script>> scripts;
  std::vector<attempted> outcomes;
  caf::actor bell;
};

TEST_F(delivering, says_it_once) {
  start({"mail"});
  notify("a", "mail");
  pass(1h);
  EXPECT_THAT(scripts["mail"]->sent, ElementsAre("a"));
  EXPECT_THAT(states(), ElementsAre("a delivered"));
  EXPECT_EQ(metrics->notifications_delivered, 1u);
  EXPECT_EQ(metrics->notifications_waiting, 0u);
}

TEST_F(delivering, tries_again_with_the_same_id_and_growing_pauses) {
  start({"mail"});
  for (int i = 0; i < 3; ++i)
    scripts["mail"]->answers.push_back(answers(outcome::retry, "451 later"));
  notify("a", "mail");
  pass(799ms);
  EXPECT_EQ(scripts["mail"]->sent.size(), 1u);
  pass(401ms); // 1 s, 20 % more or less
  EXPECT_EQ(scripts["mail"]->sent.size(), 2u);
  pass(1599ms);
  EXPECT_EQ(scripts["mail"]->sent.size(), 2u);
  pass(801ms);
  EXPECT_EQ(scripts["mail"]->sent.size(), 3u);
  pass(1h);
  EXPECT_THAT(scripts["mail"]->sent, ElementsAre("a", "a", "a", "a"));
  EXPECT_THAT(states(), ElementsAre("a waiting", "a waiting", "a waiting", "a delivered"));
  EXPECT_EQ(metrics->notifications_retried, 3u);
}

TEST_F(delivering, waits_as_long_as_the_receiver_asks) {
  start({"hook"});
  scripts["hook"]->answers.push_back(answers(outcome::retry, "429", 2min));
  notify("a", "hook");
  pass(119s);
  EXPECT_EQ(scripts["hook"]->sent.size(), 1u);
  pass(1s);
  EXPECT_EQ(scripts["hook"]->sent.size(), 2u);
  EXPECT_EQ(outcomes[0].next_attempt, at(120));
}

TEST_F(delivering, keeps_what_is_refused_as_dead) {
  start({"mail"});
  scripts["mail"]->answers.push_back(answers(outcome::refused, "550 no such user"));
  notify("a", "mail");
  pass(1h);
  EXPECT_THAT(states(), ElementsAre("a dead"));
  EXPECT_EQ(outcomes[0].answer, "550 no such user");
  EXPECT_EQ(metrics->notifications_dead, 1u);
  EXPECT_EQ(metrics->notifications_waiting, 0u);
}

TEST_F(delivering, gives_up_after_three_days_and_says_so) {
  start({"mail"});
  scripts["mail"]->answers.assign(5000, answers(outcome::retry, "421 closed"));
  notify("a", "mail");
  for (int hour = 0; hour < 71; ++hour)
    for (int i = 0; i < 60; ++i) pass(1min);
  EXPECT_EQ(metrics->notifications_dead, 0u);
  for (int i = 0; i < 70; ++i) pass(1min);
  EXPECT_EQ(metrics->notifications_dead, 1u);
  EXPECT_EQ(outcomes.back().state, "dead");
  const std::size_t attempts = scripts["mail"]->sent.size();
  EXPECT_GT(attempts, 700u); // every five minutes, not less
  pass(24h);
  EXPECT_EQ(scripts["mail"]->sent.size(), attempts);
}

TEST_F(delivering, a_receiver_that_fails_holds_up_nobody_else) {
  start({"broken", "well"});
  scripts["broken"]->answers.assign(100, answers(outcome::retry, "no answer"));
  notify("a@broken", "broken");
  notify("a@well", "well");
  EXPECT_THAT(scripts["well"]->sent, ElementsAre("a@well"));
}

TEST_F(delivering, an_error_of_ours_in_one_notification_does_not_keep_the_others_waiting) {
  start({"mail"});
  scripts["mail"]->answers.push_back([]() -> delivery { throw std::runtime_error("bug"); });
  notify("a", "mail");
  notify("b", "mail");
  EXPECT_THAT(scripts["mail"]->sent, ElementsAre("a", "b"));
  EXPECT_THAT(outcomes[0].answer, HasSubstr("bug"));
  pass(2s);
  EXPECT_THAT(states(), ElementsAre("a waiting", "b delivered", "a delivered"));
}

/// As in a node with a disk: what waits is there.
class kept_on_disk : public delivering {
protected:
  void open() {
    auto opened = open_sqlite_store(":memory:");
    ASSERT_TRUE(opened) << opened.error().text;
    disk = std::shared_ptr<store>{std::move(*opened)};
    recorder_options o;
    o.disk = disk;
    o.metrics = metrics;
    o.anchor = anchor_at(system, at(0));
    o.keep_journal = o.keep_incidents = 24h;
    memory = system.spawn<recorder>(std::move(o));
    run();
  }
  void begin(std::size_t held_max = 10) {
    notifier_options o;
    o.recorder = memory;
    o.kept = true;
    o.metrics = metrics;
    o.anchor = anchor_at(system, at(0));
    o.detached = false;
    auto r = a_receiver("mail");
    r.rules.held_max = held_max;
    o.receivers.push_back(std::move(r));
    bell = system.spawn<notifier>(std::move(o));
    caf::anon_send(memory, bell);
    run();
  }
  void tell(const std::string& id, severity level = severity::info) {
    auto s = std::make_shared<story>();
    incident i{};
    i.at = i.since = at(1);
    i.id = id;
    i.revision = 1;
    i.level = level;
    s->notifications.push_back({at(1), id + ".1@mail", "mail", "opened", i});
    caf::anon_send(memory, story_told{s});
    run();
  }
  std::size_t in_state(const std::string& state) {
    const auto rows = disk->outbox(state, "", 1000);
    EXPECT_TRUE(rows) << rows.error().text;
    return rows ? rows->size() : 0;
  }
  void TearDown() override {
    delivering::TearDown();
    caf::anon_send_exit(memory, caf::exit_reason::user_shutdown);
    run();
  }
  std::shared_ptr<store> disk;
  caf::actor memory;
};

TEST_F(kept_on_disk, more_than_memory_holds_waits_on_disk_and_all_of_it_is_said_once) {
  open();
  for (int i = 0; i < 95; ++i) tell("n" + std::to_string(i)); // before anybody delivers: a former process
  begin();
  pass(1h);
  EXPECT_EQ(in_state("delivered"), 95u);
  auto sent = scripts["mail"]->sent;
  EXPECT_EQ(sent.size(), 95u);
  EXPECT_EQ(std::set<std::string>(sent.begin(), sent.end()).size(), 95u);
}

TEST_F(kept_on_disk, the_next_is_tried_when_the_ledger_has_the_last) {
  open();
  for (int i = 0; i < 5; ++i) tell("n" + std::to_string(i));
  std::vector<std::size_t> kept; // at each attempt
  scripts["mail"] = std::make_shared<scripted_sender::script>();
  scripts["mail"]->answers.assign(5, [&] {
    kept.push_back(in_state("delivered"));
    return delivery{outcome::delivered, "200", {}};
  });
  begin();
  EXPECT_THAT(kept, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(kept_on_disk, what_is_critical_overtakes_what_waits_on_disk) {
  open();
  for (int i = 0; i < 50; ++i) tell("n" + std::to_string(i));
  tell("urgent", severity::critical);
  begin();
  EXPECT_EQ(scripts["mail"]->sent.front(), "urgent.1@mail");
}

TEST_F(kept_on_disk, a_receiver_that_is_gone_keeps_everything_until_the_configuration_is_read_anew) {
  open();
  begin();
  scripts["mail"]->answers.push_back([] { delivery d{outcome::retry, "410 Gone", {}}; d.disable = true; return d; });
  tell("a");
  tell("b");
  pass(24h);
  EXPECT_THAT(scripts["mail"]->sent, ElementsAre("a.1@mail"));
  EXPECT_EQ(in_state("waiting"), 2u);
  caf::anon_send(bell, new_receivers{std::make_shared<std::vector<receiver_options>>(1, a_receiver("mail"))});
  run();
  EXPECT_THAT(scripts["mail"]->sent, ElementsAre("a.1@mail", "a.1@mail", "b.1@mail"));
  EXPECT_EQ(in_state("delivered"), 2u);
}

TEST_F(kept_on_disk, a_new_process_does_not_wait_for_the_pauses_of_the_old_one) {
  open();
  begin();
  scripts["mail"]->answers.assign(1, answers(outcome::retry, "421", 1h));
  tell("a");
  caf::anon_send_exit(bell, caf::exit_reason::user_shutdown);
  run();
  begin();
  EXPECT_THAT(scripts["mail"]->sent, ElementsAre("a.1@mail", "a.1@mail"));
}

TEST_F(delivering, a_name_nobody_configured_is_dead_with_a_reason) {
  start({"mail"});
  notify("a", "pager");
  EXPECT_THAT(states(), ElementsAre("a dead"));
  EXPECT_THAT(outcomes[0].answer, HasSubstr("no receiver of that name"));
}

TEST_F(delivering, a_reload_hands_what_waits_to_the_new_receivers) {
  start({"mail"});
  scripts["mail"]->answers.assign(3, answers(outcome::retry, "no answer"));
  notify("a", "mail");
  auto fresh = std::make_shared<std::vector<receiver_options>>();
  scripts["mail"] = nullptr; // a new address
  fresh->push_back(a_receiver("mail"));
  caf::anon_send(bell, new_receivers{fresh});
  run();
  pass(1h);
  EXPECT_THAT(scripts["mail"]->sent, ElementsAre("a"));
  EXPECT_THAT(states(), ElementsAre("a waiting", "a delivered"));
}

TEST(retry_delay, doubles_up_to_five_minutes_and_spreads) {
  for (std::uint32_t attempt = 0; attempt < 40; ++attempt) {
    const double base = std::min(300.0, std::pow(2.0, attempt));
    const double delay = to_seconds(retry_delay(attempt, "id", {}));
    EXPECT_GE(delay, 0.8 * base - 1e-6);
    EXPECT_LE(delay, 1.2 * base + 1e-6);
  }
  EXPECT_NE(retry_delay(3, "one", {}), retry_delay(3, "two", {}));
  EXPECT_EQ(retry_delay(3, "one", {}), retry_delay(3, "one", {})) << "a replay says the same";
  EXPECT_EQ(retry_delay(0, "id", 10min), duration{10min});
}

} // namespace
} // namespace tocsin::delivery_test

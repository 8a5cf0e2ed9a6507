// The node's memory: what is told has been written first, once, and a disk that fails is loud.
#include "actors/recorder.hpp"

#include <gmock/gmock.h>

#include "actor_fixture.hpp"
#include "codecs/json_views.hpp"

namespace tocsin::recorder_test {
using namespace tocsin::test;
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class recording : public actor_fixture {
protected:
  void start(std::shared_ptr<store> on) {
    disk = std::move(on);
    recorder_options o;
    o.disk = disk;
    o.metrics = metrics;
    o.anchor = anchor_at(system, at(0));
    o.notifier = collector(delivered);
    o.keep_journal = o.keep_incidents = 24h;
    o.source_names = {"pipe", "feed"};
    o.kept = [this](std::size_t source, std::uint64_t ticket) { said_kept.emplace_back(source, ticket); };
    memory = system.spawn<recorder>(std::move(o));
    run();
  }
  void start() {
    auto opened = open_sqlite_store(":memory:");
    ASSERT_TRUE(opened) << opened.error().text;
    start(std::shared_ptr<store>{std::move(*opened)});
  }
  template <class Message>
  void tell(Message what) {
    caf::anon_send(memory, std::move(what));
    run();
  }
  static story_told a_story(const std::string& id) {
    auto s = std::make_shared<story>();
    incident i{};
    i.at = i.since = at(1);
    i.id = id;
    i.revision = 1;
    i.title = "daemon lost";
    s->incidents.push_back(i);
    s->notifications.push_back({at(1), id + ".1@mail", "mail", "opened", i});
    return {s};
  }
  static journal_append mark(double seconds) {
    auto batch = std::make_shared<record_batch>();
    record r;
    r.kind = record_kind::time_mark;
    r.at = at(seconds);
    batch->records.push_back(r);
    return {batch};
  }
  std::vector<record_kind> journal() {
    std::vector<record_kind> kinds;
    auto outcome = disk->replay(0, [&](record_batch&& b) {
      for (const record& r : b.records) kinds.push_back(r.kind);
    });
    EXPECT_TRUE(outcome);
    return kinds;
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    for (const deliver& d : delivered) out.push_back(d.what->id);
    return out;
  }
  /// Ids and attempts.
  std::vector<std::string> waiting_for(const std::string& receiver, std::size_t most = 10) {
    auto asked = self->request(memory, caf::infinite, refill_please{receiver, most});
    run();
    std::vector<std::string> out;
    asked.receive(
        [&](refill& r) {
          for (const deliver& d : r.all) out.push_back(d.what->id + " " + std::to_string(d.attempts));
          if (!r.complete) out.push_back("and more");
        },
        [&](caf::error& e) { ADD_FAILURE() << to_string(e); });
    return out;
  }
  void TearDown() override {
    caf::anon_send_exit(memory, caf::exit_reason::user_shutdown);
    run();
  }

  std::shared_ptr<store> disk;
  std::shared_ptr<node_metrics> metrics = std::make_shared<node_metrics>();
  std::vector<deliver> delivered;
  std::vector<std::pair<std::size_t, std::uint64_t>> said_kept;
  caf::actor memory;
};

TEST_F(recording, a_notification_is_in_the_outbox_before_anybody_delivers_it) {
  start();
  tell(journal_append{heartbeats(0, {"10.0.0.1"})});
  tell(a_story("i1"));
  EXPECT_THAT(ids(), ElementsAre("i1.1@mail"));
  const auto waiting = disk->waiting(never, 10);
  ASSERT_TRUE(waiting);
  ASSERT_EQ(waiting->size(), 1u);
  EXPECT_EQ(waiting->front().id, "i1.1@mail");
  EXPECT_TRUE(disk->find_incident("i1")->has_value());
}

TEST_F(recording, a_notification_said_before_is_not_said_again) {
  start();
  tell(a_story("i1"));
  tell(attempted{"i1.1@mail", "delivered", "250 ok", at(2), at(2)});
  tell(a_story("i1")); // a replay after a restart comes to the same conclusion
  EXPECT_THAT(ids(), ElementsAre("i1.1@mail"));
  EXPECT_TRUE(disk->waiting(never, 10)->empty());
}

TEST_F(recording, input_counts_as_kept_only_when_it_is_committed) {
  start();
  tell(journal_append{heartbeats(0, {"10.0.0.1", "10.0.0.2"})});
  EXPECT_EQ(metrics->journal_records, 0u);
  pass(20ms);
  EXPECT_EQ(metrics->journal_records, 2u);
}

TEST_F(recording, a_question_behind_the_input_makes_it_durable_at_once) {
  start();
  tell(journal_append{heartbeats(0, {"10.0.0.1"})});
  auto pending = self->request(memory, caf::infinite, flush{});
  run();
  bool durable = false;
  pending.receive([&] { durable = true; }, [](caf::error&) {});
  EXPECT_TRUE(durable);
  EXPECT_EQ(metrics->journal_records, 1u);
}

TEST_F(recording, the_passing_of_time_is_written_only_when_something_came_of_it) {
  start();
  for (int i = 1; i <= 100; ++i) tell(mark(i));
  pass(1s);
  EXPECT_TRUE(journal().empty());
  tell(a_story("i1"));
  EXPECT_THAT(journal(), ElementsAre(record_kind::time_mark));
  tell(mark(101));
  tell(journal_append{heartbeats(102, {"10.0.0.1"})}); // later than the mark: it says as much
  pass(1s);
  EXPECT_THAT(journal(), ElementsAre(record_kind::time_mark, record_kind::heartbeat));
}

TEST_F(recording, a_snapshot_knows_the_journal_offset_of_its_cut) {
  start();
  tell(journal_append{heartbeats(0, {"10.0.0.1", "10.0.0.2"})});
  tell(take_snapshot{5, at(1)});
  tell(journal_append{heartbeats(2, {"10.0.0.1"})});
  const snapshot_taken taken{{5, at(1)}, "groups", {std::make_shared<const std::string>("shard")}};
  tell(taken);
  const auto kept = disk->load_snapshot();
  ASSERT_TRUE(kept && kept->has_value());
  EXPECT_EQ((*kept)->next_offset, 2u);
  EXPECT_EQ((*kept)->bytes, joined(taken));
  EXPECT_EQ(metrics->snapshots, 1u);
}

TEST_F(recording, a_report_that_is_due_is_delivered_as_a_mail_once) {
  start();
  auto s = std::make_shared<story>();
  report_due due;
  due.at = due.figures.at = due.figures.from = due.figures.detailed_from = at(5);
  due.receiver = "mail";
  s->reports.push_back(due);
  tell(story_told{s});
  tell(story_told{s}); // a replay after a restart
  ASSERT_EQ(delivered.size(), 1u);
  const notification& n = *delivered[0].what;
  EXPECT_EQ(n.reason, "report");
  EXPECT_EQ(n.receiver, "mail");
  EXPECT_THAT(n.about.title, ::testing::HasSubstr("Alarm report"));
  EXPECT_THAT(n.page, ::testing::HasSubstr("<html"));
  EXPECT_FALSE(n.response.empty());
}

TEST_F(recording, where_a_log_was_read_to_is_kept_with_what_was_read) {
  start();
  const auto covering = [](std::int64_t next) { return std::make_shared<const log_positions>(log_positions{{"inputs", 3, next}}); };
  tell(journal_append{heartbeats(0, {"10.0.0.1"}), 0, 1, 7, covering(10)});
  tell(journal_append{std::make_shared<const record_batch>(), 0, 1, 8, covering(12)});
  EXPECT_TRUE(said_kept.empty()) << "not yet committed";
  pass(20ms);
  EXPECT_THAT(said_kept, ElementsAre(std::pair<std::size_t, std::uint64_t>{1, 7}, std::pair<std::size_t, std::uint64_t>{1, 8}));
  EXPECT_THAT(*disk->positions("feed"), ElementsAre(log_position{"inputs", 3, 12}));
  EXPECT_EQ(journal().size(), 1u);
}

/// A disk that is full.
class full_disk final : public store {
public:
  bool room = false;
  std::string never; ///< id of an incident that is refused in any case
  std::vector<std::string> kept; ///< ids and revisions of incidents
  result<void> begin() override { return room ? result<void>{} : no(); }
  result<void> commit() override { return room ? result<void>{} : no(); }
  result<void> append(const record_batch&, std::size_t, std::size_t) override { return no(); }
  result<void> save_snapshot(const snapshot&) override { return no(); }
  result<void> save_positions(const std::string&, const log_positions&) override { return no(); }
  result<log_positions> positions(const std::string&) const override { return no(); }
  result<std::vector<stored_incident>> incidents_changed(timestamp, std::size_t) const override { return no(); }
  result<void> upsert_incident(const incident& i, const std::string&) override {
    if (!room || i.id == never) return no();
    kept.push_back(i.id + "." + std::to_string(i.revision));
    return {};
  }
  std::vector<std::string> outbox_rows; ///< what became of notifications, in order
  result<bool> enqueue(const outbox_entry& e) override {
    if (!room) return no();
    outbox_rows.push_back(e.id + " " + e.state);
    return true;
  }
  result<void> record_attempt(const std::string& id, const std::string& state, timestamp, timestamp,
                              const std::string&, const std::vector<std::string>&) override {
    if (!room) return no();
    outbox_rows.push_back(id + " " + state);
    return {};
  }
  result<std::uint64_t> redrive(const std::string&, timestamp, timestamp, timestamp) override {
    return no();
  }
  result<std::uint64_t> bury(const std::string&, const std::string&) override { return no(); }
  std::vector<outbox_entry> on_disk;
  result<std::vector<outbox_entry>> waiting_for(const std::string&, std::size_t) const override { return on_disk; }
  result<std::vector<std::pair<std::string, std::uint64_t>>> receivers_waiting() const override {
    return no();
  }
  result<std::vector<outbox_entry>> outbox(const std::string&, const std::string&,
                                           std::size_t) const override {
    return no();
  }
  result<void> quarantine(timestamp, const std::string&, const decode_error&) override {
    return no();
  }
  result<void> note(const std::vector<decision>&, const std::vector<alarm_change>&) override {
    return room ? result<void>{} : no();
  }
  result<std::vector<decision>> decisions(const std::string&) const override { return no(); }
  result<std::vector<alarm_change>> alarm_changes(const std::string&, std::size_t) const override {
    return no();
  }
  result<void> trim(std::uint64_t, timestamp) override { return no(); }
  std::uint64_t next_offset() const override { return 0; }
  result<std::uint64_t> offset_at(timestamp) const override { return no(); }
  result<std::optional<snapshot>> load_snapshot() const override { return no(); }
  result<std::optional<snapshot>> previous_snapshot() const override { return no(); }
  std::string snapshot_folder() const override { return {}; }
  result<void> replay_while(std::uint64_t, const std::function<bool(record_batch&&)>&) const override {
    return {};
  }
  result<void> replay(std::uint64_t, const std::function<void(record_batch&&)>&) const override {
    return no();
  }
  result<std::vector<outbox_entry>> waiting(timestamp, std::size_t) const override { return no(); }
  std::optional<timestamp> next_due() const override { return {}; }
  result<std::vector<stored_incident>> incidents(const std::string&, std::size_t) const override {
    return no();
  }
  result<std::optional<stored_incident>> find_incident(const std::string&) const override {
    return no();
  }
  result<std::vector<std::string>> failing_receivers() const override { return no(); }
  result<std::string> ledger(const std::string&) const override { return no(); }

private:
  static tl::unexpected<error> no() { return fail(errc::io, "disk is full"); }
};

TEST_F(recording, what_a_full_disk_refused_is_not_said_to_be_kept) {
  start(std::make_shared<full_disk>());
  tell(journal_append{heartbeats(0, {"10.0.0.1"}), 0, 1, 7, std::make_shared<const log_positions>(log_positions{{"inputs", 3, 10}})});
  pass(20ms);
  EXPECT_TRUE(said_kept.empty());
}

TEST_F(recording, what_a_full_disk_refused_is_kept_when_there_is_room_and_once) {
  const auto disk_of = std::make_shared<full_disk>();
  start(disk_of);
  tell(a_story("i1"));
  tell(a_story("i2"));
  pass(3s);
  EXPECT_EQ(metrics->stories_waiting, 2u);
  disk_of->room = true;
  pass(1s);
  EXPECT_THAT(disk_of->kept, testing::UnorderedElementsAre("i1.1", "i2.1"));
  EXPECT_EQ(metrics->stories_waiting, 0u);
  pass(5s);
  disk_of->room = false;
  tell(a_story("i3"));
  disk_of->room = true;
  tell(a_story("i4"));
  pass(5s);
  ASSERT_EQ(disk_of->kept.size(), 4u);
  EXPECT_EQ(disk_of->kept[2], "i4.1") << "nothing waits for what is put there again";
}

TEST_F(recording, whom_a_full_disk_does_not_remember_waits_in_memory) {
  start(std::make_shared<full_disk>());
  tell(a_story("i1"));
  tell(a_story("i2"));
  EXPECT_THAT(waiting_for("mail"), ElementsAre("i1.1@mail 0", "i2.1@mail 0"));
  EXPECT_THAT(waiting_for("other"), ElementsAre());
  EXPECT_THAT(waiting_for("mail", 1), ElementsAre("i1.1@mail 0", "and more"));
  tell(attempted{"i1.1@mail", "waiting", "451 later", at(2), at(7)});
  EXPECT_THAT(waiting_for("mail"), ElementsAre("i1.1@mail 1", "i2.1@mail 0"));
  tell(attempted{"i1.1@mail", "delivered", "250 ok", at(7), at(7)});
  EXPECT_THAT(waiting_for("mail"), ElementsAre("i2.1@mail 0"));
  tell(lead_taken{});
  EXPECT_EQ(metrics->notifications_waiting, 1u);
  tell(notification_settled{"i2.1@mail", "n2", false});
  EXPECT_THAT(waiting_for("mail"), ElementsAre());
}

TEST_F(recording, what_is_on_disk_and_what_memory_alone_has_wait_in_one_line) {
  const auto disk_of = std::make_shared<full_disk>();
  start(disk_of);
  tell(a_story("i2"));
  for (const auto& [id, level] : {std::pair{"i1", severity::info}, std::pair{"i3", severity::critical}}) {
    notification n = a_story(id).what->notifications.front();
    n.about.level = level;
    std::string json;
    append_json(json, n);
    disk_of->on_disk.push_back({n.id, "mail", json, n.at, n.at, 2, "waiting", "", level});
  }
  EXPECT_THAT(waiting_for("mail"), ElementsAre("i3.1@mail 2", "i1.1@mail 2", "i2.1@mail 0")) << "the most urgent first";
  EXPECT_THAT(waiting_for("mail", 2), ElementsAre("i3.1@mail 2", "i1.1@mail 2", "and more"));
}

TEST_F(recording, the_outbox_has_what_became_of_what_a_full_disk_refused) {
  const auto disk_of = std::make_shared<full_disk>();
  start(disk_of);
  for (const char* id : {"i1", "i2", "i3"}) tell(a_story(id));
  tell(attempted{"i1.1@mail", "waiting", "451 later", at(2), at(7)});
  tell(attempted{"i1.1@mail", "delivered", "250 ok", at(7), at(7)});
  tell(notification_settled{"i2.1@mail", "n2", true});
  disk_of->room = true;
  pass(1s);
  EXPECT_THAT(disk_of->outbox_rows, testing::UnorderedElementsAre("i1.1@mail waiting", "i1.1@mail waiting", "i1.1@mail delivered", "i2.1@mail waiting",
                                                                  "i2.1@mail dead", "i3.1@mail waiting"));
  EXPECT_THAT(waiting_for("mail"), ElementsAre()) << "from now on the disk has it";
  tell(attempted{"i3.1@mail", "delivered", "250 ok", at(9), at(9)});
  EXPECT_EQ(disk_of->outbox_rows.back(), "i3.1@mail delivered");
}

TEST_F(recording, what_can_never_be_kept_holds_up_nothing_else) {
  const auto disk_of = std::make_shared<full_disk>();
  start(disk_of);
  for (const char* id : {"bad", "i1", "i2"}) tell(a_story(id));
  disk_of->room = true;
  disk_of->never = "bad";
  for (int n = 0; n < 3; ++n) pass(1s);
  EXPECT_THAT(disk_of->kept, ElementsAre("i1.1", "i2.1"));
  EXPECT_EQ(metrics->stories_waiting, 1u);
}

TEST_F(recording, of_what_a_full_disk_refuses_the_oldest_goes_when_it_is_too_much) {
  start(std::make_shared<full_disk>());
  for (int n = 0; n < 1003; ++n) tell(a_story("i" + std::to_string(n)));
  EXPECT_EQ(metrics->stories_waiting, 1000u);
  EXPECT_EQ(metrics->stories_dropped, 3u);
}

TEST_F(recording, a_full_disk_is_counted_and_still_everybody_is_told) {
  start(std::make_shared<full_disk>());
  tell(journal_append{heartbeats(0, {"10.0.0.1"})});
  tell(a_story("i1"));
  pass(1s);
  EXPECT_THAT(ids(), ElementsAre("i1.1@mail"));
  EXPECT_GE(metrics->journal_failures, 2u);
  EXPECT_EQ(metrics->journal_records, 0u);
}

} // namespace
} // namespace tocsin::recorder_test

// The Rendezvous client over real TCP, against a daemon that behaves and one that lies.
#include "io/rv_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "codecs/rv_bytes.hpp"
#include "codecs/rv_writer.hpp"
#include "core/limits.hpp"
#include "rv_daemon/rv_daemon.hpp"

namespace tocsin {
namespace {

using test::rv_behaviour;
using test::rv_daemon;
using test::rv_daemon_stats;
using test::rv_lie;
using test::rv_step;

constexpr auto patience = std::chrono::seconds{30};

/// A source and everything it has said.
class watcher {
public:
  explicit watcher(source_settings settings, rv_source_timing timing = {},
                   std::size_t credit = 1'000'000)
      : source_(make_rv_source(std::move(settings), 5, timing)) {
    source_callbacks callbacks;
    callbacks.batch = [this](record_batch&& batch) {
      std::lock_guard lock{mutex_};
      ++batches_;
      largest_ = std::max(largest_, batch.records.size());
      for (const record& r : batch.records)
        seen_.push_back(std::string{to_text(r.kind)} + "@" + std::string{r.host});
      records_.insert(records_.end(), batch.records.begin(), batch.records.end());
      kept_.push_back(std::move(batch));
      changed_.notify_all();
    };
    callbacks.errors = [this](std::vector<decode_error>&& errors) {
      std::lock_guard lock{mutex_};
      errors_.insert(errors_.end(), errors.begin(), errors.end());
      changed_.notify_all();
    };
    source_->grant(credit);
    source_->start(std::move(callbacks));
  }
  ~watcher() { source_->stop(); }

  template <class Wanted>
  bool wait_until(Wanted wanted) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return wanted(*this); });
  }
  bool wait_for_records(std::size_t count) {
    return wait_until([=](const watcher& w) { return w.records_.size() >= count; });
  }
  bool wait_for(const std::string& what, std::size_t times = 1) {
    return wait_until([&](const watcher& w) {
      return static_cast<std::size_t>(std::count(w.seen_.begin(), w.seen_.end(), what)) >= times;
    });
  }
  std::string seen() {
    std::lock_guard lock{mutex_};
    std::string text;
    for (const std::string& s : seen_) text += s + ' ';
    return text;
  }
  record at(std::size_t i) {
    std::lock_guard lock{mutex_};
    return records_.at(i);
  }
  std::vector<decode_error> errors() {
    std::lock_guard lock{mutex_};
    return errors_;
  }
  std::size_t batches() {
    std::lock_guard lock{mutex_};
    return batches_;
  }
  source& operator*() { return *source_; }
  source* operator->() { return source_.get(); }

private:
  friend class rv_source_test;
  std::unique_ptr<source> source_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
  std::vector<record> records_;
  std::vector<record_batch> kept_; ///< keeps the texts of records_ alive
  std::vector<decode_error> errors_;
  std::size_t batches_ = 0, largest_ = 0;
};

class rv_source_test : public testing::Test {
protected:
  void SetUp() override { start_daemon({}); }

  void start_daemon(test::rv_daemon_settings settings) {
    auto started = rv_daemon::start(std::move(settings));
    ASSERT_TRUE(started) << started.error().text;
    daemon_ = std::move(*started);
  }

  source_settings settings() const {
    source_settings s;
    s.name = "fab";
    s.kind = "rv";
    s.daemon = daemon_->address();
    s.reconnect_min = 10ms;
    s.reconnect_max = 40ms;
    return s;
  }

  /// A heartbeat of 10.0.0.<n>.
  int publish_status(unsigned n, std::uint64_t up = 90) {
    rv_message_writer w;
    w.address("hostaddr", 0x0a000000 + n);
    w.unsigned_integer("up", up);
    w.text("service", "7500");
    char id[9];
    std::snprintf(id, sizeof id, "%08X", 0x0a000000 + n);
    const auto heard =
        daemon_->publish(std::string{"_RV.INFO.SYSTEM.HOST.STATUS."} + id, w.bytes());
    EXPECT_TRUE(heard);
    return heard.value_or(0);
  }

  /// The daemon lies to the first connection at `at`, then behaves; the source must come back and
  /// listen.
  void recovers_from(rv_behaviour behaviour, rv_source_timing timing, const std::string& said) {
    daemon_->set_behaviour(behaviour);
    watcher w{settings(), timing};
    ASSERT_TRUE(
        daemon_->wait_until([](const rv_daemon_stats& s) { return s.accepted >= 1; }, patience));
    daemon_->set_behaviour({});
    ASSERT_TRUE(daemon_->wait_until_listening(1)) << w->status().detail;
    // The liar's own connection may count as listening until it is dropped.
    ASSERT_TRUE(daemon_->wait_until(
        [](const rv_daemon_stats& s) { return s.accepted >= 2 && s.listening == 1 && s.open == 1; },
        patience))
        << w->status().detail;
    ASSERT_EQ(publish_status(1), 1);
    EXPECT_TRUE(w.wait_for("heartbeat@10.0.0.1")) << w.seen();
    EXPECT_GE(w->status().reconnects, 1u);
    if (!said.empty()) {
      std::string all;
      for (const decode_error& e : w.errors()) all += e.text + '\n';
      EXPECT_NE(all.find(said), std::string::npos) << all;
    }
  }

  std::unique_ptr<rv_daemon> daemon_;
};

rv_behaviour lie(rv_step at, rv_lie what) {
  rv_behaviour b;
  b.at = at;
  b.lie = what;
  return b;
}

rv_source_timing impatient() { return {2s, 200ms, 200ms, 280s}; }

TEST_F(rv_source_test, listens_and_hands_on_what_it_hears) {
  watcher w{settings()};
  ASSERT_TRUE(w.wait_for("sight_regained@")) << w->status().detail;
  ASSERT_TRUE(daemon_->wait_until_listening(1));
  const timestamp before{
      std::chrono::duration_cast<duration>(std::chrono::system_clock::now().time_since_epoch())};
  EXPECT_EQ(publish_status(7), 1);
  ASSERT_TRUE(w.wait_for_records(2));
  const record r = w.at(1);
  EXPECT_EQ(r.kind, record_kind::heartbeat);
  EXPECT_EQ(r.host, "10.0.0.7");
  EXPECT_EQ(r.get(counter::uptime), 90u);
  EXPECT_EQ(r.vantage, 5);
  EXPECT_EQ(r.timed_by, time_source::arrival);
  EXPECT_GE(r.at, before);
  EXPECT_EQ(w.at(0).host, "");
  EXPECT_EQ(w.at(0).vantage, 5);
  const source_status s = w->status();
  EXPECT_EQ(s.state, "listening");
  EXPECT_EQ(s.reconnects, 0u);
  EXPECT_EQ(s.records, 2u);
  EXPECT_GT(s.bytes, 200u);
  EXPECT_EQ(daemon_->stats().patterns, std::vector<std::string>{"_RV.*.SYSTEM.>"});
  EXPECT_EQ(daemon_->stats().sessions, std::vector<std::string>{"7F000001.660C2F5D00000001"})
      << "gob style";
}

TEST_F(rv_source_test, makes_a_session_of_its_own_when_there_is_no_gob) {
  rv_behaviour b;
  b.with_gob = false;
  daemon_->set_behaviour(b);
  watcher w{settings()};
  ASSERT_TRUE(w.wait_for("sight_regained@")) << w->status().detail;
  const auto sessions = daemon_->stats().sessions;
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].size(), 8u + 1 + 16) << sessions[0];
  EXPECT_TRUE(sessions[0].starts_with("7F000001."));
}

TEST_F(rv_source_test, advisories_about_data_loss_are_the_daemons_own) {
  watcher w{settings()};
  ASSERT_TRUE(daemon_->wait_until_listening(1));
  rv_message_writer data;
  data.text("host", "192.0.2.1");
  data.unsigned_integer("lost", 99);
  ASSERT_TRUE(daemon_->publish("_RV.ERROR.SYSTEM.DATALOSS.INBOUND.BCAST", data.bytes()));
  ASSERT_TRUE(w.wait_for("data_loss_inbound@127.0.0.1")) << w.seen();
  EXPECT_EQ(w.at(1).peer, "192.0.2.1");
  EXPECT_EQ(w.at(1).service, "7500");
}

TEST_F(rv_source_test, hears_only_what_it_listens_to) {
  source_settings s = settings();
  s.listen = {"_RV.INFO.SYSTEM.HOST.STATUS.*", "_RV.ERROR.SYSTEM.>"};
  watcher w{s};
  ASSERT_TRUE(daemon_->wait_until([](const rv_daemon_stats& d) { return d.patterns.size() == 2; }));
  rv_message_writer data;
  data.address("hostaddr", 0x0a000001);
  EXPECT_EQ(daemon_->publish("_RV.INFO.SYSTEM.HOST.STOP.0A000001", data.bytes()), 0);
  EXPECT_EQ(publish_status(1), 1);
  ASSERT_TRUE(w.wait_for_records(2));
  EXPECT_EQ(w.seen(), "sight_regained@ heartbeat@10.0.0.1 ");
}

TEST_F(rv_source_test, bytes_may_come_one_at_a_time_and_late) {
  rv_behaviour b;
  b.one_byte_at_a_time = true;
  b.step_delay = std::chrono::milliseconds{20};
  daemon_->set_behaviour(b);
  watcher w{settings()};
  ASSERT_TRUE(daemon_->wait_until_listening(1)) << w->status().detail;
  for (unsigned i = 1; i <= 20; ++i) publish_status(i);
  ASSERT_TRUE(w.wait_for("heartbeat@10.0.0.20")) << w.seen();
  EXPECT_EQ(w->status().errors, 0u);
  EXPECT_EQ(w->status().reconnects, 0u);
}

TEST_F(rv_source_test, says_when_it_goes_blind_and_when_it_sees_again) {
  watcher w{settings()};
  for (const bool reset : {false, true}) {
    ASSERT_TRUE(daemon_->wait_until_listening(1)) << w->status().detail;
    publish_status(1);
    ASSERT_TRUE(w.wait_for("heartbeat@10.0.0.1", reset ? 2 : 1)) << w.seen();
    daemon_->drop_clients(reset);
  }
  ASSERT_TRUE(w.wait_for("sight_regained@", 3)) << w.seen();
  EXPECT_EQ(w.seen(), "sight_regained@ heartbeat@10.0.0.1 sight_lost@ sight_regained@ "
                      "heartbeat@10.0.0.1 sight_lost@ "
                      "sight_regained@ ");
  EXPECT_LE(w.at(1).at, w.at(2).at);
  EXPECT_EQ(w->status().reconnects, 2u);
}

TEST_F(rv_source_test, a_daemon_that_is_away_is_tried_again_until_it_is_there) {
  daemon_->set_away(true);
  watcher w{settings()};
  ASSERT_TRUE(
      daemon_->wait_until([](const rv_daemon_stats& s) { return s.accepted >= 3; }, patience));
  EXPECT_EQ(w.seen(), "") << "never seen, so never lost";
  daemon_->set_away(false);
  EXPECT_TRUE(w.wait_for("sight_regained@")) << w->status().detail;
}

TEST_F(rv_source_test, a_port_nobody_listens_on_is_named_with_its_remedy) {
  source_settings s = settings();
  daemon_.reset();
  watcher w{s};
  while (w->status().reconnects < 2) std::this_thread::yield();
  EXPECT_EQ(w->status().state == "lost" || w->status().state == "connecting", true);
  w->stop();
  const std::string detail = w->status().detail;
  if (w->status().state == "lost") {
    EXPECT_NE(detail.find("Connection refused"), std::string::npos) << detail;
  }
}

TEST_F(rv_source_test, survives_lies_in_the_handshake) {
  for (const rv_step step : {rv_step::version, rv_step::request, rv_step::agreed,
                             rv_step::init_response, rv_step::connected})
    for (const rv_lie what :
         {rv_lie::silence, rv_lie::garbage, rv_lie::wrong_magic, rv_lie::oversized,
          rv_lie::half_frame, rv_lie::reset, rv_lie::close}) {
      SCOPED_TRACE("step " + std::to_string(static_cast<int>(step)) + " lie " +
                   std::to_string(static_cast<int>(what)));
      start_daemon({});
      recovers_from(lie(step, what), impatient(), "");
      if (HasFatalFailure()) return;
    }
}

TEST_F(rv_source_test, survives_lies_while_listening_and_reports_them) {
  recovers_from(lie(rv_step::first_listen, rv_lie::garbage), impatient(),
                "wrong magic 2f312e31 at offset 4");
  start_daemon({});
  recovers_from(lie(rv_step::first_listen, rv_lie::wrong_magic), impatient(),
                "wrong magic 9955ee42 at offset 4");
  start_daemon({});
  recovers_from(lie(rv_step::first_listen, rv_lie::oversized), impatient(),
                "is more than the 1048576 bytes accepted");
  start_daemon({});
  recovers_from(lie(rv_step::first_listen, rv_lie::half_frame), impatient(), "");
  start_daemon({});
  recovers_from(lie(rv_step::first_listen, rv_lie::reset), impatient(), "");
}

TEST_F(rv_source_test, a_daemon_that_falls_silent_is_left_for_a_new_connection) {
  rv_source_timing timing = impatient();
  timing.silence = 150ms;
  watcher w{settings(), timing};
  EXPECT_TRUE(w.wait_for("sight_regained@", 2)) << w.seen();
  EXPECT_TRUE(w.seen().starts_with("sight_regained@ sight_lost@ sight_regained@")) << w.seen();
}

TEST_F(rv_source_test, silence_is_no_fault_where_no_status_is_listened_to) {
  rv_source_timing timing = impatient();
  timing.silence = 1ms;
  source_settings s = settings();
  s.listen = {"_RV.ERROR.SYSTEM.>"};
  watcher quiet{s, timing};
  ASSERT_TRUE(daemon_->wait_until_listening(1));
  // Another source's silence is over several times in the meantime.
  watcher other{settings(), timing};
  ASSERT_TRUE(other.wait_for("sight_lost@", 3));
  EXPECT_EQ(quiet->status().reconnects, 0u);
  EXPECT_EQ(quiet->status().state, "listening");
}

TEST_F(rv_source_test, a_refusal_is_explained_and_tried_again_only_after_the_longest_delay) {
  rv_behaviour b;
  b.refuse = 5;
  daemon_->set_behaviour(b);
  source_settings s = settings();
  s.reconnect_min = 1ms;
  s.reconnect_max = 1h;
  watcher w{s};
  const auto waited = std::chrono::steady_clock::now() + patience;
  while (w->status().state != "lost" && std::chrono::steady_clock::now() < waited)
    std::this_thread::yield();
  const source_status status = w->status();
  EXPECT_EQ(status.state, "lost");
  EXPECT_NE(status.detail.find("error 5"), std::string::npos) << status.detail;
  EXPECT_NE(status.detail.find("give this source the same 'network'"), std::string::npos)
      << status.detail;
  while (w->status().detail.find("next try in ") == std::string::npos &&
         std::chrono::steady_clock::now() < waited)
    std::this_thread::yield();
  const std::string detail = w->status().detail;
  const auto at = detail.find("next try in ");
  ASSERT_NE(at, std::string::npos) << detail;
  EXPECT_GE(*parse_duration(detail.substr(at + 12)), 30min) << "half to all of reconnect_max";
}

TEST_F(rv_source_test, stops_at_once_wherever_it_is) {
  for (const rv_step step : {rv_step::version, rv_step::init_response, rv_step::first_listen}) {
    start_daemon({});
    daemon_->set_behaviour(lie(step, rv_lie::silence));
    watcher w{settings()};
    ASSERT_TRUE(daemon_->wait_until([](const rv_daemon_stats& s) { return s.accepted >= 1; }));
    const auto before = std::chrono::steady_clock::now();
    w->stop();
    w->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{5})
        << "the handshake may take ten";
  }
}

TEST_F(rv_source_test, settings_that_cannot_work_are_named) {
  for (const auto& [daemon, pattern, said] :
       {std::tuple{"127.0.0.1:99999", "_RV.>", "has no port from 1 to 65535"},
        std::tuple{"127.0.0.1:7500", "_RV..A", "has an empty element"},
        std::tuple{"127.0.0.1:7500", "_RV.>.A", "has '>' before its end"}}) {
    source_settings s = settings();
    s.daemon = daemon;
    s.listen = {pattern};
    watcher w{s};
    const auto waited = std::chrono::steady_clock::now() + patience;
    while (w->status().state != "lost" && std::chrono::steady_clock::now() < waited)
      std::this_thread::yield();
    EXPECT_NE(w->status().detail.find(said), std::string::npos) << w->status().detail;
  }
}

TEST_F(rv_source_test, without_credit_nothing_is_read_and_nothing_is_lost) {
  test::rv_daemon_settings d;
  d.send_buffer_bytes = 4096;
  start_daemon(d);
  watcher w{settings(), {}, 1};
  ASSERT_TRUE(w.wait_for("sight_regained@"));
  ASSERT_TRUE(daemon_->wait_until_listening(1));
  constexpr unsigned many = 100'000; // 12 MB: more than the sockets can hold
  for (unsigned i = 1; i <= many; ++i) publish_status(i);
  EXPECT_GT(daemon_->stats().waiting, 1'000'000u) << "left with the daemon";
  EXPECT_EQ(w.batches(), 1u);
  EXPECT_EQ(w->status().records, 1u);
  w->grant(1'000'000);
  ASSERT_TRUE(w.wait_for_records(many + 1));
  for (unsigned i = 1; i <= many; i += 997) {
    const record r = w.at(i);
    char host[16];
    std::snprintf(host, sizeof host, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
    EXPECT_EQ(r.host, host);
  }
  EXPECT_GE(w.batches(), many / limits::batch_records_max);
  EXPECT_EQ(daemon_->stats().dropped, 0u);
}

TEST_F(rv_source_test, is_told_when_it_was_too_slow) {
  test::rv_daemon_settings d;
  d.send_buffer_bytes = 4096;
  d.consumer_bytes_max = 64 * 1024;
  start_daemon(d);
  watcher w{settings(), {}, 1};
  ASSERT_TRUE(w.wait_for("sight_regained@"));
  ASSERT_TRUE(daemon_->wait_until_listening(1));
  for (unsigned i = 1; daemon_->stats().dropped == 0 && i < 1'000'000; ++i) publish_status(i);
  ASSERT_GT(daemon_->stats().dropped, 0u);
  w->grant(1'000'000);
  const auto waited = std::chrono::steady_clock::now() + patience;
  while (w->status().detail.find("SLOWCONSUMER") == std::string::npos &&
         std::chrono::steady_clock::now() < waited)
    std::this_thread::yield();
  EXPECT_NE(w->status().detail.find("the daemon dropped messages for us 1 times"),
            std::string::npos)
      << w->status().detail;
}

TEST_F(rv_source_test, a_bad_message_between_good_ones_is_reported_and_passed_over) {
  watcher w{settings()};
  ASSERT_TRUE(daemon_->wait_until_listening(1));
  publish_status(1);
  std::string bad = "\x05name"; // a field that ends before it should
  std::string frame;
  append_be(frame, static_cast<std::uint32_t>(rv_header_bytes + bad.size()));
  append_be(frame, rv_magic);
  daemon_->send_raw(frame + bad);
  daemon_->send_raw(rv_message_writer{}.bytes()); // a ping
  publish_status(2);
  ASSERT_TRUE(w.wait_for("heartbeat@10.0.0.2")) << w.seen();
  ASSERT_TRUE(w.wait_until([](const watcher&) { return true; }));
  const auto errors = w.errors();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code, errc::truncated);
  EXPECT_EQ(errors[0].position, 2u);
  EXPECT_EQ(errors[0].bytes, frame + bad);
  EXPECT_EQ(w->status().reconnects, 0u);
  EXPECT_EQ(w->status().ignored, 1u);
}

TEST_F(rv_source_test, a_stalled_daemon_does_not_hold_up_another) {
  auto stalled = rv_daemon::start();
  ASSERT_TRUE(stalled);
  (*stalled)->set_behaviour(lie(rv_step::init_response, rv_lie::half_frame));
  source_settings s = settings();
  s.daemon = (*stalled)->address();
  watcher stuck{s};
  ASSERT_TRUE((*stalled)->wait_until([](const rv_daemon_stats& d) { return d.accepted >= 1; }));
  watcher w{settings()};
  ASSERT_TRUE(daemon_->wait_until_listening(1));
  publish_status(3);
  EXPECT_TRUE(w.wait_for("heartbeat@10.0.0.3"));
  EXPECT_EQ(stuck.seen(), "");
}

} // namespace
} // namespace tocsin

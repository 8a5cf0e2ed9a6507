// The Rendezvous client over real TCP, against a daemon that behaves.
#include "io/rv_source.hpp"

#include <gtest/gtest.h>

#include "core/limits.hpp"
#include "rv_source_support.hpp"

namespace tocsin::rv_source_test {
namespace {

using namespace test;

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
  EXPECT_EQ(w.seen(), "sight_lost@ ") << "told once, or whoever starts us would not know";
  EXPECT_EQ(w->status().reconnects, 0u);
  daemon_->set_away(false);
  EXPECT_TRUE(w.wait_for("sight_regained@")) << w->status().detail;
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
    EXPECT_TRUE(w.wait_for_status(said)) << w->status().detail;
    EXPECT_EQ(w->status().state, "lost");
    EXPECT_TRUE(w.wait_for("sight_lost@")) << w.seen();
  }
}

TEST_F(rv_source_test, without_credit_nothing_is_read_and_nothing_is_lost) {
  rv_daemon_settings d;
  d.send_buffer_bytes = 64 * 1024;
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
  rv_daemon_settings d;
  d.send_buffer_bytes = 64 * 1024;
  d.consumer_bytes_max = 64 * 1024;
  start_daemon(d);
  watcher w{settings(), {}, 1};
  ASSERT_TRUE(w.wait_for("sight_regained@"));
  ASSERT_TRUE(daemon_->wait_until_listening(1));
  for (unsigned i = 1; daemon_->stats().dropped == 0 && i < 1'000'000; ++i) publish_status(i);
  ASSERT_GT(daemon_->stats().dropped, 0u);
  w->grant(1'000'000);
  EXPECT_TRUE(w.wait_for_status("the daemon dropped messages for us 1 times"))
      << w->status().detail;
}

} // namespace
} // namespace tocsin::rv_source_test

// The Rendezvous client over real TCP, against a daemon that is late, silent, broken or hostile.
#include <gtest/gtest.h>

#include "codecs/rv_bytes.hpp"
#include "rv_source_support.hpp"

namespace tocsin::rv_source_lies_test {
namespace {

using namespace test;

class rv_source_lies : public rv_source_test {};

TEST_F(rv_source_lies, bytes_may_come_one_at_a_time_and_late) {
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

TEST_F(rv_source_lies, a_port_nobody_listens_on_is_named_with_its_remedy) {
  source_settings s = settings();
  s.reconnect_min = s.reconnect_max = 1h;
  daemon_.reset();
  watcher w{s};
  ASSERT_TRUE(w.wait_for_status("next try in ")) << w->status().detail;
  EXPECT_EQ(w->status().state, "lost");
  EXPECT_NE(w->status().detail.find("Connection refused; is the daemon running"), std::string::npos)
      << w->status().detail;
}

TEST_F(rv_source_lies, survives_lies_in_the_handshake) {
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

TEST_F(rv_source_lies, survives_lies_while_listening_and_reports_them) {
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

TEST_F(rv_source_lies, a_daemon_that_falls_silent_is_left_for_a_new_connection) {
  rv_source_timing timing = impatient();
  timing.silence = 150ms;
  watcher w{settings(), timing};
  EXPECT_TRUE(w.wait_for("sight_regained@", 2)) << w.seen();
  EXPECT_TRUE(w.seen().starts_with("sight_regained@ sight_lost@ sight_regained@")) << w.seen();
}

TEST_F(rv_source_lies, silence_is_no_fault_where_no_status_is_listened_to) {
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

TEST_F(rv_source_lies, a_refusal_is_explained_and_tried_again_only_after_the_longest_delay) {
  rv_behaviour b;
  b.refuse = 5;
  daemon_->set_behaviour(b);
  source_settings s = settings();
  s.reconnect_min = 1ms;
  s.reconnect_max = 1h;
  watcher w{s};
  ASSERT_TRUE(w.wait_for_status("next try in ")) << w->status().detail;
  EXPECT_EQ(w->status().state, "lost");
  const std::string detail = w->status().detail;
  EXPECT_NE(detail.find("error 5"), std::string::npos) << detail;
  EXPECT_NE(detail.find("give this source the same 'network'"), std::string::npos) << detail;
  const auto at = detail.find("next try in ");
  ASSERT_NE(at, std::string::npos) << detail;
  EXPECT_GE(*parse_duration(detail.substr(at + 12)), 30min) << "half to all of reconnect_max";
}

TEST_F(rv_source_lies, stops_at_once_wherever_it_is) {
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

TEST_F(rv_source_lies, a_bad_message_between_good_ones_is_reported_and_passed_over) {
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

TEST_F(rv_source_lies, nobody_can_tell_a_source_that_it_is_blind) {
  watcher w{settings()};
  ASSERT_TRUE(daemon_->wait_until_listening(1));
  rv_message_writer data;
  data.text("ADV_NAME", "RVD.DISCONNECTED");
  EXPECT_EQ(*daemon_->publish("_RV.WARN.SYSTEM.RVD.DISCONNECTED", data.bytes()), 1);
  EXPECT_EQ(*daemon_->publish("_RV.INFO.SYSTEM.RVD.CONNECTED", data.bytes()), 1);
  publish_status(1);
  ASSERT_TRUE(w.wait_for("heartbeat@10.0.0.1"));
  EXPECT_EQ(w.seen(), "sight_regained@ heartbeat@10.0.0.1 ");
  EXPECT_EQ(w->status().ignored, 2u);
}

TEST_F(rv_source_lies, a_stalled_daemon_does_not_hold_up_another) {
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
} // namespace tocsin::rv_source_lies_test

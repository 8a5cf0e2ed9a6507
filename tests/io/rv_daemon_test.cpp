// The test daemon's own promises: JSON lines get a real daemon's wire types, and clients are told
// apart.
#include "rv_daemon/rv_daemon.hpp"

#include <gtest/gtest.h>

#include "codecs/rv_records.hpp"
#include "rv_daemon/json_advisory.hpp"
#include "rv_source_support.hpp"

namespace tocsin::rv_daemon_test {
namespace {

using namespace test;

rv_type type_of(const std::string& message, const char* name) {
  const auto f = find_field(message, name);
  return f ? f->type : rv_type{0};
}

TEST(json_advisory, a_json_heartbeat_goes_out_with_the_types_of_a_daemon) {
  const auto a = parse_json_advisory(
      R"({"at": 5, "subject": "_RV.INFO.SYSTEM.HOST.STATUS.0A62A389", "message": {"hostaddr": "10.98.163.137",
          "os": 2, "ver": "8.7.0", "httpport": 7580, "time": "2025-10-15T01:38:54.797Z", "up": 990, "rli": 60.0,
          "ms": 1915, "cc": 4, "service": "7500", "network": "", "note": "x", "odd": -1, "on": true}})");
  ASSERT_TRUE(a) << a.error().text;
  EXPECT_EQ(a->subject, "_RV.INFO.SYSTEM.HOST.STATUS.0A62A389");
  EXPECT_EQ(find_field(a->data, "ADV_CLASS")->as_text(), "INFO");
  EXPECT_EQ(find_field(a->data, "ADV_SOURCE")->as_text(), "SYSTEM");
  EXPECT_EQ(find_field(a->data, "ADV_NAME")->as_text(), "HOST.STATUS.0A62A389");
  EXPECT_EQ(find_field(a->data, "hostaddr")->as_address(), 0x0a62a389u);
  EXPECT_EQ(find_field(a->data, "httpport")->as_port(), 7580);
  EXPECT_EQ(find_field(a->data, "time")->as_time(), from_milliseconds(1'760'492'334'797));
  EXPECT_EQ(type_of(a->data, "rli"), rv_type::real);
  EXPECT_EQ(type_of(a->data, "odd"), rv_type::signed_integer);
  EXPECT_EQ(type_of(a->data, "on"), rv_type::boolean);
  EXPECT_EQ(find_field(a->data, "os")->data.size(), 1u);
  EXPECT_EQ(find_field(a->data, "up")->data.size(), 4u);
  EXPECT_EQ(find_field(a->data, "ms")->data.size(), 8u);
}

TEST(json_advisory, a_value_that_does_not_fit_its_type_goes_out_as_it_is) {
  const auto a = parse_json_advisory(
      R"({"subject": "_RV.INFO.SYSTEM.HOST.STATUS.0A62A389",
          "message": {"hostaddr": "etch-tool-12", "up": "990", "os": 300, "time": "yesterday"}})");
  ASSERT_TRUE(a) << a.error().text;
  EXPECT_EQ(find_field(a->data, "hostaddr")->as_text(), "etch-tool-12");
  EXPECT_EQ(find_field(a->data, "up")->as_text(), "990");
  EXPECT_EQ(find_field(a->data, "os")->as_unsigned(), 300u);
  EXPECT_EQ(find_field(a->data, "time")->as_text(), "yesterday");
}

TEST(json_advisory, lines_that_are_none_are_refused) {
  for (const char* bad :
       {"", "5", "[]", "{", "{}", R"({"subject": "A"})", R"({"subject": 5, "message": {}})",
        R"({"subject": "A..B", "message": {}})", R"({"subject": "A", "message": []})"})
    EXPECT_FALSE(parse_json_advisory(bad)) << bad;
}

TEST_F(rv_source_test, json_lines_arrive_as_records) {
  watcher w{settings()};
  ASSERT_TRUE(daemon_->wait_until_listening(1));
  const auto a = parse_json_advisory(
      R"({"subject": "_RV.INFO.SYSTEM.HOST.STATUS.0A62A389",
          "message": {"hostaddr": "10.98.163.137", "up": 990, "rli": 60, "pm": 7, "service": "7501"}})");
  ASSERT_TRUE(a);
  EXPECT_EQ(daemon_->publish(a->subject, a->data), 1);
  ASSERT_TRUE(w.wait_for("heartbeat@10.98.163.137")) << w.seen();
  const record r = w.at(1);
  EXPECT_EQ(r.service, "7501");
  EXPECT_EQ(r.get(counter::missed), 7u);
  EXPECT_EQ(r.reliability_s, 60.0f);
  EXPECT_EQ(w->status().errors, 0u);
}

TEST_F(rv_source_test, several_sources_each_hear_a_message_once) {
  source_settings s = settings();
  s.listen = {"_RV.*.SYSTEM.>", "_RV.>", "_RV.INFO.SYSTEM.HOST.STATUS.*"}; // overlapping
  watcher first{s}, second{settings()};
  ASSERT_TRUE(daemon_->wait_until([](const rv_daemon_stats& d) { return d.patterns.size() == 4; }));
  EXPECT_EQ(publish_status(1), 2);
  EXPECT_EQ(publish_status(2), 2);
  ASSERT_TRUE(first.wait_for("heartbeat@10.0.0.2"));
  ASSERT_TRUE(second.wait_for("heartbeat@10.0.0.2"));
  EXPECT_EQ(first.seen(), "sight_regained@ heartbeat@10.0.0.1 heartbeat@10.0.0.2 ");
  EXPECT_EQ(daemon_->stats().sessions.size(), 2u);
}

TEST(rv_daemon, announces_itself_like_a_daemon) {
  rv_daemon_settings settings;
  settings.status_every = std::chrono::milliseconds{20};
  settings.host = 0x0a000005;
  auto daemon = rv_daemon::start(settings);
  ASSERT_TRUE(daemon) << daemon.error().text;
  source_settings s;
  s.daemon = (*daemon)->address();
  watcher w{s};
  ASSERT_TRUE(w.wait_for("heartbeat@10.0.0.5", 3)) << w.seen();
  EXPECT_EQ(w.at(1).get(counter::clients), 1u);
  EXPECT_EQ(w.at(1).version, "8.7.0");
}

TEST(rv_daemon, a_port_in_use_is_an_error_with_a_remedy) {
  auto first = rv_daemon::start();
  ASSERT_TRUE(first);
  rv_daemon_settings settings;
  settings.port = static_cast<std::uint16_t>((*first)->port());
  const auto second = rv_daemon::start(settings);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().text.find("choose another --port"), std::string::npos)
      << second.error().text;
}

} // namespace
} // namespace tocsin::rv_daemon_test

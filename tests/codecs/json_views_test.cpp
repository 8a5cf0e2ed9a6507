#include "codecs/json_views.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "codecs/notification_json.hpp"

namespace tocsin::json_views_test {
namespace {

incident sample() {
  incident i{};
  i.at = from_milliseconds(1'700'000'000'123);
  i.id = "I0123456789ab";
  i.revision = 2;
  i.state = incident_state::updated;
  i.level = severity::critical;
  i.title = "rvd \"x\"\n\x01 is \xff silent \xc3\xa9";
  i.because = {cause_kind::segment_silent, "segment/7500/;239.1.1.1", 0.875};
  i.members = {"rvd/a/7500", "rvd/b/7500"};
  i.member_count = 2;
  i.group = "segment/7500/;239.1.1.1";
  i.since = from_milliseconds(1'700'000'000'000);
  i.facts = {{"share", 0.1}, {"count", std::int64_t{-3}}, {"bad", std::nan("")}, {"flag", true}, {"when", i.since}, {"who", std::string{"a\\b"}}};
  return i;
}

TEST(json_views, a_symptom_has_the_promised_keys_in_order) {
  std::string out;
  append_json(out, symptom{from_milliseconds(1000), "rvd/10.0.0.1/7500", symptom_kind::heartbeat_lost, symptom_state::raised,
                           severity::critical, from_milliseconds(500), {{"misses", std::int64_t{3}}}});
  EXPECT_EQ(out, R"({"at":"1970-01-01T00:00:01Z","subject":"rvd/10.0.0.1/7500","kind":"heartbeat_lost","state":"raised",)"
                 R"("severity":"critical","since":"1970-01-01T00:00:00.500Z","evidence":{"misses":3}})");
}

TEST(json_views, is_valid_json_whatever_the_texts_hold) {
  std::string out;
  append_json(out, notification{from_milliseconds(1), "id", "ops", "opened", sample()});
  const auto j = nlohmann::json::parse(out);
  EXPECT_EQ(j["incident"]["title"], "rvd \"x\"\n\x01 is \xef\xbf\xbd silent \xc3\xa9");
  EXPECT_TRUE(j["incident"]["until"].is_null());
  EXPECT_TRUE(j["incident"]["evidence"]["bad"].is_null());
  EXPECT_EQ(j["incident"]["cause"]["probability"], 0.875);
}

TEST(json_views, a_group_route_and_response_read_back) {
  notification n{from_milliseconds(1), "I1.2@ops", "ops", "opened", sample()};
  std::string plain;
  append_json(plain, n);
  EXPECT_EQ(plain.find("\"more\""), std::string::npos) << "one alone looks as it always did";
  n.about.facts.clear();
  n.more = {n.about, n.about};
  n.more[1].id = "I7";
  n.route = "root/0/2";
  n.group_labels = {{"group", "segment/7500/;239.1.1.1"}, {"severity", "critical"}};
  n.response = "Cause: a switch.\nAction: call the network team.";
  n.acknowledge_url = "https://tocsin.fab.example/ack?signature=geheim";
  std::string out;
  append_json(out, n);
  EXPECT_EQ(out.find("geheim"), std::string::npos) << "a link that allows something is not kept";
  const auto back = parse_notification(out);
  ASSERT_TRUE(back) << back.error().text;
  ASSERT_EQ(back->more.size(), 2u);
  EXPECT_EQ(back->more[1].id, "I7");
  EXPECT_EQ(back->route, n.route);
  EXPECT_EQ(back->group_labels, n.group_labels);
  EXPECT_EQ(back->response, n.response);
  std::string again;
  append_json(again, *back);
  EXPECT_EQ(again, out);
  const auto old = parse_notification(plain);
  ASSERT_TRUE(old);
  EXPECT_TRUE(old->more.empty());
}

TEST(json_views, a_notification_reads_back) {
  incident i = sample();
  i.state = incident_state::closed;
  i.until = from_milliseconds(1'700'000'100'000);
  std::string out;
  append_json(out, notification{from_milliseconds(1), "I1.2@ops", "ops", "closed", i});
  const auto back = parse_notification(out);
  ASSERT_TRUE(back) << back.error().text;
  std::string again;
  append_json(again, *back);
  // What JSON cannot hold (NaN, bytes that are no text) is gone after the first writing; the rest is the same, in
  // the same order: a receiver that gets it again after a restart gets the same message.
  const auto without_nan = [](std::string s) {
    const std::string gone = "\"bad\":null,";
    if (const auto at = s.find(gone); at != std::string::npos) s.erase(at, gone.size());
    return s;
  };
  EXPECT_EQ(without_nan(again), without_nan(out));
  EXPECT_FALSE(parse_notification("{}"));
  EXPECT_FALSE(parse_notification("["));
}

} // namespace
} // namespace tocsin::json_views_test

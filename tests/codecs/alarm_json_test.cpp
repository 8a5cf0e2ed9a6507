// Alarms and figures as JSON.
#include "codecs/alarm_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tocsin::alarm_json_test {
namespace {

using nlohmann::json;
const timestamp start{20'000 * 24h};

struct sample {
  alarm_rules rules{default_conditions()};
  alarm_table table{rules};
  alarm_kpi kpi{rules};
  sample() {
    std::vector<alarm_change> out;
    incident i{};
    i.id = "I1";
    i.at = start;
    i.level = severity::critical;
    i.because = {cause_kind::clients_critical, "rvd/a\xff/7500", 1};
    table.apply(i, out);
    const operator_command taken{
        command_kind::acknowledge, "I1", "ann", "on it", unset, start + 2h, {}};
    EXPECT_TRUE(table.apply(taken, start + 90s, out));
    for (const alarm_change& c : out) kpi.apply(c);
  }
};

TEST(alarm_json, shows_an_alarm_with_owner_and_response_text) {
  const sample s;
  std::string text;
  append_json(text, s.table.list().at(0), s.rules);
  const json j = json::parse(text);
  EXPECT_EQ(j["alarm"], "clients_critical rvd/a\xef\xbf\xbd/7500") << "invalid UTF-8 is replaced";
  EXPECT_EQ(j["state"], "acknowledged");
  EXPECT_EQ(j["priority"], "high");
  EXPECT_EQ(j["acknowledged"]["by"], "ann");
  EXPECT_EQ(j["acknowledged"]["until"], "2024-10-04T02:00:00Z");
  EXPECT_TRUE(j["shelved"].is_null());
  EXPECT_TRUE(j["over_since"].is_null());
  EXPECT_EQ(j["open"], json::array({"I1"}));
  EXPECT_EQ(j["response"]["time_to_respond"], "15 minutes");
  EXPECT_TRUE(text.starts_with(R"({"alarm":)")) << "keys in a fixed order";
}

TEST(alarm_json, lists_alarms_and_orders) {
  sample s;
  std::vector<alarm_change> out;
  const operator_command order{
      command_kind::out_of_service, "rvd/b/*", "ann", "new switch", unset, never, {}};
  ASSERT_TRUE(s.table.apply(order, start + 100s, out));
  std::string text;
  append_json(text, s.table.list(), s.table.orders(), s.rules);
  const json j = json::parse(text);
  EXPECT_EQ(j["alarms"].size(), 1u);
  EXPECT_EQ(
      j["out_of_service_orders"],
      json::parse(R"([{"pattern":"rvd/b/*","by":"ann","reason":"new switch","until":null}])"));
  text.clear();
  append_json(text, {}, {}, s.rules);
  EXPECT_EQ(text, R"({"alarms":[],"out_of_service_orders":[]})");
}

TEST(alarm_json, shows_every_figure_of_the_report) {
  const sample s;
  std::string text;
  append_json(text, s.kpi.make(start + 3h));
  const json j = json::parse(text);
  EXPECT_EQ(j["activations"]["count"], 1);
  EXPECT_EQ(j["observed_hours"], 3.0);
  EXPECT_EQ(j["priorities"]["high"], 1);
  EXPECT_EQ(j["response"]["median_s"], 90.0);
  EXPECT_EQ(j["top"][0]["share"], 1.0);
  ASSERT_FALSE(j["checks"].empty());
  for (const json& c : j["checks"]) EXPECT_EQ(c["met"], c["value"] <= c["limit"]) << c;
}

} // namespace
} // namespace tocsin::alarm_json_test

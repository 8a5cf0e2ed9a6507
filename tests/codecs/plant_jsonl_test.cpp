// What a simulated plant prints must be what the JSON lines form promises.
#include "codecs/plant_jsonl.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "codecs/decoder.hpp"
#include "core/plant.hpp"
#include "core/scenario.hpp"

namespace tocsin::plant_jsonl_test {
namespace {

std::vector<nlohmann::json> lines_of(const record_batch& b) {
  std::string text;
  for (const record& r : b.records) append_plant_jsonl(text, r);
  std::vector<nlohmann::json> all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    all.push_back(nlohmann::json::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return all;
}

record_batch an_hour(const std::vector<fault>& faults = {}) {
  plant_options o;
  o.start = scenario_start;
  o.fleets.push_back({});
  o.fleets[0].daemons = 3;
  o.fleets[0].network = "eth\"0;239.1.1.1";
  plant p = *plant::make(o);
  for (const fault& f : faults) EXPECT_TRUE(p.inject(f));
  record_batch b;
  p.next(scenario_start + 1h, b);
  return b;
}

TEST(plant_jsonl, a_heartbeat_has_every_field_of_an_8_7_status) {
  const record_batch b = an_hour();
  const auto lines = lines_of(b);
  ASSERT_EQ(lines.size(), b.records.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const record& r = b.records[i];
    const nlohmann::json& m = lines[i]["message"];
    EXPECT_EQ(*parse_rfc3339(lines[i]["at"].get<std::string>()), r.at);
    EXPECT_EQ(*parse_rfc3339(m["time"].get<std::string>()), r.sent_at);
    EXPECT_EQ(lines[i]["subject"], "_RV.INFO.SYSTEM.HOST.STATUS." + host_id(r.host));
    EXPECT_EQ(m["ADV_NAME"], "HOST.STATUS." + host_id(r.host));
    EXPECT_EQ(m["hostaddr"], std::string{r.host});
    EXPECT_EQ(m["ver"], "8.7.0");
    EXPECT_EQ(m["rli"], 60);
    EXPECT_EQ(m["service"], "7500");
    EXPECT_EQ(m["network"], "eth\"0;239.1.1.1");
    EXPECT_EQ(m["ipport"], 7500);
    for (const char* field :
         {"up", "ms", "bs", "mr", "br", "ps", "pr", "rx", "pm", "idl", "odl", "irrs", "orrs", "cc"})
      EXPECT_TRUE(m[field].is_number_unsigned()) << field;
    EXPECT_EQ(m["cc"], r.get(counter::clients));
    EXPECT_EQ(m["bs"], r.get(counter::bytes_sent));
  }
}

TEST(plant_jsonl, loss_names_both_sides_and_sight_has_no_host) {
  fault storm{fault_kind::storm, scenario_start};
  storm.on = {{"10.0.0.3", ""}};
  storm.amount = 0.1;
  storm.ramp = 1min;
  int losses = 0;
  for (const auto& line : lines_of(an_hour({storm})))
    if (line["subject"] == "_RV.ERROR.SYSTEM.DATALOSS.INBOUND.BCAST") {
      ++losses;
      EXPECT_EQ(line["message"]["hostaddr"], "10.0.0.3");
      EXPECT_TRUE(line["message"]["host"].get<std::string>().starts_with("10.0.0."));
      EXPECT_GT(line["message"]["lost"], 0);
      EXPECT_FALSE(line["message"].contains("cc"));
    }
  EXPECT_GT(losses, 10);
  const auto sight = lines_of(an_hour({{fault_kind::break_link, scenario_start}}));
  ASSERT_EQ(sight.size(), 1u);
  EXPECT_EQ(sight[0]["subject"], "_RV.WARN.SYSTEM.RVD.DISCONNECTED");
  EXPECT_FALSE(sight[0]["message"].contains("hostaddr"));
}

TEST(plant_jsonl, our_own_decoder_reads_back_what_the_plant_did) {
  fault storm{fault_kind::storm, scenario_start};
  storm.on = {{"10.0.0.3", ""}};
  storm.amount = 0.1;
  storm.ramp = 1min;
  const record_batch sent =
      an_hour({storm,
               {fault_kind::stop, scenario_start + 20min, {{"10.0.0.1", ""}}},
               {fault_kind::start, scenario_start + 30min, {{"10.0.0.1", ""}}},
               {fault_kind::break_link, scenario_start + 40min},
               {fault_kind::restore_link, scenario_start + 45min}});
  std::string text;
  for (const record& r : sent.records) append_plant_jsonl(text, r);
  record_batch read;
  auto d = make_jsonl_decoder({}, {});
  d->feed(text, unset, read);
  d->finish(unset, read);
  for (const decode_error& e : d->take_errors()) ADD_FAILURE() << e.text;
  ASSERT_EQ(read.records.size(), sent.records.size());
  for (std::size_t i = 0; i < read.records.size(); ++i) {
    const record &a = sent.records[i], &b = read.records[i];
    EXPECT_EQ(a.kind, b.kind);
    EXPECT_EQ(a.at, b.at);
    EXPECT_EQ(a.sent_at, b.sent_at);
    EXPECT_EQ(a.host, b.host);
    EXPECT_EQ(a.peer, b.peer);
    EXPECT_EQ(a.version, b.version);
    EXPECT_EQ(a.reliability_s, b.reliability_s);
    EXPECT_EQ(a.present, b.present) << to_text(a.kind);
    EXPECT_EQ(a.values, b.values) << to_text(a.kind);
    if (a.host.empty()) continue; // sight has no segment
    EXPECT_EQ(a.service, b.service);
    EXPECT_EQ(a.network, b.network);
    EXPECT_EQ(a.key_hash, b.key_hash);
  }
}

TEST(plant_jsonl, a_time_mark_has_no_line) {
  std::string out;
  record r;
  r.kind = record_kind::time_mark;
  EXPECT_FALSE(append_plant_jsonl(out, r));
  EXPECT_TRUE(out.empty());
}

TEST(plant_jsonl, addresses_become_eight_digits) {
  EXPECT_EQ(host_id("10.98.163.137"), "0A62A389");
  EXPECT_EQ(host_id("255.0.0.1"), "FF000001");
  for (const char* name : {"", "fab12", "10.0.0", "10.0.0.1.", "10.0.0.256"})
    EXPECT_EQ(host_id(name), name);
}

} // namespace
} // namespace tocsin::plant_jsonl_test

// Sensor records of every form: what is read of them, and what is said of those that cannot be read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codecs/sample_decoder.hpp"
#include "core/record.hpp"

namespace tocsin::sample_decoder_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct decoded {
  sample_batch batch;
  std::vector<decode_error> errors;
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    std::size_t event = 0;
    const auto events_before = [&](std::size_t i) {
      for (; event < batch.events.size() && batch.events[event].before <= i; ++event) {
        const equipment_event& e = batch.events[event];
        std::string line = to_rfc3339(e.at).substr(11) + ' ' + std::string{e.equipment} + ' ' + std::string{to_text(e.kind)};
        for (const std::string_view text : {e.module, e.name, e.text, e.recipe, e.step, e.lot, e.wafer})
          if (!text.empty()) line += ' ' + std::string{text};
        if (e.kind == event_kind::state) line += ' ' + std::string{to_text(e.state)};
        if (e.kind == event_kind::task) line += ' ' + std::string{to_text(e.task)};
        if (e.value != 0) line += ' ' + std::to_string(e.value);
        out.push_back(line);
      }
    };
    for (std::size_t i = 0; i < batch.samples.size(); ++i) {
      events_before(i);
      const sample& s = batch.samples[i];
      out.push_back(to_rfc3339(s.at).substr(11) + ' ' + std::string{s.equipment} + '/' + std::string{s.channel} + ' ' + std::to_string(s.value));
      EXPECT_EQ(s.key_hash, hash_key(s.equipment, s.channel));
    }
    events_before(batch.samples.size());
    return out;
  }
};

decoded decode(std::string_view text, const sample_mapping& mapping = {}, std::size_t piece = 1 << 20) {
  decoded d;
  const auto it = make_sample_decoder(mapping);
  for (std::size_t at = 0; at < text.size(); at += piece) it->feed(text.substr(at, piece), d.batch);
  it->finish(d.batch);
  d.errors = it->take_errors();
  EXPECT_EQ(it->error_count(), d.errors.size());
  return d;
}

sample_mapping csv() {
  sample_mapping m;
  m.format = "csv";
  return m;
}

TEST(sample_json, packs_of_one_channel_are_spread_by_their_period) {
  EXPECT_THAT(decode(R"({"at":0.5,"channel":"e.p","values":[1,null,3],"rate_hz":1000})").lines(),
              ElementsAre("00:00:00.500Z e/p 1.000000", "00:00:00.502Z e/p 3.000000"));
  EXPECT_THAT(decode(R"({"at":1,"channel":"e.p","values":[1,2],"period":0.25})").lines(), ElementsAre("00:00:01Z e/p 1.000000", "00:00:01.250Z e/p 2.000000"));
  EXPECT_THAT(decode(R"({"at":1,"channel":"e.p","values":[1,2],"period":"2s"})").lines(), ElementsAre("00:00:01Z e/p 1.000000", "00:00:03Z e/p 2.000000"));
}

TEST(sample_json, channels_of_one_time_are_an_object) {
  EXPECT_THAT(decode(R"({"at":1,"channels":{"e.p":1,"e.q":null,"f.r":2}})").lines(), ElementsAre("00:00:01Z e/p 1.000000", "00:00:01Z f/r 2.000000"));
  EXPECT_THAT(decode(R"({"at":1,"equipment":" e ","channels":{"ch1.p":[1,2]},"period":1})").lines(), ElementsAre("00:00:01Z e/ch1.p 1.000000", "00:00:02Z e/ch1.p 2.000000"));
}

TEST(sample_json, the_good_part_of_a_pack_is_taken_and_the_rest_named) {
  auto d = decode(R"({"at":1,"channel":"e.p","values":[1,"x",3],"period":1})");
  EXPECT_EQ(d.batch.samples.size(), 2u);
  ASSERT_EQ(d.errors.size(), 1u);
  EXPECT_THAT(d.errors[0].text, HasSubstr("1 of 3 readings"));
  d = decode(R"({"at":1,"channels":{"e.p":1,"e.q":"x",".r":2}})");
  EXPECT_EQ(d.batch.samples.size(), 1u);
  ASSERT_EQ(d.errors.size(), 1u);
  EXPECT_THAT(d.errors[0].text, HasSubstr("2 of 3 channels cannot be used, first 'e.q'"));
}

TEST(sample_json, a_million_readings_or_channels_in_a_record_are_refused_by_name) {
  std::string values = R"({"at":1,"channel":"e.p","period":"1ms","values":[)", many = R"({"at":1,"channels":{)";
  for (int i = 0; i < 200'000; ++i) values += i ? ",1" : "1";
  for (int i = 0; i < 20'000; ++i) many += (i ? ",\"e.c" : "\"e.c") + std::to_string(i) + "\":1";
  auto d = decode(values + "]}\n" + many + "}}\n" + R"({"at":1,"channel":"e.p","value":1})" + "\n");
  EXPECT_EQ(d.batch.samples.size(), 1u);
  ASSERT_EQ(d.errors.size(), 2u);
  EXPECT_THAT(d.errors[0].text, HasSubstr("200000 readings in one record; write at most 100000"));
  EXPECT_THAT(d.errors[1].text, HasSubstr("20000 channels in one record; write at most 10000"));
  std::string million = R"({"at":1,"channel":"e.p","period":"1ms","values":[)";
  for (int i = 0; i < 1'000'000; ++i) million += i ? ",1" : "1";
  d = decode(million + "]}\n" + R"({"at":1,"channel":"e.p","value":1})");
  EXPECT_EQ(d.batch.samples.size(), 1u);
  ASSERT_EQ(d.errors.size(), 1u);
  EXPECT_THAT(d.errors[0].text, HasSubstr("longer than"));
  EXPECT_LE(d.errors[0].bytes.size(), 4096u);
}

TEST(sample_json, events_keep_their_place_among_the_readings) {
  const auto d = decode(R"({"at":1,"channel":"e.p","value":1}
{"at":2,"event":"state","equipment":"e","state":"PRD"}
{"at":2,"event":"task","equipment":"e","module":"ch1","task":"Busy","text":"etch"}
{"at":3,"channel":"e.p","value":2}
{"at":4,"event":"process","equipment":"e","module":"ch1","recipe":"R1","step":3,"lot":"L1","wafer":12}
{"at":5,"event":"measurement","equipment":"e","name":"cd","value":1.5,"lot":"L1"}
{"at":6,"event":"yield","equipment":"e","value":0.5,"lot":"L1"}
{"at":7,"event":"alarm_set","equipment":" e ","name":" E1 ","text":"RF"}
)");
  EXPECT_TRUE(d.errors.empty());
  EXPECT_THAT(d.lines(), ElementsAre("00:00:01Z e/p 1.000000", "00:00:02Z e state productive", "00:00:02Z e task ch1 etch busy", "00:00:03Z e/p 2.000000",
                                     "00:00:04Z e process ch1 R1 3 L1 12", "00:00:05Z e measurement cd L1 1.500000", "00:00:06Z e yield L1 0.500000",
                                     "00:00:07Z e alarm_set E1 RF"));
}

TEST(sample_json, a_state_that_is_not_known_is_unknown) {
  for (const char* state : {"", R"(,"state":"melting")", R"(,"state":7)", R"(,"state":null)"}) {
    const auto d = decode(std::string{R"({"at":1,"event":"state","equipment":"e")"} + state + "}");
    ASSERT_EQ(d.batch.events.size(), 1u) << state;
    EXPECT_EQ(d.batch.events[0].state, e10_state::unknown);
  }
  EXPECT_EQ(parse_e10_state(" Unscheduled Downtime "), e10_state::unscheduled_down);
  EXPECT_EQ(parse_e10_state("non-scheduled"), e10_state::non_scheduled);
  EXPECT_EQ(parse_e10_state("sdt"), e10_state::scheduled_down);
}

TEST(sample_json, events_without_what_they_need_are_refused_with_their_bytes) {
  const std::pair<const char*, const char*> bad[] = {
      {R"({"event":"state","equipment":"e"})", "no time"},
      {R"({"at":1,"event":"state"})", "names no equipment"},
      {R"({"at":1,"event":"state","equipment":"  "})", "names no equipment"},
      {R"({"at":1,"event":"explosion","equipment":"e"})", "kind of event is unknown"},
      {R"({"at":1,"event":7,"equipment":"e"})", "kind of event is unknown"},
      {R"({"at":-1,"event":"state","equipment":"e"})", "after 1970"},
      {R"({"at":1,"event":"alarm_set","equipment":"e"})", "needs a name"},
      {R"({"at":1,"event":"measurement","equipment":"e","name":"x"})", "no finite value"},
      {R"({"at":1,"event":"yield","equipment":"e","value":93})", "from 0 to 1"},
  };
  for (const auto& [text, why] : bad) {
    const auto d = decode(text);
    EXPECT_TRUE(d.batch.events.empty()) << text;
    ASSERT_EQ(d.errors.size(), 1u) << text;
    EXPECT_THAT(d.errors[0].text, HasSubstr(why));
    EXPECT_EQ(d.errors[0].bytes, text);
  }
}

TEST(sample_json, fields_of_events_may_have_the_names_of_the_house) {
  sample_mapping m;
  m.at = "t", m.event = "typ", m.equipment = "tool";
  m.event_fields = {{"state", "ZUSTAND"}, {"lot", "LOTID"}};
  EXPECT_THAT(decode(R"({"t":1,"typ":"state","tool":"e","ZUSTAND":"SBY","LOTID":"L9"})", m).lines(), ElementsAre("00:00:01Z e state L9 standby"));
}

TEST(sample_csv, one_row_a_reading) {
  const auto d = decode("time,equipment,channel,value\n1,e,p,1.5\n2,\"e\",\"p\",-2e3\r\n\n3,,p,1\n4,e,p,nan\n5,e,p,x\n6,e,p\n-1,e,p,1\n", csv());
  EXPECT_THAT(d.lines(), ElementsAre("00:00:01Z e/p 1.500000", "00:00:02Z e/p -2000.000000"));
  std::vector<std::uint64_t> places;
  for (const auto& e : d.errors) places.push_back(e.position);
  EXPECT_THAT(places, ElementsAre(5, 6, 7, 8, 9));
  EXPECT_THAT(d.errors[3].text, HasSubstr("3 cells where the header has 4"));
}

TEST(sample_csv, one_column_a_channel) {
  const auto d = decode("\xef\xbb\xbftimestamp,etch1.p,etch1.q\n2026-01-01 00:00:00,1,2\n2026-01-01 00:00:01,,3\n2026-01-01 00:00:02,inf,4\n", csv());
  EXPECT_THAT(d.lines(), ElementsAre("00:00:00Z etch1/p 1.000000", "00:00:00Z etch1/q 2.000000", "00:00:01Z etch1/q 3.000000", "00:00:02Z etch1/q 4.000000"));
  ASSERT_EQ(d.errors.size(), 1u);
  EXPECT_THAT(d.errors[0].text, HasSubstr("column 'etch1.p'"));
  EXPECT_THAT(decode("at,equipment,p\n1,e,5\n", csv()).lines(), ElementsAre("00:00:01Z e/p 5.000000"));
}

TEST(sample_csv, events_have_a_column) {
  const auto d = decode("at,event,equipment,name,text,state,value\n1,alarm_set,e,E1,\"a, \"\"b\"\"\",,\n2,state,e,,,UDT,\n3,measurement,e,cd,,,4\n4,,e,,,,\n", csv());
  EXPECT_THAT(d.lines(), ElementsAre("00:00:01Z e alarm_set E1 a, \"b\"", "00:00:02Z e state unscheduled_down", "00:00:03Z e measurement cd 4.000000"));
  EXPECT_EQ(d.errors.size(), 1u);
}

TEST(sample_csv, a_header_that_cannot_work_is_named_once) {
  for (const char* text : {"a,b\n1,2\n3,4\n", "at\n1\n", "at,channel\n1,p\n"}) {
    const auto d = decode(text, csv());
    EXPECT_TRUE(d.batch.samples.empty());
    ASSERT_EQ(d.errors.size(), 1u) << text;
    EXPECT_THAT(d.errors[0].text, HasSubstr("nothing of this input is used"));
  }
}

TEST(sample_decoder, does_not_depend_on_the_pieces) {
  const std::string json = R"({"at":1,"channel":"e.p","value":1}
{"at":2,"event":"state","equipment":"e","state":"PRD"}
junk
{"at":3,"channels":{"e.p":2,"e.q":[1,2]},"period":1}
 {"at": 4, "channel" : "e.\u0070", "value": 2}
{"at":5,"event":"alarm_set","equipment":"e","name":"E1"})";
  const std::string table = "at,event,equipment,channel,value,name\n1,,e,p,1,\n2,alarm_set,e,,,E1\n3,,e,p\n4,,e,p,\"2\",\n";
  EXPECT_EQ(decode(table, csv()).lines().size(), 3u);
  for (std::size_t piece = 1; piece < 80; ++piece) {
    EXPECT_EQ(decode(json, {}, piece).lines(), decode(json).lines()) << piece;
    EXPECT_EQ(decode(json, {}, piece).errors.size(), 1u) << piece;
    EXPECT_EQ(decode(table, csv(), piece).lines(), decode(table, csv()).lines()) << piece;
  }
}

TEST(sample_decoder, takes_csv_by_the_path_when_nothing_else_is_said) {
  EXPECT_EQ(for_path({}, "a/b.csv").format, "csv");
  EXPECT_EQ(for_path({}, "a/b.jsonl").format, "json");
  EXPECT_EQ(for_path(csv(), "-").format, "csv");
}

} // namespace
} // namespace tocsin::sample_decoder_test

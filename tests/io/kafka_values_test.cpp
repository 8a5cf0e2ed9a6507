// Values of Kafka to records: what each gets of its place and time.
#include "io/kafka_values.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace tocsin::kafka_values_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string beat(const std::string& host) { return R"({"subject":"_RV.INFO.SYSTEM.HOST.STATUS.X","message":{"hostaddr":")" + host + R"(","service":"7500","up":10}})"; }
timestamp ms(std::int64_t n) { return from_nanoseconds(n * 1'000'000); }

class values : public testing::Test {
protected:
  void add(std::int64_t offset, const std::string& value, std::int64_t at_ms = 1000) { reader->add({"inputs", 3, offset}, value, ms(at_ms), out); }
  std::vector<std::string> hosts() {
    reader->flush(out);
    std::vector<std::string> all;
    for (const record& r : out.records) all.emplace_back(r.host);
    return all;
  }
  void use(const std::string& encoding, const std::string& time = "arrival") {
    settings.kind = "kafka";
    settings.kafka.encoding = encoding;
    settings.time = time;
    reader.emplace(settings);
  }
  source_settings settings;
  std::optional<kafka_values> reader;
  record_batch out;
};

TEST_F(values, get_the_time_of_their_own_record) {
  use("json");
  add(1, beat("10.0.0.1"), 1000);
  add(2, beat("10.0.0.2"), 1000);
  add(3, beat("10.0.0.3"), 2000);
  EXPECT_THAT(hosts(), ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.3"));
  EXPECT_EQ(out.records[1].at, ms(1000));
  EXPECT_EQ(out.records[2].at, ms(2000));
}

TEST_F(values, tell_which_record_is_of_which_value) {
  use("json");
  reader->keep_places();
  add(10, beat("10.0.0.1") + "\n" + beat("10.0.0.2") + "\n");
  add(11, "{\"broken\": ");
  add(12, "");
  add(13, "no json\n" + beat("10.0.0.3"));
  add(14, beat("10.0.0.4"), 2000); // another time: decoded by itself
  add(15, beat("10.0.0.5"), 2000);
  EXPECT_EQ(hosts().size(), 5u);
  std::vector<std::pair<std::uint32_t, std::int64_t>> places;
  for (const value_place& p : reader->take_places()) places.emplace_back(p.record, p.offset);
  EXPECT_THAT(places, ElementsAre(std::pair{0u, 10}, std::pair{2u, 13}, std::pair{3u, 14}, std::pair{4u, 15}));
  EXPECT_TRUE(reader->take_places().empty());
}

TEST_F(values, an_error_names_its_place_whatever_stands_around_it) {
  use("json");
  add(10, beat("10.0.0.1") + "\n" + beat("10.0.0.2") + "\n");
  add(11, "{\"broken\": ");
  add(12, "");
  add(13, beat("10.0.0.3") + "\nno json\n" + beat("10.0.0.4"));
  add(14, "7", 2000);
  EXPECT_THAT(hosts(), ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"));
  std::vector<std::uint64_t> positions;
  const auto errors = reader->take_errors();
  for (const decode_error& e : errors) positions.push_back(e.position);
  EXPECT_THAT(positions, ElementsAre(11, 13, 14));
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_THAT(errors[0].text, StartsWith("inputs/3@11: no JSON"));
  EXPECT_EQ(errors[0].bytes, "{\"broken\": ");
  EXPECT_EQ(errors[1].bytes, "no json");
  EXPECT_EQ(reader->error_count(), 3u);
  EXPECT_EQ(reader->ignored_count(), 1u) << "one was empty";
}

TEST_F(values, of_messagepack_are_read_by_the_same_mapping) {
  use("msgpack");
  const auto packed = nlohmann::json::to_msgpack(nlohmann::json::parse(beat("10.0.0.1")));
  add(1, {packed.begin(), packed.end()});
  add(2, "\xc1");
  EXPECT_THAT(hosts(), ElementsAre("10.0.0.1"));
  const auto errors = reader->take_errors();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_THAT(errors[0].text, HasSubstr("inputs/3@2: no MessagePack"));
  EXPECT_EQ(errors[0].bytes, "\xc1");
}

TEST_F(values, may_carry_their_own_time) {
  use("json", "message");
  add(1, R"({"at":"2026-01-01T00:00:00Z","subject":"_RV.INFO.SYSTEM.HOST.STATUS.X","message":{"hostaddr":"10.0.0.1","up":10}})");
  hosts();
  EXPECT_EQ(to_rfc3339(out.records.at(0).at), "2026-01-01T00:00:00Z");
}

TEST_F(values, of_an_unknown_schema_are_set_aside_when_there_is_no_registry) {
  settings.kafka.schemas = "/nowhere";
  use("avro");
  std::string why;
  EXPECT_TRUE(reader->ready(std::string{"\0\0\0\0\x09z", 6}, why)) << "waiting would not help";
  add(1, std::string{"\0\0\0\0\x09z", 6});
  EXPECT_TRUE(hosts().empty());
  EXPECT_THAT(reader->take_errors().at(0).text, HasSubstr("there is no 9.avsc"));
}

} // namespace
} // namespace tocsin::kafka_values_test

// What an input held between two times: found without asking the brokers for it, and never waited for without end.
#include "io/kafka_history.hpp"

#include <gmock/gmock.h>

#include "io/clock.hpp"
#include "io/kafka_support.hpp"

namespace tocsin::kafka_history_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t noon_ms = 1'700'000'000'000;

std::string beat(int up) { return R"({"subject":"_RV.INFO.SYSTEM.HOST.STATUS.X","message":{"hostaddr":"10.0.0.1","service":"7500","up":)" + std::to_string(up) + "}}"; }

class kafka_history : public testing::Test {
protected:
  kafka_history() {
    kafka.create("inputs", 3);
    source.name = "inputs";
    source.kind = "kafka";
    source.connection = kafka.connection();
    source.kafka.topics = {"inputs"};
    question.from = from_milliseconds(noon_ms);
    question.until = from_milliseconds(noon_ms + 1000);
    question.within = std::chrono::seconds{30};
  }

  /// One a millisecond, around noon; `up` says which.
  void fill(std::int32_t partition, int before, int after, const std::string& key = "rvd/10.0.0.1") {
    for (int i = -before; i < after; ++i) kafka.send("inputs", partition, key, beat(100'000 + i), noon_ms + i);
    kafka.flush();
  }
  kafka_history_end read() {
    seen.clear();
    auto end = read_kafka_history(source, question, [&](const record& r, const kafka_history_place& place) {
      seen.push_back(static_cast<int>(r.get(counter::uptime)) - 100'000);
      places.push_back(place);
      vantages.push_back(r.vantage);
    });
    EXPECT_TRUE(end) << end.error().text;
    return end.value_or(kafka_history_end{});
  }

  test::mock_kafka kafka;
  source_settings source;
  kafka_history_question question;
  std::vector<int> seen, vantages;
  std::vector<kafka_history_place> places;
};

TEST_F(kafka_history, is_what_lies_between_two_times) {
  fill(1, 20'000, 7'000);
  question.partitions = {1};
  question.keys = {"rvd/10.0.0.1"};
  const auto end = read();
  EXPECT_TRUE(end.complete) << end.why;
  ASSERT_EQ(seen.size(), 1001);
  for (int i = 0; i <= 1000; ++i) ASSERT_EQ(seen[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(places.front().partition, 1);
  EXPECT_EQ(places.front().offset, 20'000);
}

TEST_F(kafka_history, comes_from_the_partitions_that_were_asked_for_one_after_the_other) {
  for (std::int32_t p = 0; p < 3; ++p) fill(p, 3, 2 + p);
  question.partitions = {2, 0};
  question.keys = {"rvd/10.0.0.1"};
  EXPECT_TRUE(read().complete);
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3, 0, 1));
}

TEST_F(kafka_history, of_many_partitions_is_read_in_the_time_of_one_question) {
  kafka.create("wide", 24);
  source.kafka.topics = {"wide"};
  question.within = kafka_history_question{}.within;
  question.keys = {"rvd/10.0.0.1"};
  for (std::int32_t p = 0; p < 24; ++p) {
    kafka.send("wide", p, "rvd/10.0.0.1", beat(100'000 + p), noon_ms);
    question.partitions.push_back(p);
  }
  kafka.flush();
  const auto end = read();
  EXPECT_TRUE(end.complete) << end.why;
  EXPECT_EQ(seen.size(), 24);
}

TEST_F(kafka_history, leaves_other_hosts_out_but_not_records_of_other_keys) {
  fill(0, 0, 1, "rvd/10.0.0.2");
  fill(0, 0, 1, "vantage/fab1");
  kafka.send("inputs", 0, "rvd/10.0.0.1", "poison", noon_ms);
  fill(0, 0, 1);
  question.partitions = {0};
  question.keys = {"rvd/10.0.0.1"};
  EXPECT_TRUE(read().complete);
  EXPECT_THAT(seen, ElementsAre(0, 0));
  EXPECT_EQ(places[0].offset, 1);
  EXPECT_EQ(places[1].offset, 3);
}

TEST_F(kafka_history, knows_who_wrote) {
  source.kafka.vantages = {"fab1", "fab2"};
  kafka.produce("inputs", 0, "k", beat(100'000), noon_ms, "fab2");
  kafka.produce("inputs", 0, "k", beat(100'001), noon_ms + 1, "somebody");
  question.partitions = {0};
  EXPECT_TRUE(read().complete);
  EXPECT_THAT(vantages, ElementsAre(2, 0));
}

TEST_F(kafka_history, is_nothing_where_nothing_was_written_since) {
  fill(0, 3, 0);
  question.partitions = {0, 1};
  const auto end = read();
  EXPECT_TRUE(end.complete) << end.why;
  EXPECT_THAT(seen, IsEmpty());
}

TEST_F(kafka_history, says_when_there_is_more_than_is_looked_at) {
  fill(0, 0, 50);
  question.partitions = {0};
  question.keys = {"rvd/10.0.0.1"};
  question.most = 10;
  const auto end = read();
  EXPECT_FALSE(end.complete);
  EXPECT_THAT(end.why, HasSubstr("more records"));
  EXPECT_EQ(seen.size(), 10);
}

TEST_F(kafka_history, is_not_waited_for_longer_than_was_said) {
  fill(0, 0, 1);
  kafka.down();
  question.partitions = {0, 1};
  question.within = std::chrono::milliseconds{200};
  const auto begun = monotonic_clock();
  const auto end = read();
  EXPECT_FALSE(end.complete);
  EXPECT_THAT(end.why, HasSubstr("brokers"));
  EXPECT_LT(monotonic_clock() - begun, test::patience) << "it returned at all";
}

TEST_F(kafka_history, refuses_properties_that_are_wrong) {
  source.connection.properties.emplace_back("no.such.thing", "1");
  const auto end = read_kafka_history(source, question, [](const record&, const kafka_history_place&) {});
  ASSERT_FALSE(end);
  EXPECT_THAT(end.error().text, HasSubstr("no.such.thing"));
}

} // namespace
} // namespace tocsin::kafka_history_test

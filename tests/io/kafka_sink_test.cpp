// What is written to Kafka while the brokers are away: bounded in records and bytes, with room kept for what must be written.
#include "io/kafka_sink.hpp"

#include <gmock/gmock.h>

#include "io/kafka_support.hpp"

namespace tocsin::kafka_sink_test {
namespace {

class kafka_sinks : public testing::Test {
protected:
  void open(const std::string& max_kbytes) {
    kafka.create("readings", 1);
    kafka_output k = kafka.output();
    k.connection.properties.emplace_back("queue.buffering.max.kbytes", max_kbytes);
    auto opened = open_kafka_sink(k, {"readings"});
    ASSERT_TRUE(opened) << opened.error().text;
    sink = std::move(*opened);
  }
  bool write(bool must) { return sink->write("readings", {"etch1", value, from_milliseconds(1'700'000'000'000)}, must); }
  /// How many are taken before one is refused.
  std::size_t taken(bool must, std::size_t most = 1000) {
    std::size_t n = 0;
    while (n < most && write(must)) ++n;
    return n;
  }
  test::mock_kafka kafka;
  std::unique_ptr<kafka_sink> sink;
  const std::string value = std::string(64 * 1024, 'x');
};

TEST_F(kafka_sinks, large_values_leave_a_tenth_of_the_bytes_to_what_must_be_written) {
  open("10240"); // 160 such values
  kafka.down();
  const std::size_t others = taken(false);
  EXPECT_GE(others, 140u);
  EXPECT_LE(others, 145u);
  EXPECT_FALSE(sink->has_room());
  const std::size_t must = taken(true, 12);
  EXPECT_EQ(must, 12u) << "nine tenths were left to them";
  const kafka_sink_status full = sink->status();
  EXPECT_EQ(full.queued, others + must);
  EXPECT_EQ(full.queued_bytes, (others + must) * (value.size() + 5));
  EXPECT_EQ(full.topics.at(0).dropped, 1u);
  kafka.up();
  EXPECT_TRUE(sink->flush(20s));
  EXPECT_EQ(sink->status().queued_bytes, 0u);
  EXPECT_EQ(sink->status().topics.at(0).delivered, others + must);
  EXPECT_TRUE(sink->has_room());
}

} // namespace
} // namespace tocsin::kafka_sink_test

// What a consumer takes of its partitions at once.
#include "io/kafka_partitions.hpp"

#include <gmock/gmock.h>

#include "io/kafka_support.hpp"
#include "io/rv_socket.hpp"

namespace tocsin::kafka_partitions_test {
namespace {

using testing::Gt;
using testing::Le;
using testing::SizeIs;

TEST(kafka_partitions_of_large_values, are_taken_a_mebibyte_at_once_and_say_that_there_is_more) {
  constexpr std::size_t value_bytes = 64 * 1024;
  constexpr int values = 64; // the mock keeps 5 MiB
  test::mock_kafka kafka;
  kafka.create("readings", 1);
  for (int i = 0; i < values; ++i) kafka.send("readings", 0, "etch1", std::string(value_bytes, 'x'), 1'700'000'000'000 + i);
  kafka.flush();

  kafka_connection c = kafka.connection();
  auto conf = kafka_config(c, {{"group.id", "g"}}, {});
  ASSERT_TRUE(conf) << conf.error().text;
  auto client = make_kafka(RD_KAFKA_CONSUMER, std::move(*conf));
  ASSERT_TRUE(client) << client.error().text;
  rd_kafka_poll_set_consumer(client->get());
  wake_up wake;
  kafka_partitions all{wake.fd()};
  all.add(client->get(), "readings", 0, 0);
  kafka_list list{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(list.get(), "readings", 0)->offset = 0;
  ASSERT_EQ(rd_kafka_assign(client->get(), list.get()), RD_KAFKA_RESP_ERR_NO_ERROR);

  std::vector<std::size_t> taken;
  std::int64_t next = 0;
  ASSERT_TRUE(test::eventually([&] {
    const kafka_message m{rd_kafka_consumer_poll(client->get(), 10)}; // serves the assignment; waits for records, too
    const std::size_t got = all.take(
        client->get(), 8192, true,
        [&](const rd_kafka_message_t& one, std::string_view, timestamp) {
          EXPECT_EQ(one.offset, next++);
          return true;
        },
        [](const std::string& place, rd_kafka_resp_err_t code) { ADD_FAILURE() << place << ": " << kafka_text(code); });
    all.release();
    if (got > 0) taken.push_back(got);
    EXPECT_EQ(all.has_rest() && got < 16, false) << "a rest is left only where the bound was reached";
    return next == values;
  }));
  EXPECT_THAT(taken, testing::Each(Le(16u))) << "16 of them are a mebibyte";
  EXPECT_THAT(taken, SizeIs(Gt(3u)));
  all.clear();
}

} // namespace
} // namespace tocsin::kafka_partitions_test

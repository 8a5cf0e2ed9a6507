// The yardstick of part kafka: a bare librdkafka consumer with our decoding and nothing else.
//   tocsin_kafka_bare BROKERS TOPIC RECORDS     prints {"records":…,"seconds":…,"cpu_seconds":…}
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "io/clock.hpp"
#include "io/kafka_source_impl.hpp"

namespace {

using namespace tocsin;

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

int fail_with(const std::string& why) {
  std::fprintf(stderr, "tocsin_kafka_bare: %s\n", why.c_str());
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) return fail_with("usage: BROKERS TOPIC RECORDS");
  kafka_connection to;
  to.brokers = argv[1];
  to.properties = {{"fetch.wait.max.ms", "10"}};
  const auto wanted = std::strtoull(argv[3], nullptr, 10);
  auto conf = kafka_config(to, kafka_consumer_defaults(), {{"group.id", "bare"}, {"enable.auto.commit", "false"}});
  if (!conf) return fail_with(conf.error().text);
  auto client = make_kafka(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return fail_with(client.error().text);
  rd_kafka_poll_set_consumer(client->get());
  const kafka_list all{rd_kafka_topic_partition_list_new(64)};
  const rd_kafka_metadata_t* seen = nullptr;
  if (rd_kafka_metadata(client->get(), 1, nullptr, &seen, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) return fail_with("no metadata");
  for (int t = 0; t < seen->topic_cnt; ++t)
    for (int p = 0; std::string_view{seen->topics[t].topic} == argv[2] && p < seen->topics[t].partition_cnt; ++p)
      rd_kafka_topic_partition_list_add(all.get(), argv[2], p)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_metadata_destroy(seen);
  source_settings s;
  s.kind = "kafka";
  kafka_values values{s};
  kafka_queue queue{rd_kafka_queue_get_consumer(client->get())};
  std::vector<rd_kafka_message_t*> got(1000);
  std::uint64_t records = 0;
  double cpu_before = 0;
  std::chrono::steady_clock::time_point began;
  rd_kafka_assign(client->get(), all.get());
  while (records < wanted) {
    const ssize_t n = rd_kafka_consume_batch_queue(queue.get(), 5000, got.data(), got.size());
    if (n <= 0) return fail_with("only " + std::to_string(records) + " records came");
    if (records == 0) { // finding the brokers is not consumption
      began = monotonic_clock();
      cpu_before = cpu_seconds();
    }
    record_batch batch;
    for (ssize_t i = 0; i < n; ++i) {
      const rd_kafka_message_t& m = *got[static_cast<std::size_t>(i)];
      if (m.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      const auto ms = rd_kafka_message_timestamp(&m, nullptr);
      values.add({argv[2], m.partition, m.offset}, {static_cast<const char*>(m.payload), m.len}, from_nanoseconds(ms * 1'000'000), batch);
    }
    values.flush(batch);
    records += batch.records.size();
    for (ssize_t i = 0; i < n; ++i) rd_kafka_message_destroy(got[static_cast<std::size_t>(i)]);
  }
  const double seconds = std::chrono::duration<double>(monotonic_clock() - began).count();
  std::printf("{\"records\":%llu,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n", static_cast<unsigned long long>(records), seconds, cpu_seconds() - cpu_before);
  std::fflush(stdout);
  std::_Exit(0);
}

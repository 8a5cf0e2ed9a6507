#include "kafka_mock/reader.hpp"

#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string>
#include <string_view>

namespace {

void print_text(std::string_view text) {
  std::putchar('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') std::printf("\\%c", c);
    else if (byte < 0x20 || byte > 0x7e) std::printf("\\u%04x", byte);
    else std::putchar(c);
  }
  std::putchar('"');
}

void print(const rd_kafka_message_t& m) {
  std::printf("{\"partition\":%d,\"offset\":%lld,\"timestamp\":%lld,\"key\":", m.partition, static_cast<long long>(m.offset),
              static_cast<long long>(rd_kafka_message_timestamp(&m, nullptr)));
  print_text({static_cast<const char*>(m.key), m.key_len});
  std::printf(",\"value\":");
  print_text({static_cast<const char*>(m.payload), m.len});
  std::printf("}\n");
}

void set(rd_kafka_conf_t* conf, const char* name, const char* value) {
  char why[512];
  if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK) return;
  std::fprintf(stderr, "tocsin-test-kafka: %s\n", why);
  std::exit(1);
}

int from_hex(char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; }

} // namespace

int write_topic(const char* brokers, const char* topic) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", brokers);
  char why[512];
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  if (!client) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    const auto blank = line.find(' ');
    std::string value;
    for (auto i = blank + 1; i + 1 < line.size(); i += 2) value += static_cast<char>(from_hex(line[i]) * 16 + from_hex(line[i + 1]));
    rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(line.data(), blank),
                      RD_KAFKA_V_VALUE(value.data(), value.size()), RD_KAFKA_V_END);
  }
  const bool sent = rd_kafka_flush(client, 10'000) == RD_KAFKA_RESP_ERR_NO_ERROR;
  rd_kafka_destroy(client);
  return sent ? 0 : 1;
}

int read_topic(const char* brokers, const char* topic) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", brokers);
  set(conf, "group.id", "tocsin-test-reader");
  set(conf, "enable.auto.commit", "false");
  set(conf, "enable.partition.eof", "true");
  set(conf, "auto.offset.reset", "earliest");
  set(conf, "fetch.wait.max.ms", "10");
  char why[512];
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
  if (!client) return 1;
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic, nullptr);
  const rd_kafka_metadata_t* seen = nullptr;
  const auto code = rd_kafka_metadata(client, 0, handle, &seen, 10'000);
  rd_kafka_topic_destroy(handle);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::fprintf(stderr, "tocsin-test-kafka: %s\n", rd_kafka_err2str(code));
    return 1;
  }
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(16);
  std::set<int> open;
  for (int p = 0; seen->topic_cnt > 0 && p < seen->topics[0].partition_cnt; ++p) {
    rd_kafka_topic_partition_list_add(all, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    open.insert(p);
  }
  rd_kafka_metadata_destroy(seen);
  rd_kafka_assign(client, all);
  rd_kafka_topic_partition_list_destroy(all);
  while (!open.empty()) {
    rd_kafka_message_t* m = rd_kafka_consumer_poll(client, 10'000);
    if (!m) return 1;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) open.erase(m->partition);
    else if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) print(*m);
    rd_kafka_message_destroy(m);
  }
  std::fflush(stdout);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return 0;
}

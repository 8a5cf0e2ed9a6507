// Hosts librdkafka's mock cluster: prints its bootstrap list, obeys lines on standard input, ends with it.
//   tocsin-test-kafka [--brokers N] TOPIC:PARTITIONS …
//   tocsin-test-kafka --read BROKERS TOPIC      prints what is in a topic, of any cluster, and ends
//   tocsin-test-kafka --write BROKERS TOPIC     writes lines "KEY HEXBYTES" of standard input as records
// Lines: "down N", "up N" (broker N, from 1; 0 = all), "create TOPIC PARTITIONS", "leader TOPIC PARTITION BROKER", "coordinator GROUP BROKER",
// "rtt MS". Each is answered with "ok" or "error WHY".
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>

#include "kafka_mock/reader.hpp"

namespace {

rd_kafka_resp_err_t for_brokers(int which, int count, rd_kafka_mock_cluster_t* cluster,
                                rd_kafka_resp_err_t (*act)(rd_kafka_mock_cluster_t*, int32_t)) {
  auto code = RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int b = 1; b <= count; ++b)
    if (which == 0 || which == b)
      if (const auto one = act(cluster, b); one != RD_KAFKA_RESP_ERR_NO_ERROR) code = one;
  return code;
}

std::string obey(const std::string& line, rd_kafka_mock_cluster_t* cluster, int brokers) {
  std::istringstream in{line};
  std::string word, topic;
  int number = 0, broker = 0;
  in >> word;
  auto code = RD_KAFKA_RESP_ERR__INVALID_ARG;
  if (word == "create" && in >> topic >> number) {
    code = rd_kafka_mock_topic_create(cluster, topic.c_str(), number, 1);
  } else if (word == "leader" && in >> topic >> number >> broker) {
    code = rd_kafka_mock_partition_set_leader(cluster, topic.c_str(), number, broker);
  } else if (word == "coordinator" && in >> topic >> broker) {
    code = rd_kafka_mock_coordinator_set(cluster, "group", topic.c_str(), broker);
  } else if (in >> number) {
    if (word == "down") code = for_brokers(number, brokers, cluster, rd_kafka_mock_broker_set_down);
    if (word == "up") code = for_brokers(number, brokers, cluster, rd_kafka_mock_broker_set_up);
    if (word == "rtt") {
      code = RD_KAFKA_RESP_ERR_NO_ERROR;
      for (int b = 1; b <= brokers; ++b) code = rd_kafka_mock_broker_set_rtt(cluster, b, number);
    }
  }
  return code == RD_KAFKA_RESP_ERR_NO_ERROR ? "ok" : std::string{"error "} + rd_kafka_err2str(code);
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "--read") == 0) return read_topic(argv[2], argv[3]);
  if (argc == 4 && std::strcmp(argv[1], "--write") == 0) return write_topic(argv[2], argv[3]);
  int brokers = 1, first = 1;
  if (argc > 2 && std::strcmp(argv[1], "--brokers") == 0) {
    brokers = std::atoi(argv[2]);
    first = 3;
  }
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "log_level", "3", nullptr, 0);
  rd_kafka_conf_set(conf, "socket.nagle.disable", "true", nullptr, 0); // as real brokers do
  char why[512];
  rd_kafka_t* host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  if (!host) {
    std::fprintf(stderr, "tocsin-test-kafka: %s\n", why);
    return 1;
  }
  rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(host, brokers);
  for (int i = first; i < argc; ++i) {
    const char* colon = std::strrchr(argv[i], ':');
    const std::string topic{argv[i], colon ? static_cast<std::size_t>(colon - argv[i]) : std::strlen(argv[i])};
    const auto code = rd_kafka_mock_topic_create(cluster, topic.c_str(), colon ? std::atoi(colon + 1) : 1, 1);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    std::fprintf(stderr, "tocsin-test-kafka: %s: %s\n", argv[i], rd_kafka_err2str(code));
    return 1;
  }
  std::printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::printf("%s\n", obey(line, cluster, brokers).c_str());
    std::fflush(stdout);
  }
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(host);
  return 0;
}

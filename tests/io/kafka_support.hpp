// librdkafka's mock cluster within the test, and a collector of what another thread tells.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <condition_variable>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "core/connections.hpp"
#include "io/support.hpp"

namespace tocsin::test {

/// What is told on one thread and waited for on another.
template <class State>
class told {
public:
  template <class Change>
  void say(Change change) {
    const std::lock_guard lock{mutex_};
    change(state_);
    changed_.notify_all();
  }
  template <class Condition>
  bool wait(Condition holds, std::chrono::seconds most = patience) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, most, [&] { return holds(state_); });
  }
  State get() {
    const std::lock_guard lock{mutex_};
    return state_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_;
};

class mock_kafka {
public:
  explicit mock_kafka(int brokers = 1) : brokers_(brokers) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", nullptr, 0);
    host_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    if (!host_) std::abort();
    cluster_ = rd_kafka_mock_cluster_new(host_, brokers);
  }
  ~mock_kafka() {
    if (producer_) rd_kafka_destroy(producer_);
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(host_);
  }
  mock_kafka(const mock_kafka&) = delete;
  mock_kafka& operator=(const mock_kafka&) = delete;

  void create(const char* topic, int partitions) { rd_kafka_mock_topic_create(cluster_, topic, partitions, 1); }
  void down() {
    for (int b = 1; b <= brokers_; ++b) rd_kafka_mock_broker_set_down(cluster_, b);
  }
  void up() {
    for (int b = 1; b <= brokers_; ++b) rd_kafka_mock_broker_set_up(cluster_, b);
  }
  /// The next `count` produce requests are refused.
  void refuse_produce(rd_kafka_resp_err_t code, int count) { refuse(0, code, count); }
  /// The same for offsets of a group.
  void refuse_commit(rd_kafka_resp_err_t code, int count) { refuse(8, code, count); }
  kafka_connection connection() const {
    return {rd_kafka_mock_cluster_bootstraps(cluster_),
            {{"fetch.wait.max.ms", "5"}, {"session.timeout.ms", "6000"}, {"heartbeat.interval.ms", "500"}, {"reconnect.backoff.ms", "50"}},
            "",
            ""};
  }
  kafka_output output() const {
    kafka_output k;
    k.connection = connection();
    return k;
  }
  /// Writes a record and waits until it is there. `by`: its header `vantage`; null = none.
  void produce(const char* topic, std::int32_t partition, const std::string& key, const std::string& value, std::int64_t at_ms = 0, const char* by = nullptr) {
    send(topic, partition, key, value, at_ms, by);
    flush();
  }
  void send(const char* topic, std::int32_t partition, const std::string& key, const std::string& value, std::int64_t at_ms = 0, const char* by = nullptr) {
    if (!producer_) {
      rd_kafka_conf_t* conf = rd_kafka_conf_new();
      rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_), nullptr, 0);
      rd_kafka_conf_set(conf, "linger.ms", "0", nullptr, 0);
      producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
      if (!producer_) std::abort();
    }
    rd_kafka_headers_t* headers = by ? rd_kafka_headers_new(1) : nullptr;
    if (by) rd_kafka_header_add(headers, "vantage", -1, by, -1);
    rd_kafka_producev(producer_, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key.data(), key.size()),
                      RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_TIMESTAMP(at_ms), RD_KAFKA_V_HEADERS(headers),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  }
  void flush() {
    if (rd_kafka_flush(producer_, 20'000) != RD_KAFKA_RESP_ERR_NO_ERROR) std::abort();
  }

  /// What a group has committed.
  std::int64_t committed(const char* group, const char* topic, std::int32_t partition) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_), nullptr, 0);
    rd_kafka_conf_set(conf, "group.id", group, nullptr, 0);
    rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    if (rd_kafka_committed(client, list, 20'000) != RD_KAFKA_RESP_ERR_NO_ERROR) std::abort();
    const std::int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
    return offset;
  }

private:
  void refuse(std::int16_t request, rd_kafka_resp_err_t code, int count) {
    for (int i = 0; i < count; ++i) rd_kafka_mock_push_request_errors(cluster_, request, 1, code);
  }
  int brokers_;
  rd_kafka_t* host_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  rd_kafka_t* producer_ = nullptr;
};

} // namespace tocsin::test

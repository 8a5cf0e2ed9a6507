// The insides of kafka_source, for its two files: what its thread does, and what librdkafka tells it.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "core/log_sight.hpp"
#include "io/clock.hpp"
#include "io/kafka_consumer.hpp"
#include "io/kafka_leaders.hpp"
#include "io/kafka_partitions.hpp"
#include "io/kafka_source.hpp"
#include "io/kafka_values.hpp"
#include "io/rv_socket.hpp"

namespace tocsin {

class kafka_source final : public source {
public:
  kafka_source(source_settings settings, std::uint8_t vantage, log_positions kept);
  ~kafka_source() override;

  void start(source_callbacks callbacks) override;
  void grant(std::size_t batches) override;
  void stop() override;
  void kept(std::uint64_t ticket) override;
  void finish() override;
  source_status status() const override;

private:
  // -- the thread (kafka_source.cpp)
  void run();
  result<void> open();
  void refused(const error& why);
  void round();
  void hand_on();
  bool readable(std::string_view value);
  void hand_on_errors();
  void look();
  void add_sight(record_kind kind, timestamp at, std::string_view peer);
  void store_kept();
  void wait(bool rest);
  void set_state(std::string state, std::string detail);
  void update_status();

  // -- what librdkafka tells (kafka_source_link.cpp)
  void serve();
  void hear(kafka_message m);
  void complain(std::string text);
  void rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list);
  void assigned(rd_kafka_topic_partition_list_t* list);
  void revoked(rd_kafka_topic_partition_list_t* list);
  std::int64_t start_of(const std::string& topic, std::int32_t partition);
  void read_statistics(std::string_view json);
  static void on_error(rd_kafka_t*, int code, const char* why, void* self);
  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list, void* self);
  static int on_statistics(rd_kafka_t*, char* json, std::size_t size, void* self);

  static timestamp steady_now() { return timestamp{std::chrono::duration_cast<duration>(monotonic_clock().time_since_epoch())}; }

  source_settings settings_;
  std::uint8_t vantage_;
  source_callbacks callbacks_;
  std::thread thread_;
  std::atomic<std::size_t> credit_{0};
  std::atomic<bool> stopping_{false};
  wake_up wake_;
  std::mutex stop_mutex_;

  mutable std::mutex status_mutex_;
  source_status status_;

  std::mutex book_mutex_;       ///< around the book and what follows from it: kept() comes from elsewhere
  offset_book book_;
  log_positions to_store_;      ///< may be committed, but librdkafka does not know yet
  log_positions kept_;          ///< newest known of each partition: where an assignment begins

  // What follows belongs to the thread.
  kafka_handle client_;
  kafka_partitions partitions_;
  kafka_values values_;
  log_sight sight_;
  record_batch pending_;
  std::vector<decode_error> errors_;
  bool holds_ = true, assigned_ = false;
  kafka_leaders leaders_;
  bool moved_ = false;          ///< since the last look
  bool said_blind_ = false;     ///< in this life or the one before
  bool said_sight_ = false;     ///< the batch that is made says something about it
  bool skipped_ = false;        ///< the log no longer has what follows the kept position
  bool cooperative_ = false;
  bool no_schema_ = false;      ///< the log stands still until the schema of its next value can be had
  bool asks_offsets_ = true;    ///< of this assignment: until one question was not answered
  std::uint64_t records_ = 0, bytes_ = 0, rebalances_ = 0, failures_ = 0, lost_ = 0;
  std::string trouble_;         ///< the last that was said
};

} // namespace tocsin

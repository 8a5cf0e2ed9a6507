// The insides of kafka_owned_input, for its two files: what its thread does, and what the group tells it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "io/clock.hpp"
#include "io/kafka_consumer.hpp"
#include "io/kafka_input.hpp"
#include "io/kafka_reader.hpp"
#include "io/kafka_values.hpp"
#include "io/rv_socket.hpp"

namespace tocsin {

/// Two clients: a member of the group that fetches nothing, for which the partitions stay paused, and a reader without a group.
/// So a partition can be ours and not be read, and be begun where its owner says, without seek and resume.
class kafka_input_thread final : public kafka_owned_input {
public:
  kafka_input_thread(source_settings settings, std::uint8_t vantage);
  ~kafka_input_thread() override;

  void start(kafka_input_callbacks callbacks) override;
  void begin(std::int32_t partition, std::int64_t offset, std::uint64_t mark) override;
  void grant(std::int32_t partition, std::size_t batches) override;
  void commit(std::int32_t partition, std::int64_t next_offset) override;
  void leave() override;
  source_status status() const override;

private:
  struct owned {
    explicit owned(const source_settings& s) : values(s) { values.keep_places(); }
    std::unique_ptr<kafka_feed> feed; ///< none before begin()
    std::uint64_t mark = 0;           ///< of begin()
    kafka_values values;
    bool said_end = false, moved = false, waits = false; ///< waits: for a schema
    timestamp newest = unset;
    std::chrono::steady_clock::time_point begun{};
    std::optional<log_sight::look> looked;
  };
  /// What others asked for, until our thread sees it.
  struct order {
    std::optional<std::int64_t> begin, commit;
    std::uint64_t mark = 0; ///< of begin
    std::size_t credit = 0;
  };

  // -- the thread (kafka_input.cpp)
  void run();
  result<void> open();
  void refused(const error& why);
  void obey();
  bool take(std::int32_t partition, owned& o);
  void collect(std::int32_t partition, owned& o, partition_batch& out);
  void add_values(std::int32_t partition, owned& o, partition_batch& out);
  void look();
  void wait(bool rest);
  void say_connected(bool now);
  void trouble(const std::string& text);
  void update_status();

  // -- the group (kafka_input_link.cpp)
  result<void> join();
  void serve_group();
  void rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list);
  void assigned(rd_kafka_topic_partition_list_t* list);
  void revoked(std::int32_t partition, bool lost);
  void store_commits();
  void commit_stored();
  void say_goodbye();
  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list, void* self);
  static int on_statistics(rd_kafka_t*, char* json, std::size_t size, void* self);

  source_settings settings_;
  const std::string topic_;
  const std::uint8_t vantage_;
  kafka_input_callbacks callbacks_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  wake_up wake_;
  std::mutex stop_mutex_;
  std::mutex orders_mutex_;
  std::map<std::int32_t, order> orders_; ///< of partitions that are ours
  mutable std::mutex status_mutex_;
  source_status status_;

  // What follows belongs to the thread.
  std::unique_ptr<kafka_reader> reader_;
  kafka_handle member_;
  kafka_leaders group_leaders_; ///< for what the group has committed
  std::map<std::int32_t, owned> ours_;
  bool cooperative_ = false, fenced_ = false, joined_ = false;
  bool said_connected_ = false;
  std::chrono::steady_clock::time_point look_at_{};
  std::uint64_t records_ = 0, bytes_ = 0, rebalances_ = 0, failures_ = 0, lost_ = 0, gone_errors_ = 0, gone_ignored_ = 0;
  std::string trouble_; ///< the last that was said
};

} // namespace tocsin

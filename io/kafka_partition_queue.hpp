// One partition as a consumer reads it: a queue of its own, where we are in it, and whether it owes us records.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "io/kafka_client.hpp"

namespace tocsin {

/// Belongs to the consumer's thread.
class kafka_partition_queue {
public:
  /// Told of errors of the partition, with "topic/partition".
  using trouble_callback = std::function<void(const std::string& place, rd_kafka_resp_err_t)>;

  /// `queue` gets what librdkafka reads of the partition; `next`: where that begins, -1 = not known. `wake_fd`: eight bytes are
  /// written to it when a queue that was empty gets something.
  kafka_partition_queue(std::string topic, std::int32_t partition, kafka_queue queue, std::int64_t next, int wake_fd);
  ~kafka_partition_queue();
  kafka_partition_queue(const kafka_partition_queue&) = delete;
  kafka_partition_queue& operator=(const kafka_partition_queue&) = delete;

  const std::string& topic() const { return topic_; }
  std::int32_t partition() const { return partition_; }
  std::string place() const { return topic_ + '/' + std::to_string(partition_); }

  /// Takes what librdkafka has read when nothing is at hand; looks at what is owed.
  void refill(rd_kafka_t* client, const trouble_callback& trouble);
  /// A record that came by another way.
  void accept(kafka_message m);
  /// The next record; nothing = none is at hand.
  const rd_kafka_message_t* front() const { return next_held_ < held_.size() ? held_[next_held_] : nullptr; }
  /// Takes it: our position is behind it now.
  kafka_message pop();
  /// The brokers were asked: the log goes at least to here. So its end is seen without a fetch that finds nothing and takes
  /// fetch.wait.max.ms.
  void know_end(std::int64_t end) { end_ = std::max(end_, end); }
  /// Asks what the client knows of the log's ends.
  void look(rd_kafka_t* client);

  /// There are more records, but not yet here; until the brokers say where the log ends.
  bool owes() const { return owes_; }
  std::int64_t next() const { return next_; } ///< to be taken next; -1 = not known yet
  std::int64_t end() const { return end_; }   ///< where the log ends; -1 = not known yet
  /// Whether records that follow our position were gone, since the last call.
  bool take_gone() { return std::exchange(gone_, false); }
  /// The record's own time; of one that has none, now.
  static timestamp time_of(const rd_kafka_message_t& m);

private:
  std::string topic_;
  std::int32_t partition_;
  kafka_queue queue_;
  std::vector<rd_kafka_message_t*> held_;
  std::size_t next_held_ = 0;
  std::int64_t next_, end_ = -1;
  std::int64_t told_end_ = -1; ///< where the broker said that nothing more may be read now
  bool owes_ = true, gone_ = false;
};

} // namespace tocsin

// The partitions a Kafka consumer owns, read as one log in order of time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/log_position.hpp"
#include "core/time.hpp"
#include "io/kafka_client.hpp"
#include "io/kafka_partition_queue.hpp"
#include "io/source.hpp"

namespace tocsin {

/// Every partition has a queue of its own, so that one that is ahead is left alone while another catches up: nothing is ever
/// paused. Belongs to the consumer's thread; the rebalance callback runs there, too.
class kafka_partitions {
public:
  /// `wake_fd`: eight bytes are written to it when a queue that was empty gets something.
  explicit kafka_partitions(int wake_fd) : wake_fd_(wake_fd) {}

  /// From now on ours. To be called before the assignment, so that no record goes past its queue. `next`: -1 = not known.
  void add(rd_kafka_t* client, const std::string& topic, std::int32_t partition, std::int64_t next);
  void remove(std::string_view topic, std::int32_t partition);
  /// A record that came by another way; false: its partition is not ours.
  bool accept(kafka_message& m);
  /// Whether records that follow our position were gone when the brokers were asked, since the last call.
  bool take_gone();
  void clear();

  /// Gives up to `most` records, and about a mebibyte, to `visit`, in order of their timestamps as far as that can be known: a partition that owes us
  /// records that may be older keeps the others waiting if `wait_for_all`. What is given is valid until release(). `trouble`:
  /// errors of single partitions. A record that `visit` says false of is not taken, nor are those after it: they come again.
  /// Returns how many were taken.
  std::size_t take(rd_kafka_t* client, std::size_t most, bool wait_for_all, const std::function<bool(const rd_kafka_message_t&, std::string_view topic, timestamp at)>& visit,
                   const kafka_partition_queue::trouble_callback& trouble);
  void release();

  bool empty() const { return all_.empty(); }
  /// Everything that the brokers have told of was taken.
  bool at_end(rd_kafka_t* client);
  /// Something is at hand that take() would give.
  bool has_rest() const { return has_rest_; }
  timestamp newest() const { return newest_; } ///< of what was taken
  /// Where we are in the partitions that take() gave something of, since the last call.
  log_positions moved();
  std::vector<partition_status> status(rd_kafka_t* client) const;

private:
  struct entry {
    entry(const std::string& topic, std::int32_t partition, kafka_queue queue, std::int64_t next, int wake_fd)
        : log(topic, partition, std::move(queue), next, wake_fd) {}
    kafka_partition_queue log;
    timestamp last = unset; ///< of the newest record taken
    bool moved = false;
  };

  int wake_fd_;
  std::vector<std::unique_ptr<entry>> all_;
  std::vector<kafka_message> taken_;
  timestamp newest_ = unset;
  bool has_rest_ = false;
};

} // namespace tocsin

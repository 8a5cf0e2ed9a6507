// Partitions read without a group, each from an offset that the caller names: a client, and one feed for each partition.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/connections.hpp"
#include "io/kafka_client.hpp"
#include "io/kafka_leaders.hpp"
#include "io/kafka_partition_queue.hpp"

namespace tocsin {

class kafka_reader;

/// A partition while it is read. Must go before its reader.
class kafka_feed {
public:
  /// What begins at the earliest record that is kept.
  static constexpr std::int64_t earliest = -1;

  kafka_feed(kafka_reader& reader, std::string topic, std::int32_t partition, std::int64_t from);
  ~kafka_feed();
  kafka_feed(const kafka_feed&) = delete;
  kafka_feed& operator=(const kafka_feed&) = delete;

  /// Takes what is at hand. Errors of the partition go to the reader's `trouble`.
  void refill();
  const rd_kafka_message_t* front() const { return queue_->front(); }
  kafka_message pop() { return queue_->pop(); }
  /// Everything that the brokers have told of was taken.
  bool at_end();
  std::int64_t next() const { return queue_->next(); } ///< to be taken next; -1 = not known yet
  std::int64_t end() const { return queue_->end(); }   ///< where the log ends; -1 = not known yet
  /// To be asked after refill() and before pop(). When the brokers do not have what follows our position, reading goes on where the log
  /// begins; returns that offset, once, as soon as it is known.
  std::optional<std::int64_t> skip_gone();

private:
  void begin(std::int64_t from);

  kafka_reader& reader_;
  std::string name_;
  std::int32_t partition_;
  kafka_topic topic_;
  std::unique_ptr<kafka_partition_queue> queue_;
  bool out_of_range_ = false;
  bool skips_ = false; ///< where the log begins is to be told
};

/// Belongs to one thread.
class kafka_reader {
public:
  /// `wake_fd`: eight bytes are written to it when there is something to serve or to take. `trouble` is told of errors, by serve() and
  /// by feeds. `changes`: of the client's properties that a house may change.
  static result<std::unique_ptr<kafka_reader>> open(const kafka_connection& c, const kafka_properties& changes, int wake_fd,
                                                    std::function<void(std::string)> trouble);
  ~kafka_reader();

  /// Takes what librdkafka says of brokers. True: all that were away are there again.
  bool serve();
  rd_kafka_t* client() { return client_.get(); }
  const kafka_leaders& leaders() const { return leaders_; }

private:
  friend class kafka_feed;
  using offsets = std::pair<std::int64_t, std::int64_t>;
  std::optional<offsets> ask_ends(const std::string& topic, std::int32_t partition);
  kafka_reader(int wake_fd, std::function<void(std::string)> trouble) : wake_fd_(wake_fd), trouble_(std::move(trouble)) {}
  static void on_error(rd_kafka_t*, int code, const char* why, void* self);
  static int on_statistics(rd_kafka_t*, char* json, std::size_t size, void* self);

  int wake_fd_;
  std::function<void(std::string)> trouble_;
  kafka_handle client_;
  kafka_queue events_;
  kafka_leaders leaders_;
  std::size_t feeds_ = 0;
  bool back_ = false, why_known_ = false; ///< `why_known_`: why brokers are away was told
};

} // namespace tocsin

// Writes to one partition in order and for as long as it takes: whatever ends a producer, a new one goes on where it stopped.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/connections.hpp"
#include "io/clock.hpp"
#include "io/kafka_client.hpp"

namespace tocsin {

/// Everything is kept until the brokers have it. A producer is replaced when it cannot go on (a fatal error of the idempotent
/// producer, a refusal): then what is kept is written again in its order, so that an entry may come twice, but none out of order
/// before it has come once.
class kafka_ordered_writer {
public:
  struct limits {
    std::size_t entries = 100'000, bytes = 64 << 20; ///< waiting for the brokers at most
    std::size_t entry_bytes = 900'000;               ///< a broker takes 1 MiB with what it adds, if nobody changed it
  };
  struct callbacks {
    std::function<void(std::uint64_t mark)> written; ///< the brokers have it
    std::function<void(std::string)> trouble;
  };
  struct counts {
    std::uint64_t queued = 0, queued_bytes = 0; ///< waiting for the brokers
    std::uint64_t written = 0;                  ///< the brokers have them
    std::uint64_t dropped = 0;                  ///< there was no room, or too large
    std::uint64_t replaced = 0;                 ///< producers that could not go on
  };

  /// Callbacks run in serve(). errc::invalid: librdkafka does not take the properties.
  static result<std::unique_ptr<kafka_ordered_writer>> open(const kafka_output& k, std::string topic, std::int32_t partition, int wake_fd, callbacks told);
  ~kafka_ordered_writer(); ///< what is still queued is lost

  /// Thread-safe, never waits. False: no room, or too large. Marks above 0 are told.
  bool write(std::string bytes, std::uint64_t mark);
  /// Thread-safe. Waits until the brokers have everything, at most `most`; somebody must serve meanwhile.
  bool flush(duration most);
  /// By the owner's thread, when `wake_fd` says so, and at least every second.
  void serve();
  counts count() const;

private:
  kafka_ordered_writer(const kafka_output& k, std::string topic, std::int32_t partition, int wake_fd, callbacks told);
  result<void> connect();
  void replace();
  bool send(std::uint64_t number);
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* m, void* self);
  static void on_error(rd_kafka_t*, int code, const char* why, void* self);

  struct entry {
    std::string bytes; ///< librdkafka reads them here
    std::uint64_t mark;
    bool done = false;
  };
  const kafka_output settings_;
  const std::string topic_;
  const std::int32_t partition_;
  const int wake_fd_;
  const limits limits_;
  const callbacks told_;

  mutable std::mutex mutex_;
  std::condition_variable empty_;
  std::deque<entry> kept_;   ///< of numbers first_, first_ + 1 …
  std::uint64_t first_ = 1;
  counts counts_;
  bool broken_ = false;
  kafka_handle client_;      ///< none while it is replaced
  kafka_queue events_;
  std::vector<std::string> troubles_; ///< to be told

  // What follows belongs to the owner's thread.
  std::vector<std::uint64_t> marks_; ///< to be told
  std::chrono::steady_clock::time_point retry_at_{};
};

} // namespace tocsin

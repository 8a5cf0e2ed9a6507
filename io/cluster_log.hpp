// The log that all nodes of a cluster write and read, in one order: a topic of Kafka with a single partition.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/connections.hpp"
#include "core/error.hpp"

namespace tocsin {

struct cluster_log_entry {
  std::int64_t offset = 0;
  std::string bytes;
};

/// Called on the log's own thread; what they take is time that nothing is read in.
struct cluster_log_callbacks {
  /// Entries in order. `at_end`: everything that the brokers have told of was read; said with the last entries, or with none.
  std::function<void(std::vector<cluster_log_entry>&&, bool at_end)> read;
  /// What follows our position is not kept any more, or the topic is another one: reading goes on at `first`.
  std::function<void(std::int64_t first)> gone;
  std::function<void(std::uint64_t mark)> written; ///< the brokers have it
  std::function<void(const std::string& text)> trouble;
};

struct cluster_log_status {
  std::int64_t offset = -1;     ///< to be read next; -1 = not known yet
  std::int64_t end = -1;        ///< where the log ends; -1 = not known yet
  bool connected = false;       ///< it is read, and who leads the partition answers
  std::uint64_t read = 0, read_bytes = 0;
  std::uint64_t queued = 0, queued_bytes = 0; ///< waiting for the brokers
  std::uint64_t written = 0;
  std::uint64_t dropped = 0;    ///< there was no room for them, or they were too large
  std::uint64_t rewritten = 0;  ///< times that the producer was replaced and wrote again what it may have written
  std::int64_t lag() const { return offset < 0 || end < offset ? 0 : end - offset; }
};

class cluster_log {
public:
  /// Bytes of one entry at most.
  static constexpr std::size_t entry_bytes_max = 900'000;

  virtual ~cluster_log() = default; ///< stops; what is still queued is lost
  /// The offsets of the first entry that is kept and behind the last. Before start(); waits for the brokers, at most `most`. errc::unreachable.
  virtual result<std::pair<std::int64_t, std::int64_t>> kept(duration most) = 0;
  /// Reads from `from` on; -1 = from the earliest entry that is kept. Once.
  virtual void start(std::int64_t from, cluster_log_callbacks callbacks) = 0;
  /// Thread-safe, never waits. What is written is kept and tried until the brokers have it, in order. Marks above 0 are told. After a
  /// fatal error of the producer entries may come twice. False: there is no room, or the entry is too large; it is counted.
  virtual bool write(std::string bytes, std::uint64_t mark = 0) = 0;
  /// Thread-safe, not from a callback. Waits until the brokers have everything, at most `most`. True when they have.
  virtual bool flush(duration most) = 0;
  /// No callback runs after it returns. Thread-safe, idempotent; from a callback it does not wait.
  virtual void stop() = 0;
  virtual cluster_log_status status() const = 0;
};

/// Of `settings` it takes connection, create_topics, replication and compression. A topic that is created keeps its entries for 30 days and
/// is not compacted. Brokers that do not answer within some seconds are no error: the topic is looked at when they come, and what is
/// wrong with it is trouble then. errc::invalid: another number of partitions than 1, or properties; errc::missing: no such topic.
result<std::unique_ptr<cluster_log>> open_cluster_log(const kafka_output& settings, std::string topic);

} // namespace tocsin

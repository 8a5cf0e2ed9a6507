// Snapshots of a cluster's partitions in a compacted topic of Kafka: the newest whole one of each key is what counts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/connections.hpp"
#include "core/error.hpp"

namespace tocsin {

struct cluster_snapshot {
  std::int64_t input_offset = 0; ///< the first of the input that it does not contain
  std::string bytes;
};

/// What a partition of the topic holds.
struct cluster_snapshots_read {
  std::map<std::string, cluster_snapshot> newest; ///< by key; whole ones only
  std::uint64_t torn = 0;            ///< newer than `newest`, or alone, and not whole: chunks are missing or do not belong together
  std::uint64_t unknown_version = 0; ///< chunks of another version; they were left alone
  std::uint64_t malformed = 0;       ///< records that are no chunks
  std::string remark;                ///< for people, when something of this was not 0: which keys, what is missing; else ""
};

struct cluster_snapshots_status {
  std::uint64_t written = 0, written_bytes = 0; ///< whole ones that the brokers have
  std::uint64_t failed = 0;                     ///< that they do not have, or not whole
  std::uint64_t read = 0;                       ///< partitions
  std::uint64_t torn = 0, unknown_version = 0;  ///< of all that was read
  std::uint64_t queued = 0, queued_bytes = 0;   ///< to be written or read
};

/// Two sets of chunks take turns under each key, so that the one before stays whole while the next is written, also when the topic
/// is compacted in between. Work is done in its order, on one thread.
class cluster_snapshots {
public:
  static constexpr std::size_t chunk_bytes = 512 * 1024;
  static constexpr std::size_t snapshot_bytes_max = 256 << 20; ///< of one; more is refused, and not believed when read
  static constexpr std::size_t queued_bytes_max = 512 << 20;   ///< of those that wait; more is refused
  static constexpr std::size_t keys_max = 100'000;             ///< of a partition; more are not read

  virtual ~cluster_snapshots() = default; ///< stops
  /// Thread-safe, never waits; `done` is told on our thread when the brokers have all of it, or why they do not: errc::timeout after
  /// `most`. A partition must have been read by us before, so that we know which set is the old one: else errc::invalid.
  virtual void write(std::int32_t partition, std::string key, std::int64_t input_offset, std::string bytes, duration most,
                     std::function<void(result<void>)> done) = 0;
  /// Thread-safe, never waits; `done` is told on our thread. errc::timeout: the end was not reached within `most`.
  virtual void read(std::int32_t partition, duration most, std::function<void(result<cluster_snapshots_read>)> done) = 0;
  /// What still waits is told errc::refused. No callback runs after it returns. Thread-safe, idempotent.
  virtual void stop() = 0;
  virtual cluster_snapshots_status status() const = 0;
};

/// `partitions` must be those of the topic; `version` is that of what the snapshots contain: others are not read. Of `settings` it takes
/// connection, create_topics and replication. A topic that is created is compacted. Brokers that do not answer within some seconds are
/// no error. errc::invalid: another number of partitions, or properties; errc::missing: no such topic.
result<std::unique_ptr<cluster_snapshots>> open_cluster_snapshots(const kafka_output& settings, std::string topic, std::uint32_t partitions, std::uint32_t version);

} // namespace tocsin

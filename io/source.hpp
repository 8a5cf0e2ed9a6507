// Where records come from. A source owns a thread, reads only when it has credit, and hands batches to a callback.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "codecs/decoder.hpp"
#include "core/log_position.hpp"
#include "core/record.hpp"

namespace tocsin {

/// A partition that a source reads.
struct partition_status {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t next_offset = -1; ///< to be handed on next; -1 = not known yet
  std::int64_t end = -1;         ///< where the log ends; -1 = not known yet
  std::int64_t committed = -1;   ///< to the group; -1 = nothing yet
};

/// Of a record that says something about a source's sight: from the last record on.
inline constexpr timestamp no_time = timestamp{duration{0}};

struct source_status {
  std::string name;
  std::string kind;       ///< "rv", "jsonl", "tibrvlisten", "kafka", "journal", "plant", "line"
  std::string state;      ///< "connecting", "listening", "reading", "lost", "ended"
  std::string detail;     ///< last error or peer, for people
  std::uint64_t records = 0, errors = 0, ignored = 0, bytes = 0, reconnects = 0;
  std::vector<partition_status> partitions{}; ///< kafka: those that are ours
  std::uint64_t rebalances = 0;               ///< kafka: assignments that changed
};

/// Called on the source's thread. Must not block: credit says how much may come.
struct source_callbacks {
  std::function<void(record_batch&&)> batch; ///< costs one credit
  std::function<void(std::vector<decode_error>&&)> errors;
  std::function<void()> ended; ///< no more will come (end of file)
  /// Instead of `batch` by a source that reads a log: the batch leads up to these positions, and kept(ticket) is called when
  /// nothing of it can be lost any more. It may hold no records at all.
  std::function<void(record_batch&&, std::uint64_t ticket, log_positions&&)> log_batch;
  /// Whether time must wait for this source: it has not read yet what was said before now.
  std::function<void(bool)> behind;
};

class source {
public:
  virtual ~source() = default; ///< stops and joins
  virtual void start(source_callbacks callbacks) = 0;
  /// One more batch may be handed on. Thread-safe.
  virtual void grant(std::size_t batches) = 0;
  /// Stops reading; no callback runs after it returns. Thread-safe, idempotent.
  virtual void stop() = 0;
  /// Everything of that batch is durable, or needs not be. Thread-safe, also after stop().
  virtual void kept(std::uint64_t /*ticket*/) {}
  /// After stop(), when what was handed on is dealt with: says goodbye. Waits some seconds at most.
  virtual void finish() {}
  virtual source_status status() const = 0;
};

} // namespace tocsin

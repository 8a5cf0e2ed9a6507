// Where records come from. A source owns a thread, reads only when it has credit, and hands batches to a callback.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "codecs/decoder.hpp"
#include "core/record.hpp"

namespace tocsin {

struct source_status {
  std::string name;
  std::string kind;       ///< "rv", "jsonl", "tibrvlisten", "journal", "plant", "line"
  std::string state;      ///< "connecting", "listening", "reading", "lost", "ended"
  std::string detail;     ///< last error or peer, for people
  std::uint64_t records = 0, errors = 0, ignored = 0, bytes = 0, reconnects = 0;
};

/// Called on the source's thread. Must not block: credit says how much may come.
struct source_callbacks {
  std::function<void(record_batch&&)> batch; ///< costs one credit
  std::function<void(std::vector<decode_error>&&)> errors;
  std::function<void()> ended; ///< no more will come (end of file)
};

class source {
public:
  virtual ~source() = default; ///< stops and joins
  virtual void start(source_callbacks callbacks) = 0;
  /// One more batch may be handed on. Thread-safe.
  virtual void grant(std::size_t batches) = 0;
  /// Stops reading; no callback runs after it returns. Thread-safe, idempotent.
  virtual void stop() = 0;
  virtual source_status status() const = 0;
};

} // namespace tocsin

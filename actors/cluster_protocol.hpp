// What the actors of a clustered node share and say to each other; it never leaves the process.
#pragma once

#include <caf/all.hpp>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/clock.hpp"
#include "core/cluster/clock.hpp"
#include "core/cluster/fold.hpp"
#include "io/cluster_log.hpp"
#include "io/cluster_snapshots.hpp"
#include "io/kafka_input.hpp"

namespace tocsin {

/// For what takes the machine's time whatever is recorded: sessions, leases, links, brokers that are away.
inline timestamp steady_of(caf::local_actor* self) {
  return timestamp{std::chrono::duration_cast<duration>(self->clock().now().time_since_epoch())};
}

/// What all actors of a clustered node look at. Every member is safe from any thread.
class cluster_shared {
public:
  explicit cluster_shared(clock_anchor anchor = {}) : anchor_(anchor) {}

  /// Cluster time at a moment of the actors' clock; unset = not known yet.
  timestamp now(timestamp steady) const {
    const std::lock_guard lock{guard_};
    return clock_.known() ? clock_.now(recorded(steady)) : unset;
  }
  void hear_mark(timestamp mark, timestamp steady) {
    const std::lock_guard lock{guard_};
    clock_.hear(mark, recorded(steady));
  }
  void hear_own_mark(timestamp mark, timestamp steady) {
    const std::lock_guard lock{guard_};
    clock_.keep_up(mark, recorded(steady));
  }
  void begin_time(timestamp wall, timestamp steady) {
    const std::lock_guard lock{guard_};
    clock_.begin(wall, recorded(steady));
  }

  struct partition_state {
    caf::actor host;
    std::string phase; ///< "restoring", "replaying", "watching", "blind"
  };
  void set_host(std::uint32_t partition, caf::actor host) {
    const std::lock_guard lock{guard_};
    partitions_[partition] = {std::move(host), "restoring"};
  }
  void set_phase(std::uint32_t partition, std::string_view phase) {
    const std::lock_guard lock{guard_};
    const auto p = partitions_.find(partition);
    if (p == partitions_.end()) return;
    p->second.phase = phase;
  }
  void drop_hosts() {
    const std::lock_guard lock{guard_};
    partitions_.clear();
  }
  void drop_host(std::uint32_t partition) {
    const std::lock_guard lock{guard_};
    partitions_.erase(partition);
  }
  caf::actor host(std::uint32_t partition) const {
    const std::lock_guard lock{guard_};
    const auto p = partitions_.find(partition);
    return p == partitions_.end() ? caf::actor{} : p->second.host;
  }
  std::map<std::uint32_t, partition_state> partitions() const {
    const std::lock_guard lock{guard_};
    return partitions_;
  }
  /// What the log says of owners and leader, without what stands in it.
  void publish(const cluster_fold& f);
  struct view {
    std::map<std::uint32_t, cluster_partition> partitions;
    cluster_fold::lead lead;
    timestamp now = unset;
  };
  view seen() const {
    const std::lock_guard lock{guard_};
    return view_;
  }

  std::atomic<bool> leads{false};    ///< by what we read of the log
  std::atomic<bool> delivers{false}; ///< we lead, and knew it a moment ago
  std::atomic<std::uint64_t> entries{0}, overtaken{0}, unreadable{0}, unwritten{0}, takeovers{0};
  std::atomic<std::int64_t> takeover_ns{0}; ///< of the last one: claim read to sighted

private:
  /// Steady as well, at the pace of recorded time.
  timestamp recorded(timestamp steady) const { return anchor_.recorded(steady.time_since_epoch()); }

  const clock_anchor anchor_;
  mutable std::mutex guard_;
  mutable cluster_clock clock_;
  std::map<std::uint32_t, partition_state> partitions_;
  view view_;
};

// -- log thread -> desk -----------------------------------------------------------------------------
struct log_read {
  std::shared_ptr<const std::vector<cluster_log_entry>> entries;
  bool at_end;
};
// -- input thread -> desk ---------------------------------------------------------------------------
struct group_assigned {
  std::uint32_t partition;
};
/// Answered with unit when the partition was handed over, or nothing is left of it.
struct group_revoked {
  std::uint32_t partition;
  bool lost;
};
// -- desk, input thread -> partition ----------------------------------------------------------------
struct partition_input {
  std::shared_ptr<partition_batch> batch;
};
struct partition_looked {
  log_sight::look look;
  std::uint64_t mark;
};
/// Its records will find it: it may begin to read.
struct partition_begin {};
/// The log has what we said up to here.
struct partition_folded {
  std::int64_t covered;
};
/// Say everything, keep a snapshot, release. Answered with unit.
struct hand_over {};
struct partition_snapshot_kept {
  std::string refused; ///< why; empty = it is kept
};
// -- others -> desk -----------------------------------------------------------------------------------
struct snapshot_found {
  std::uint32_t partition;
  std::int64_t epoch;
  std::shared_ptr<const std::string> bytes;
};
struct desk_look {};
struct partition_tick {
  std::uint64_t generation;
};

} // namespace tocsin

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::log_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::group_assigned)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::group_revoked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::partition_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::partition_looked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::partition_begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::partition_folded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::hand_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::partition_snapshot_kept)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::snapshot_found)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::desk_look)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::partition_tick)

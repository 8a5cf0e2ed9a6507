// What a node has that shares its input: the cluster's log, the snapshots, and the partitions it owns. Only node_log.cpp and
// node_beginning.cpp include it.
#pragma once

#include <atomic>
#include <memory>
#include <semaphore>
#include <string>

#include "actors/cluster_protocol.hpp"
#include "io/clock.hpp"

namespace tocsin {

inline constexpr std::ptrdiff_t log_batches_max = 8; ///< read and not yet dealt with

struct node_log {
  explicit node_log(clock_anchor anchor) : shared(std::make_shared<cluster_shared>(anchor)) {}
  std::shared_ptr<cluster_shared> shared;
  std::unique_ptr<cluster_log> log;
  std::unique_ptr<cluster_snapshots> snapshots;
  std::shared_ptr<kafka_owned_input> input;
  std::size_t source = 0;
  std::uint32_t count = 0;
  std::uint64_t incarnation = static_cast<std::uint64_t>(to_nanoseconds(wall_clock()));
  std::shared_ptr<const std::string> fold; ///< as a former life saved it
  std::int64_t from = -1;                  ///< where the log is read from; -1 = its beginning
  bool unsure = false;                     ///< whether it is kept from there on was not to be learnt
  std::chrono::steady_clock::time_point desk_kept{}; ///< when we last kept the desk for newcomers; belongs to the groups' actor
  std::counting_semaphore<> credit{log_batches_max};
  std::atomic<bool> stopping{false};
};

} // namespace tocsin

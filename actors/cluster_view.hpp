// What a node knows of the partitions of the input and of who owns them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/time.hpp"

namespace tocsin {

struct partition_view {
  std::int32_t partition = 0;
  std::string owner;         ///< name of a node; "" = nobody
  std::uint64_t epoch = 0;   ///< of the claim
  std::string state;         ///< of the takeover, for people
  std::int64_t lag = -1;     ///< records of the input that its owner has not read; -1 = not known
  bool sighted = false;      ///< its daemons' deadlines follow the clock
};

struct cluster_view {
  std::string leader;               ///< name of a node; "" = nobody leads, or there is no cluster log
  timestamp time = unset;           ///< the cluster's, as of what was read of its log
  std::int64_t log_offset = -1;     ///< of the log, to be read next; -1 = not known
  std::int64_t log_lag = 0;         ///< entries of the log that were not read yet
  std::vector<partition_view> partitions; ///< by number
};

} // namespace tocsin

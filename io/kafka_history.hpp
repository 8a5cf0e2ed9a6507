// What an input held between two times: read once, by no group, beside whoever reads the input for good.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/connections.hpp"
#include "core/error.hpp"
#include "core/record.hpp"

namespace tocsin {

struct kafka_history_question {
  std::vector<std::int32_t> partitions;
  std::set<std::string> keys;     ///< of the keys of hosts (input_key) only these; records with another key or none are always read
  timestamp from, until;          ///< by the timestamps of the log
  std::uint64_t most = 1'000'000; ///< Kafka records looked at, in all
  duration within = std::chrono::seconds{5};
};

struct kafka_history_end {
  bool complete = true;
  std::string why; ///< it is not complete
};

/// Where a record stood.
struct kafka_history_place {
  std::int32_t partition;
  std::int64_t offset;
};

/// Gives the records of each partition in order, one partition after the other; what cannot be decoded is left out. Returns by the time
/// that was given, with what was read till then. errc::invalid: the source cannot be read at all.
result<kafka_history_end> read_kafka_history(const source_settings& s, const kafka_history_question& q,
                                             const std::function<void(const record&, const kafka_history_place&)>& visit);

} // namespace tocsin

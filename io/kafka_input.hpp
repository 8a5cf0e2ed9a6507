// The partitions of one input topic that a node owns: its group says which, and each is read by itself from where its owner asks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codecs/decoder.hpp"
#include "core/connections.hpp"
#include "core/log_sight.hpp"
#include "core/record.hpp"
#include "io/kafka_values.hpp"
#include "io/source.hpp"

namespace tocsin {

/// What was read of one partition, in the order of its log.
struct partition_batch {
  std::int32_t partition = 0;
  std::uint64_t mark = 0;                          ///< of the begin() that it follows
  record_batch records;                            ///< timed like those of a Kafka source: by the log, or by themselves
  std::int64_t first_offset = 0, next_offset = 0;  ///< what it covers; also what no record could be made of
  std::vector<value_place> places; ///< where records came from; readings have none
  bool at_end = false; ///< everything that the brokers have told of was read
};

/// Called on the input's own thread. Only `revoked` may take its time.
struct kafka_input_callbacks {
  std::function<void(std::int32_t partition)> assigned; ///< ours from now on; nothing of it is read before begin()
  /// Nothing of it is read any more. When it returns the partition is given up, with what was committed until then; until that the
  /// other members wait. `lost`: another has it already, and nothing can be committed.
  std::function<void(std::int32_t partition, bool lost)> revoked;
  /// Costs one credit. A batch that says nothing but that the end is reached costs none.
  std::function<void(partition_batch&&)> records;
  std::function<void(std::int32_t partition, std::vector<decode_error>&&)> errors;
  /// What follows our position is not kept any more, or the topic is another one: reading goes on at `first`.
  std::function<void(std::int32_t partition, std::int64_t first)> gone;
  /// What log_sight wants to know of a partition that was begun: twice a second, and when it changes. For some seconds after brokers
  /// were away it is not connected yet: the producers were cut off as well.
  std::function<void(std::int32_t partition, const log_sight::look&, std::uint64_t mark)> looked;
  /// Whether the brokers answer that lead what we read; while nothing is read, whether the group has us.
  std::function<void(bool)> connected;
  std::function<void(const std::string& text)> trouble;
};

class kafka_owned_input {
public:
  static constexpr std::int64_t earliest = -1;

  virtual ~kafka_owned_input() = default; ///< leaves
  virtual void start(kafka_input_callbacks callbacks) = 0;
  // The following are thread-safe, do not wait, and do nothing for a partition that is not ours.
  /// Reading begins there, or anew. `offset`: `earliest` = the first record that is kept. What was read before may still be under way:
  /// `mark` comes back with what follows this call.
  virtual void begin(std::int32_t partition, std::int64_t offset, std::uint64_t mark = 0) = 0;
  /// So many more batches may be handed on; more than limits::credit_batches_max in hand are forgotten.
  virtual void grant(std::int32_t partition, std::size_t batches) = 0;
  /// What the group's offset of the partition is to be: committed within a second, and when it is given up.
  virtual void commit(std::int32_t partition, std::int64_t next_offset) = 0;
  /// `revoked` is told of everything that is ours, offsets are committed, and the group is left; a static member keeps its
  /// partitions until its session ends. No callback runs after it returns. Idempotent; from a callback it does not wait.
  virtual void leave() = 0;
  virtual source_status status() const = 0;
};

/// `settings` as of a source of kind kafka with exactly one topic; `kafka.member` is the node's name. The topic is looked at by
/// prepare_kafka_source(). errc::invalid: not one topic.
result<std::unique_ptr<kafka_owned_input>> make_kafka_owned_input(source_settings settings, std::uint8_t vantage);

} // namespace tocsin

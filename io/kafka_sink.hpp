// Records written to Kafka: queued without waiting, sent by librdkafka in order and once, counted when the brokers have them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/connections.hpp"
#include "core/error.hpp"

namespace tocsin {

struct kafka_sink_status {
  struct topic {
    std::string name;
    std::uint64_t delivered = 0; ///< the brokers have them
    std::uint64_t failed = 0;    ///< the brokers refused them for good
    std::uint64_t dropped = 0;   ///< there was no room
  };
  std::vector<topic> topics;
  std::uint64_t queued = 0;      ///< waiting for the brokers
  std::uint64_t queued_bytes = 0; ///< keys and values of these
  std::uint64_t connected = 0;   ///< 1: the last word from the brokers was good
};

/// One to be written.
struct kafka_record {
  std::string_view key, value;
  timestamp at = unset;             ///< its timestamp, to the millisecond
  std::string_view vantage = {};    ///< who heard it: the header `vantage`; empty = none
};

class kafka_sink {
public:
  virtual ~kafka_sink() = default; ///< what is still queued is lost
  /// Thread-safe and never waits. `must`: of what cannot be had again; the others leave a tenth of the queue to it, of its records and of its bytes. `mark`
  /// comes back when the brokers have it. False: no room, or a topic that was not named; it is counted.
  virtual bool write(const std::string& topic, const kafka_record& r, bool must, std::uint64_t mark = 0) = 0;
  /// Into every partition of the topic, as a `must`. While the brokers have not said how many there are, into that of the key.
  /// False: not every partition gets it.
  virtual bool write_to_all(const std::string& topic, const kafka_record& r) = 0;
  /// Whether a record that is no `must` would be taken, with some to spare.
  virtual bool has_room() const = 0;
  /// The same, but waits for room as long as it takes; false: the brokers' refusal is final, or the topic is unknown. `to_all`: into
  /// every partition.
  virtual bool write_waiting(const std::string& topic, const kafka_record& r, bool to_all = false) = 0;
  /// Waits until the brokers have everything, at most `most`. True when they have.
  virtual bool flush(duration most) = 0;
  virtual kafka_sink_status status() const = 0;
};

/// `topics`: those that will be written. Looks at them first, and creates what is missing when the settings say so; a cluster that does
/// not answer within some seconds is no error, it may come. errc::invalid, errc::missing: it cannot work so.
/// `delivered` is told the marks above 0, on a thread of ours.
result<std::unique_ptr<kafka_sink>> open_kafka_sink(const kafka_output& settings, std::vector<std::string> topics,
                                                    std::function<void(std::uint64_t mark)> delivered = {});

/// Whether librdkafka takes the properties.
result<void> check_kafka_sink_properties(const kafka_output& settings);

} // namespace tocsin

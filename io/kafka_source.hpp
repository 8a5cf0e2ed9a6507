// Topics of a Kafka cluster as a source: a member of a consumer group that knows how far its records are kept.
#pragma once

#include <cstdint>
#include <memory>

#include "io/source.hpp"

namespace tocsin {

/// Reads `settings.kafka.topics`. Where `kept` has a position of a partition, reading goes on there, whatever the group committed;
/// the group's offsets follow what kept() says. Records get the time of their Kafka record, in order of time over all partitions.
/// Cut off from the log, it asks for time to wait, and after `blind_after` gives `sight_lost` in line with the records.
std::unique_ptr<source> make_kafka_source(source_settings settings, std::uint8_t vantage, log_positions kept);

/// What can be said before the start: topics that are there with the right number of partitions. A cluster that does not
/// answer is no error: it may come.
result<void> prepare_kafka_source(const source_settings& s, const kafka_output& creation);

/// Whether librdkafka takes the properties of a source, or of what is written.
result<void> check_kafka_source_properties(const kafka_connection& c);

} // namespace tocsin

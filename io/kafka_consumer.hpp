// What the consumers of a group share: their properties, how an assignment is taken, what an error means, and a goodbye.
#pragma once

#include <string>

#include "core/connections.hpp"
#include "io/kafka_client.hpp"

namespace tocsin {

/// Properties of the consumer that a house may change, and those that are ours alone.
kafka_properties kafka_consumer_defaults();
kafka_properties kafka_consumer_ours(const kafka_input& k);

/// For a rebalance callback. `who` goes into the log when librdkafka does not take it.
void take_assignment(rd_kafka_t* client, const rd_kafka_topic_partition_list_t* list, bool cooperative, const std::string& who);
void give_back_assignment(rd_kafka_t* client, const rd_kafka_topic_partition_list_t* list, bool cooperative);

struct kafka_complaint {
  std::string text;
  bool final = false; ///< nothing will come any more: another process took our place in the group
};
/// What an error that came as a message says. `member`: our group.instance.id.
kafka_complaint complaint_of(const rd_kafka_message_t& m, const std::string& member);

/// The consumer leaves its group (a static member stays until its session ends), and its last offsets are committed. librdkafka may
/// hang here: after some seconds the client is left behind, which is logged.
void close_kafka_consumer(kafka_handle client, const std::string& who);

} // namespace tocsin

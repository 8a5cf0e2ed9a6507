// What everything that speaks to Kafka shares: handles that free themselves, the client's configuration, its errors as text.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/connections.hpp"
#include "core/error.hpp"

namespace tocsin {

template <auto Free>
struct kafka_free {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using kafka_conf = std::unique_ptr<rd_kafka_conf_t, kafka_free<rd_kafka_conf_destroy>>;
using kafka_list = std::unique_ptr<rd_kafka_topic_partition_list_t, kafka_free<rd_kafka_topic_partition_list_destroy>>;
using kafka_queue = std::unique_ptr<rd_kafka_queue_t, kafka_free<rd_kafka_queue_destroy>>;
using kafka_event = std::unique_ptr<rd_kafka_event_t, kafka_free<rd_kafka_event_destroy>>;
using kafka_message = std::unique_ptr<rd_kafka_message_t, kafka_free<rd_kafka_message_destroy>>;
using kafka_topic = std::unique_ptr<rd_kafka_topic_t, kafka_free<rd_kafka_topic_destroy>>;
using kafka_handle = std::unique_ptr<rd_kafka_t, kafka_free<rd_kafka_destroy>>;

using kafka_properties = std::vector<std::pair<std::string, std::string>>;

/// The client's configuration: `defaults`, then the connection's own properties, then `ours`, which nobody may change. Reads the
/// files with secrets. errc::invalid names a property that is unknown, has a wrong value, or is among `ours`.
result<kafka_conf> kafka_config(const kafka_connection& c, const kafka_properties& defaults, const kafka_properties& ours);
/// The same without reading files: for a check of the configuration.
result<void> check_kafka_properties(const kafka_connection& c, const kafka_properties& ours);

/// Makes a client; owns what `conf` held. `who` goes before its messages in the log.
result<kafka_handle> make_kafka(rd_kafka_type_t type, kafka_conf conf);

/// "Local: Broker transport failure (_TRANSPORT)".
std::string kafka_text(rd_kafka_resp_err_t code);
/// The client's own words on a broker, `why`, with the remedy where it is known: of TLS, accounts, names.
std::string kafka_trouble(rd_kafka_resp_err_t code, std::string_view why);

/// Names who heard what the record says.
inline constexpr const char* vantage_header = "vantage";
/// Empty: it names nobody. Good as long as the message.
std::string_view vantage_of(const rd_kafka_message_t& m);
/// Its place among `known`, from 1; 0 = it is none of them.
std::uint8_t vantage_of(const rd_kafka_message_t& m, const std::vector<std::string>& known);

/// What topics ought to be like.
struct kafka_topics {
  std::vector<std::string> names;
  std::uint32_t expected = 0;  ///< partitions each must have; 0 = any number
  bool create = false;         ///< what is missing is created, with the next two
  std::uint32_t partitions = 1, replication = 1;
  kafka_properties config = {}; ///< of a topic that is created: retention.ms …
  std::string remedy = {};      ///< for another number of partitions; "" = to configure that number
};
/// Looks at the topics, and creates what is missing when that is wanted. errc::invalid: a topic has another number of partitions;
/// errc::missing: it is not there; errc::unreachable: no broker answered within `most`.
result<void> prepare_topics(rd_kafka_t* client, const kafka_topics& wanted, duration most);

} // namespace tocsin

// What sources and receivers need to know, as plain data shared by config, codecs and io.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/time.hpp"

namespace tocsin {

/// Defaults for what a message does not say itself.
struct decode_context {
  std::string service = "7500"; ///< when the message has none (RV 6.9, advisories)
  std::string network;
  std::string daemon_host;      ///< who presents DATALOSS and RETRANSMISSION advisories; empty = unknown
  std::uint8_t vantage = 0;
};

/// Which fields of a house's JSON mean what. Paths are dotted ("message.hostaddr").
struct json_mapping {
  std::string at = "at";
  std::string at_unit = "auto"; ///< auto: RFC 3339 text or Unix seconds; s, ms, us, ns: a number
  std::string subject = "subject"; ///< "" = every line is a heartbeat
  std::string message = "message"; ///< object that holds the fields; "" = the line itself
  /// RV field name -> name in the message object; those not named keep their RV name.
  /// Also: hostaddr, service, network, ver, time, rli, client_limit.
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Which field or column means what. `equipment` "" = the part of the channel before its first dot; of events the field "equipment".
struct sample_mapping {
  std::string format = "auto";  ///< json, csv; auto: csv when the path ends with it
  std::string at = "at";
  std::string at_unit = "auto"; ///< auto: RFC 3339 text or Unix seconds; s, ms, us, ns: a number
  std::string equipment;
  std::string channel = "channel";
  std::string value = "value";
  std::string values = "values";     ///< array: one channel's readings, `period` apart from `at` on
  std::string period = "period";     ///< seconds, or a text with its unit
  std::string rate = "rate_hz";      ///< instead of it
  std::string channels = "channels"; ///< object: readings of many channels at one time
  std::string event = "event";       ///< its kind makes the record an event
  /// Field of an event -> its name in the house's records: module, state, task, name, text, recipe, step, lot, wafer, value.
  std::vector<std::pair<std::string, std::string>> event_fields;
};

/// A simulated line of equipment; see core/line_plant.hpp.
struct line_settings {
  std::uint32_t units = 6, channels = 4; ///< channels of each unit
  duration interval = 1s;                ///< between two readings of a channel
  std::vector<std::string> faults;       ///< "step etch1.pressure 4 sd at 2m for 1m"
};

/// PEM files with which nodes know each other; all three, or none.
struct tls_files {
  std::string certificate;      ///< our chain, our own first
  std::string key;              ///< our private key
  std::string authority;        ///< who signed the certificates of all nodes
  bool given() const { return !certificate.empty() && !key.empty() && !authority.empty(); }
};

/// How to reach a Kafka cluster.
struct kafka_connection {
  std::string brokers;          ///< host:port, with commas between; "" = no Kafka
  std::vector<std::pair<std::string, std::string>> properties; ///< librdkafka's, for TLS, SASL and tuning
  std::string password_file;    ///< file with sasl.password
  std::string key_password_file; ///< file with ssl.key.password
};

/// What a source of kind kafka reads.
struct kafka_input {
  std::vector<std::string> topics;
  std::string group = "tocsin"; ///< consumer group
  std::string member;           ///< group.instance.id: a restart within the session gives no rebalance; "" = none
  std::string format = "jsonl"; ///< what the records are: jsonl (heartbeats, advisories), samples
  std::string encoding = "json"; ///< how they are written: json, msgpack, avro
  std::string start = "committed"; ///< where nothing is kept of a partition: committed (else earliest), earliest, latest
  std::string assignor = "cooperative-sticky"; ///< or range
  std::uint32_t partitions = 0; ///< every topic must have so many; 0 = any
  /// Who writes the topics, as the header `vantage` of a record names them: numbers 1, 2 … of a record's vantage; 0 = the input itself.
  std::vector<std::string> vantages;
  duration blind_after = 30s;   ///< without sight of the log for so long, we say that we are blind
  std::string schemas;          ///< avro: folder of <id>.avsc
  std::string registry;         ///< avro: address of a schema registry
  std::string registry_user, registry_password_file; ///< HTTP basic authentication there; "" = none
  std::string registry_ca_file; ///< PEM of who signed its certificate; "" = the system's
};

/// What is written to Kafka. Topics: "" = not written.
struct kafka_output {
  kafka_connection connection;
  bool create_topics = false;   ///< missing topics are created with `partitions`
  std::uint32_t partitions = 12;
  std::uint32_t replication = 1;
  std::string partitioner = "murmur2_random"; ///< or murmur2: what a record without a key gets
  std::string compression = "lz4";
  duration linger = 5ms;        ///< waits so long for more to send at once
  std::uint32_t queue_records = 100'000; ///< waiting for the brokers at most
  std::string inputs, incidents, symptoms, windows, anomalies, states; ///< topics
  std::string inputs_encoding = "json"; ///< or msgpack
  std::string readings;         ///< topic for the sensor readings that are heard
  bool writes() const { return !(inputs.empty() && readings.empty() && incidents.empty() && symptoms.empty() && windows.empty() && anomalies.empty() && states.empty()); }
};

/// One stream of input. Each source is a vantage point of its own.
struct source_settings {
  std::string name;
  std::string kind;             ///< rv, jsonl, tibrvlisten, samples, kafka, plant, line
  std::string daemon = "127.0.0.1:7500"; ///< rv: TCP address of the daemon
  std::vector<std::string> listen{"_RV.*.SYSTEM.>"}; ///< rv: subjects
  std::string user = "tocsin";  ///< rv: label shown on the daemon's client page
  std::string path = "-";       ///< jsonl, tibrvlisten: a file, "-" = standard input
  std::string address;          ///< jsonl, tibrvlisten: listen on this TCP address instead of reading a path
  std::string time = "arrival"; ///< arrival: the moment of reading; message: what the record says
  duration reconnect_min = 1s, reconnect_max = 60s; ///< rv
  std::uint32_t plant_daemons = 24; ///< plant: size of the simulated fleet
  std::uint64_t plant_seed = 1; ///< plant, line
  line_settings line;
  decode_context context;       ///< service, network, daemon_host when messages do not say
  json_mapping mapping;
  sample_mapping samples;       ///< samples
  kafka_connection connection;  ///< kafka; starts from the section kafka
  kafka_input kafka;
  /// Its batches hold readings and events of equipment, and nothing about daemons.
  bool gives_samples() const { return kind == "samples" || kind == "line" || (kind == "kafka" && kafka.format == "samples"); }
};

struct mail_settings {
  std::string server;           ///< host:port
  std::string security = "starttls"; ///< none, starttls, tls
  std::string ca_file;          ///< empty = the system's
  std::string user, password_file;
  std::string from;
  std::vector<std::string> to;
  duration timeout = 30s;
  std::string external_url;     ///< our own address for links
  std::string subject_template, text_template, html_template; ///< files; empty = the built-in text
};

struct webhook_settings {
  std::string url;
  std::string ca_file, client_certificate, client_key;
  std::string bearer_file;      ///< file with a token for Authorization: Bearer
  duration timeout = 15s;
  std::string external_url;     ///< our own address for links
  std::string format = "alertmanager"; ///< alertmanager (webhook v4), cloudevents, pagerduty
  std::vector<std::string> secret_files; ///< Standard Webhooks secrets; two while one replaces the other
  std::string routing_key_file; ///< pagerduty
  std::uint32_t max_alerts = 0; ///< alertmanager: at most so many in one message; 0 = all
  bool allow_private = false;   ///< whether loopback, private, link-local and metadata addresses may be told
  std::string payload_template; ///< file; empty = as `format` says
};

} // namespace tocsin

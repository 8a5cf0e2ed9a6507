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

/// One stream of input. Each source is a vantage point of its own.
struct source_settings {
  std::string name;
  std::string kind;             ///< rv, jsonl, tibrvlisten, samples, plant, line
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
};

/// Whether it gives readings of sensors, and nothing about daemons.
inline bool gives_samples(const source_settings& s) { return s.kind == "samples" || s.kind == "line"; }

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

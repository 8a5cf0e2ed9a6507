// The configuration as one struct tree: every key with its default. Loaded from YAML, checked as a whole.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/routing_settings.hpp"
#include "core/alerting.hpp"
#include "core/canary.hpp"
#include "core/connections.hpp"
#include "core/delivery_queue.hpp"
#include "core/detectors/channel_options.hpp"
#include "core/equipment/rules.hpp"
#include "core/error.hpp"
#include "core/rules.hpp"

namespace tocsin {

struct receiver_settings {
  receiver_rule rule;           ///< name, least severity, send_closed
  std::string kind;             ///< mail, webhook or alertmanager
  mail_settings mail;
  webhook_settings webhook;
  webhook_settings alertmanager; ///< url: its own address, without /api/v2/alerts
  std::string rate_limit;        ///< "60/min"; "" = none
  delivery_rules delivery;       ///< with the rate of `rate_limit`
};

/// How Tocsin proves that it works itself.
struct self_settings {
  canary_rules canary;
  duration beat_every = 1min;
  webhook_settings beat; ///< url "" = none
};

/// This node among others. `node` "" = there are no others.
struct cluster_settings {
  std::string node;             ///< unique; also the static member of the consumer group
  std::string listen;           ///< host:port where other nodes ask us; anything but loopback needs `tls`
  std::string advertise;        ///< host:port they are told; "" = `listen`
  tls_files tls;
  std::vector<std::string> peers; ///< host:port of nodes to ask when there is no cluster log to learn them from
  std::string log;              ///< topic of the cluster log; "" = none
  std::string snapshots = "tocsin.snapshots"; ///< topic of the partitions' snapshots
  duration snapshot_every = 30s;
  bool given() const { return !node.empty(); }
};

struct settings {
  std::string data_dir = "tocsin-data"; ///< journal, snapshots, incidents, outbox; "" = keep nothing
  std::string http_address = "127.0.0.1:8420"; ///< "" = no HTTP
  std::uint32_t http_threads = 16;
  std::uint32_t shards = 0;     ///< 0 = one per processor
  std::string log_level = "info";
  bool log_json = false;
  duration snapshot_every = 30s;
  duration keep_journal = 7 * 24h;   ///< input older than this is dropped
  duration keep_incidents = 90 * 24h;
  std::string external_url;     ///< our own address in mails and webhooks
  duration link_valid = 7 * 24h; ///< of a link that acknowledges
  kafka_output kafka;
  cluster_settings cluster;
  std::vector<source_settings> sources;
  std::vector<receiver_settings> receivers;
  rule_book rules;
  channel_options detectors;    ///< of each equipment channel
  routing_settings routing_text;///< route, inhibit_rules and time_intervals as written
  routing_rules routing;        ///< what they mean; without `route:` default_routing over the receivers
  alarm_rules alarms{default_conditions()}; ///< every condition has its rule
  report_rule report;           ///< who gets the report of the alarms, and when
  equipment_rules equipment;    ///< windows and detectors of sensor readings
  sample_mapping samples;       ///< formats.samples
  self_settings self;           ///< with a canary, `rules`, `routing` and `receivers` have what it needs
  json_mapping replay_mapping;  ///< formats.jsonl: for `replay --format jsonl` and sources without their own
  decode_context replay_context;///< formats.defaults: service, network, daemon when messages do not say
  std::string file;             ///< where it was read from, for messages

  alerting_rules alerting() const; ///< the receivers' rules ("default" when none is configured) the routing and the alarms
};

/// One finding of the check. Line and column start at 1; 0 = the file as a whole.
struct config_problem {
  std::string file;
  int line = 0, column = 0;
  bool is_error = true;  ///< false: a warning, e.g. a pattern that matches nothing in the inventory
  std::string text;      ///< what is wrong
  std::string remedy;    ///< what to do
};
std::string to_text(const config_problem& p); ///< "file:line:column: error: text; remedy"

struct loaded {
  settings value;
  std::vector<config_problem> problems; ///< with no error among them, `value` is usable
  bool ok() const;
};

/// Reads `path`, applies TOCSIN_* environment overrides given as pairs, checks everything and reports every
/// problem, not just the first.
loaded load_settings(const std::string& path, const std::vector<std::pair<std::string, std::string>>& environment = {});
loaded parse_settings(const std::string& yaml, const std::string& file_name,
                      const std::vector<std::pair<std::string, std::string>>& environment = {});

} // namespace tocsin

// What a node counts, as Prometheus metrics.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster_link.hpp"
#include "actors/metrics.hpp"
#include "core/equipment/effect.hpp"
#include "io/kafka_sink.hpp"
#include "io/source.hpp"

namespace tocsin {

/// A node that shares its input: what it has of the cluster's log, and of the partitions.
struct shared_input_view {
  bool leads = false;
  std::uint64_t entries = 0, overtaken = 0, unreadable = 0, unwritten = 0, takeovers = 0;
  double takeover_s = 0;          ///< of the last one
  std::int64_t log_lag = 0;
  std::uint64_t log_queued = 0, log_dropped = 0;
  std::size_t watched = 0, replaying = 0, blind = 0; ///< partitions of ours
  std::uint64_t snapshots = 0, snapshots_failed = 0, snapshots_torn = 0;
};

struct telemetry_view {
  std::shared_ptr<const node_metrics> metrics;
  std::vector<source_status> sources;
  std::vector<source_quality> qualities; ///< of sources of readings
  std::optional<kafka_sink_status> kafka; ///< nothing: nothing is written there
  const cluster_link* cluster = nullptr;  ///< null: the node is alone
  std::optional<shared_input_view> shared{}; ///< nothing: the input is this node's alone
  std::string config_version;
  double uptime_s = 0;
  double watermark_age_s = 0;
};

/// The text exposition format 0.0.4. Every metric is listed in docs/metrics.md.
std::string metrics_text(const telemetry_view& view);

} // namespace tocsin

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

struct telemetry_view {
  std::shared_ptr<const node_metrics> metrics;
  std::vector<source_status> sources;
  std::vector<source_quality> qualities; ///< of sources of readings
  std::optional<kafka_sink_status> kafka; ///< nothing: nothing is written there
  const cluster_link* cluster = nullptr;  ///< null: the node is alone
  std::string config_version;
  double uptime_s = 0;
  double watermark_age_s = 0;
};

/// The text exposition format 0.0.4. Every metric is listed in docs/metrics.md.
std::string metrics_text(const telemetry_view& view);

} // namespace tocsin

// What is watched of equipment's channels beyond single readings, and what becomes a symptom. Filled by config.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/detectors/channel_options.hpp"
#include "core/detectors/sample_monitor.hpp"
#include "core/symptom.hpp"
#include "core/time.hpp"

namespace tocsin {

/// The always-on tier: every reading of every channel, with a baseline for each context.
struct sample_watch_rule {
  bool enabled = true;
  sample_options options;
  double confidence = 0.5; ///< least of a finding that becomes a symptom, 0 to 1
  severity level = severity::warning;
};

/// The composite of docs/detectors.md over the means of windows.
struct point_watch_rule {
  bool enabled = false;
  duration window = 1min;      ///< a tumbling or sliding one of `windows` has this size
  std::uint32_t clear = 12;    ///< windows without an alert that end it
  severity level = severity::warning;
};

struct chart_rule {
  enum class kind_t : std::uint8_t { western_electric_rules, nelson_rules, ewma, cusum };
  enum class points_t : std::uint8_t { step, window };
  std::string name;
  std::string channels = "*";  ///< glob over "<unit>/<channel>"
  points_t points = points_t::step; ///< a point is the mean over a step of the recipe, or over a window
  duration window = 1min;      ///< as above
  kind_t kind = kind_t::western_electric_rules;
  std::uint32_t learn = 25;    ///< points of a context its limits are learnt from
  std::uint32_t clear = 10;    ///< points in control that end a violation
  severity level = severity::warning;
};

/// Channels of one unit that belong together.
struct group_watch_rule {
  enum class method_t : std::uint8_t { adaptive, components, canonical, forest };
  std::string name;
  std::string equipment = "*"; ///< glob over units
  std::vector<std::string> channels{"*"}; ///< globs over channels
  duration every = 1s;         ///< one row each: the means of the readings since the last
  method_t method = method_t::adaptive;
  std::uint32_t learn = 400;   ///< rows of a context that are learnt from; three times as many set the limit
  double run_length = 1e6;     ///< mean rows between two false alarms
  severity level = severity::warning;
};

/// A fault that was seen before, as the evidence of group_anomaly gives it: "ch1.pressure 0.62, ch1.flow -0.44".
struct signature_rule {
  std::string name, group, pattern;
  double similarity = 0.8; ///< least cosine, 0 to 1
};

struct watch_rules {
  sample_watch_rule samples;
  point_watch_rule points;
  std::vector<chart_rule> charts;
  std::vector<group_watch_rule> groups;
  std::vector<signature_rule> signatures;

  // Derived: shared by all channels.
  std::shared_ptr<const sample_limits> limits;
  std::shared_ptr<const channel_options> composite;
};

inline constexpr std::size_t watch_contexts_max = 64; ///< of one channel or group; the one unused for longest makes room
/// What is raised of a channel that gives no more readings ends after so long.
inline constexpr duration watch_silence = 1h;

} // namespace tocsin

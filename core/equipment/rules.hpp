// What is computed of an equipment unit's channels. Filled by config.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/equipment/watch_rules.hpp"
#include "core/symptom.hpp"
#include "core/time.hpp"

namespace tocsin {

struct window_rule {
  enum class kind_t : std::uint8_t { tumbling, sliding, session };
  kind_t kind = kind_t::tumbling;
  duration size = 5min;   ///< a multiple of `slide`; session: the gap that ends it
  duration slide = 5min;  ///< between two ends; tumbling: as `size`
};

/// |value - mean| > limit * deviation, both exponentially weighted (West 1979, incremental form).
struct ewma_z_rule {
  bool enabled = true;
  double weight = 0.02;      ///< of the newest value
  double limit = 4;          ///< standard deviations
  std::uint32_t learn = 30;  ///< values before the first verdict
};

/// 0.6745 * |value - median| > limit * MAD of the 31 values before it (Iglewicz and Hoaglin 1993).
struct modified_z_rule {
  bool enabled = true;
  double limit = 6;
};

/// Alarms of the equipment itself. Patterns are globs over the alarm's id.
struct equipment_alarm_rule {
  severity level = severity::warning;
  std::vector<std::string> critical, ignored;
};

/// No reading of a unit for the longer of `least` and `factor` times its usual gap, in the time of its source.
struct silence_rule {
  bool enabled = true;
  duration least = 5min;
  double factor = 5;
  duration check() const { return least / 5; } ///< between two looks at a unit
};
/// Two looks in a row with fewer readings than `share` of the usual.
struct rate_drop_rule {
  bool enabled = false;
  double share = 0.2;
};
/// |reading| below `share` of its usual level for `hold`.
struct level_drop_rule {
  std::string channel; ///< glob over "<unit>/<channel>"
  double share = 0.2;
  duration hold = 10s;
};
struct downtime_rule {
  silence_rule silence;
  rate_drop_rule rate;
  std::vector<level_drop_rule> levels;
  severity unscheduled = severity::warning, scheduled = severity::info;
};

struct state_level {
  std::string name;
  double from = 0; ///< the lowest value of the state
};
/// A dense stream as a sparse one: the named level a reading is in, or readings that differ by more than `deadband`.
struct channel_state_rule {
  std::string channel; ///< glob over "<unit>/<channel>"
  std::string name;
  std::vector<state_level> levels; ///< rising; empty = the value itself
  double deadband = 0; ///< levels: so far beyond its border a state is left; else: what is a change
};

/// As-of join: to each reading or event of `left` the newest value of `right` that is not newer.
struct join_rule {
  std::string name;
  std::string left;  ///< glob over "<unit>/<channel>"; events are "<unit>/event:<kind>"
  std::string right; ///< "<unit>/<channel>"
  duration within = 5min;
};

struct pattern_rule {
  enum class kind_t : std::uint8_t { sequence, absence, count };
  std::string name;
  kind_t kind = kind_t::sequence;
  std::vector<std::string> of; ///< globs over occurrences, "alarm_set:E12"
  duration within = 10min;
  std::uint32_t count = 3;
  severity level = severity::warning;
  std::string text;
};

/// How good the input of a source is, from 0 to 1, by windows of its own time.
struct quality_rule {
  bool enabled = true;
  bool filter = false;      ///< whether readings of a source below `least` are left out
  double least = 0.8, clear = 0.9;
  duration window = 1min;
  duration timely = 10min;  ///< readings older than that on arrival are not timely; many senders upload in bulk
  std::uint32_t stuck = 600; ///< so many equal readings in a row of a channel that varied before
  severity level = severity::warning;
};

struct equipment_rules {
  duration lateness = 0s;    ///< windows wait so long for late values
  duration correct = 1min;   ///< and are corrected by values that are later than that, up to so much
  std::vector<window_rule> windows;
  ewma_z_rule ewma_z;
  modified_z_rule modified_z;
  equipment_alarm_rule alarms;
  downtime_rule downtime;
  std::vector<channel_state_rule> states;
  std::vector<join_rule> joins;
  std::vector<pattern_rule> patterns;
  quality_rule quality;
  std::vector<std::string> quantiles; ///< of every window, "0.95"; empty = none
  std::vector<double> quantile_shares; ///< the same as numbers; see completed
  watch_rules watch;

  /// Greatest length that all windows are made of, or the shortest gap of sessions; 0s when there are no windows.
  duration pane() const;
  /// Panes that must be held, so that every window and every correction has its values.
  std::size_t panes() const;
};
/// With what follows from other rules, and what is not said: tumbling windows of five minutes when there are none, slides as the
/// sizes, quantiles as numbers.
equipment_rules completed(equipment_rules rules);
/// "0.95"; nothing when it is no number from 0 to 1.
std::optional<double> share_of(std::string_view text);

} // namespace tocsin

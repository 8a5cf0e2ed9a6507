// What equipment says: plain data.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/equipment/context.hpp"
#include "core/equipment/point_detector.hpp"
#include "core/equipment/rules.hpp"
#include "core/symptom.hpp"
#include "core/time.hpp"

namespace tocsin {

/// Name of a channel; lives as long as its table.
struct channel_name {
  std::string equipment, channel;
};

struct window_result {
  const channel_name* of;
  const window_rule* window;
  timestamp start, end;
  std::uint64_t count;
  double least, most, mean, deviation, slope; ///< slope per second
  bool complete = true;   ///< false: the input ended before the window did
  bool corrected = false; ///< said before; late values changed it
};

struct anomaly {
  const channel_name* of;
  timestamp at;
  point_detector found_by;
  double value, score, limit; ///< in the detector's own unit
  double confidence = 0;      ///< that it is a fault, 0 to 1; 0 where the detector gives none
};

/// A copy for whoever looks at it from outside.
struct channel_status {
  std::string channel;
  timestamp last_at = unset;
  double last_value = 0;
  std::uint64_t samples = 0, anomalies = 0;
  timestamp last_anomaly = unset;
};
struct equipment_status {
  std::string equipment;
  std::uint64_t samples = 0, anomalies = 0;
  timestamp last_at = unset;
  std::vector<equipment_context> contexts; ///< by module
  std::vector<channel_status> channels;
};

struct equipment_effects {
  std::vector<window_result> windows;
  std::vector<anomaly> anomalies;
  std::vector<symptom> symptoms; ///< of channels ("equipment/<unit>/<channel>") and of the unit itself
  bool empty() const { return windows.empty() && anomalies.empty() && symptoms.empty(); }
  void clear() {
    windows.clear();
    anomalies.clear();
    symptoms.clear();
  }
};

} // namespace tocsin

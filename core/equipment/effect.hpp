// What equipment says: plain data.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/equipment/context.hpp"
#include "core/equipment/event.hpp"
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
  std::uint32_t quantiles = 0; ///< position of its own in equipment_effects::quantiles, one for each share, when there are shares
};

struct anomaly {
  const channel_name* of;
  timestamp at;
  point_detector found_by;
  double value, score, limit; ///< in the detector's own unit
  double confidence = 0;      ///< that it is a fault, 0 to 1; 0 where the detector gives none
};

/// Something that holds for a while is another now: the E10 state of the unit, the task of a module, the level of a channel.
struct state_change {
  timestamp at;
  std::string equipment;
  std::string place; ///< module or channel; "" = the unit itself
  std::string name;  ///< "e10", "task", or of the rule
  std::string from, to; ///< from "" = the first that is known
  duration lasted{};    ///< of `from`
  double value = 0;     ///< of the channel
  bool of_channel = false;
};

enum class downtime_cause : std::uint8_t { state, silence, rate, level };
std::string_view to_text(downtime_cause cause);

/// Said when it is seen and again at its end.
struct downtime {
  std::string equipment;
  downtime_cause cause;
  e10_state e10; ///< scheduled_down or unscheduled_down
  timestamp start, end = unset; ///< unset: it lasts
  std::string text;
};

/// How good the input of a source was in a window of its time: shares from 0 to 1.
struct source_quality {
  std::string source;
  timestamp at = unset;    ///< the window's end; unset = none has ended
  double score = 1;        ///< product of the parts
  double completeness = 1; ///< readings that came of those that usually come
  double validity = 1;     ///< records that could be used
  double timeliness = 1;   ///< readings that were not late on arrival
  double uniqueness = 1;   ///< readings whose channel had none of the same time
  double liveness = 1;     ///< channels that are not stuck
  bool low = false;        ///< below the least, and not above `clear` since
  std::uint64_t filtered = 0; ///< readings left out so far
};

/// A reading or event of the left side with the right side's newest value.
struct joined {
  const join_rule* rule;
  timestamp at;
  std::string equipment, channel; ///< channel: "event:<kind>" of an event
  std::string text;               ///< name of an event
  double value = 0;
  timestamp right_at = unset;     ///< unset: nothing within the tolerance
  double right_value = 0;
};

/// What a unit does, and did so far.
struct active_alarm {
  std::string id, text;
  timestamp since;
};
struct module_task {
  std::string module, text;
  e116_task task;
  timestamp since;
};
struct last_measurement {
  std::string name, lot, wafer;
  double value;
  timestamp at;
};
struct unit_status {
  e10_state e10 = e10_state::unknown;
  timestamp e10_since = unset;
  std::array<duration, 7> in_state{}; ///< by e10_state, those that are over
  std::uint64_t failures = 0;         ///< times it went unscheduled down
  duration repair{};                  ///< of failures that are over
  std::uint64_t repairs = 0;
  std::uint64_t events = 0, events_late = 0;
  std::vector<module_task> tasks;
  std::vector<active_alarm> alarms;
  std::vector<last_measurement> measurements;
  std::vector<downtime> down;         ///< those that last
  std::uint64_t downtimes = 0;
  std::vector<std::string> patterns;  ///< those that hold
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
  unit_status unit;
  std::vector<channel_status> channels;
};

struct equipment_effects {
  const std::vector<double>* shares = nullptr; ///< of the quantiles; null = none are asked for
  std::vector<double> quantiles;
  std::vector<window_result> windows;
  std::vector<anomaly> anomalies;
  std::vector<symptom> symptoms; ///< of channels ("equipment/<unit>/<channel>") and of the unit itself
  std::vector<state_change> states;
  std::vector<downtime> downtimes;
  std::vector<joined> joins;
  std::vector<source_quality> qualities;
  bool empty() const {
    return windows.empty() && anomalies.empty() && symptoms.empty() && states.empty() && downtimes.empty() && joins.empty() &&
           qualities.empty();
  }
  void clear() {
    windows.clear();
    quantiles.clear();
    anomalies.clear();
    symptoms.clear();
    states.clear();
    downtimes.clear();
    joins.clear();
    qualities.clear();
  }
};

} // namespace tocsin

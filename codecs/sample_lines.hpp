// Readings and events of equipment as JSON lines that a source of kind samples reads again, without any loss.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/equipment/sample.hpp"

namespace tocsin {

/// In the field names of the default mapping (sample_mapping). What is read again has the same value, to the last bit, the same
/// time, to the nanosecond, and the same names; bytes that are no UTF-8 are replaced. Not thread-safe.
class sample_lines {
public:
  /// Appends {"at":…,"channel":"etch1.pressure","value":…} and a line end; where the unit's name has a dot of its own,
  /// {"at":…,"equipment":"fab.etch1","channels":{"pressure":…}}.
  void append(std::string& out, const sample& s);
  /// Appends {"at":…,"event":"alarm_set","equipment":"etch1","name":…,"text":…} and a line end.
  void append(std::string& out, const equipment_event& e);

private:
  void append_time(std::string& out, timestamp at);

  std::int64_t second_ = -1;  ///< since 1970, of the last time
  std::string second_text_;   ///< "2026-11-21T07:21:00"
};

/// Some lines of one unit, in order.
struct unit_lines {
  std::string_view equipment, lines; ///< good during the call
  timestamp first;                   ///< time of the first of them
};

/// Gives the batch as lines of one unit each, at most `bytes_max` at once (a line that is longer by itself). A unit's readings and events
/// keep their order.
void for_each_unit(const sample_batch& batch, std::size_t bytes_max, const std::function<void(const unit_lines&)>& take);

} // namespace tocsin

// What happens to an equipment unit, other than readings of its sensors: states, tasks, alarms, process steps, measurements, yield.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/time.hpp"

namespace tocsin {

enum class event_kind : std::uint8_t {
  state,         ///< the unit's SEMI E10 state changed: `state`
  task,          ///< SEMI E116: a module or the unit is idle, busy or blocked: `task`, `text` = task name or why it is blocked
  alarm_set,     ///< `name`: the alarm's id, `text`: what it says
  alarm_cleared, ///< `name`: the alarm's id
  process,       ///< a module goes on with `recipe`, `step`, `lot`, `wafer`; empty = none any more
  maintenance,   ///< work on a module is done: its baselines begin a new epoch
  measurement,   ///< `name`: parameter, `value`; of `lot`, `wafer`
  yield_result,  ///< of `lot`, `wafer`: `value` = share that passed, 0 to 1
};
inline constexpr std::size_t event_kinds = 8;

/// SEMI E10-0814.
enum class e10_state : std::uint8_t { unknown, productive, standby, engineering, scheduled_down, unscheduled_down, non_scheduled };
/// SEMI E116-0707.
enum class e116_task : std::uint8_t { unknown, idle, busy, blocked };

/// One event. The texts are views into the batch that holds it.
struct equipment_event {
  timestamp at;
  std::uint64_t key_hash = 0; ///< hash_key(equipment, ""): its upper half is the one of the unit's samples
  std::uint32_t before = 0;   ///< position in the batch's samples: it happened before that one
  event_kind kind{};
  e10_state state{};
  e116_task task{};
  double value = 0;
  std::string_view equipment;
  std::string_view module;    ///< "" = the unit itself
  std::string_view name, text, recipe, step, lot, wafer;
};

std::string_view to_text(event_kind kind);
std::string_view to_text(e10_state state);
std::string_view to_text(e116_task task);
std::optional<event_kind> parse_event_kind(std::string_view text);
/// The name or SEMI's three letters (PRD, SBY, ENG, SDT, UDT, NST), in any case, with blanks or hyphens for '_'; whatever
/// else is unknown.
e10_state parse_e10_state(std::string_view text);
e116_task parse_e116_task(std::string_view text);

} // namespace tocsin

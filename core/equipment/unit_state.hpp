// What a unit is doing, by its events: SEMI E10 state, E116 tasks of its modules, alarms, last measurements.
#pragma once

#include <string>

#include "core/equipment/effect.hpp"
#include "core/equipment/event.hpp"
#include "core/equipment/standing_symptom.hpp"

namespace tocsin {

/// Cost per event: a search among the modules, alarms or measurements, all bounded.
class unit_state {
public:
  static constexpr std::size_t modules_max = 64, alarms_max = 256, measurements_max = 64;

  explicit unit_state(std::string name) : name_(std::move(name)), alarm_(symptom_kind::equipment_alarm) {}
  /// False: older than what is known of the same thing; it changes nothing. Says state changes and the alarm symptom.
  bool apply(const equipment_event& e, const equipment_alarm_rule& rule, equipment_effects& out);
  void count_late() { ++now_.events_late; }
  e10_state e10() const { return now_.e10; }
  const unit_status& status() const { return now_; }

private:
  bool apply_state(const equipment_event& e, equipment_effects& out);
  bool apply_task(const equipment_event& e, equipment_effects& out);
  bool apply_alarm(const equipment_event& e, const equipment_alarm_rule& rule, equipment_effects& out);
  bool keep_measurement(const equipment_event& e);
  void say_alarms(const equipment_event& e, const equipment_alarm_rule& rule, equipment_effects& out);

  std::string name_;
  unit_status now_;
  standing_symptom alarm_;
};

} // namespace tocsin

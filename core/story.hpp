// Everything that is said at one time: what the node tells the world, in order.
#pragma once

#include <string>
#include <vector>

#include "core/alarm.hpp"
#include "core/alarm_kpi.hpp"
#include "core/incident.hpp"
#include "core/symptom.hpp"

namespace tocsin {

/// Why a receiver was told of an incident, or was not.
enum class decision_kind : std::uint8_t {
  told,            ///< detail: the notification's id
  waiting,         ///< for the group to fill: group_wait or group_interval
  delayed,         ///< on_delay of the condition
  below_severity,  ///< of the receiver
  silenced,        ///< detail: the silence and who made it
  inhibited,       ///< detail: the rule and the incident that inhibits
  shelved, suppressed, out_of_service,
  calendar,        ///< detail: the calendar
  held,            ///< an end that is held: off_delay, or the alarm chatters
  covered,         ///< by an earlier incident of the same alarm, whose end is held
  digest,          ///< in a flood: will be in the next digest
  never_told,      ///< over before anybody was told
  end_unwanted,    ///< the receiver does not want to hear of ends
};
std::string_view to_text(decision_kind what);
std::optional<decision_kind> parse_decision_kind(std::string_view text);

/// Said when it differs from what was decided last for this incident and route.
struct decision {
  timestamp at;
  std::string incident, receiver, route;
  decision_kind what;
  std::string detail;
};

/// The figures of the alarms are due for a receiver.
struct report_due {
  timestamp at;
  std::string receiver;
  kpi_report figures;
};

struct story {
  std::vector<symptom> symptoms; ///< of groups
  std::vector<incident> incidents;
  std::vector<notification> notifications;
  std::vector<alarm_change> alarms;
  std::vector<decision> decisions;
  std::vector<report_due> reports;
  bool empty() const {
    return symptoms.empty() && incidents.empty() && notifications.empty() && alarms.empty() &&
           decisions.empty() && reports.empty();
  }
};

} // namespace tocsin

// The routing as it stands in the file: matchers, times and zones still as text.
#pragma once

#include <string>
#include <vector>

#include "core/route.hpp"

namespace tocsin {

struct route_settings {
  std::string receiver;
  std::vector<std::string> matchers;
  bool go_on = false; ///< `continue`
  std::vector<std::string> group_by;
  duration group_wait = 0s, group_interval = 5min, repeat_interval = 4h;
  std::vector<std::string> mute, active;
  std::vector<escalation_step> escalation;
  std::vector<route_settings> routes;
};

struct inhibit_settings {
  std::string name;
  std::vector<std::string> source_matchers, target_matchers, equal;
};

struct times_settings {
  std::string start = "00:00", end = "24:00";
};

struct interval_settings {
  std::vector<times_settings> times;
  std::vector<std::string> weekdays, days_of_month, months, years;
  std::string location = "UTC";
};

struct calendar_settings {
  std::string name;
  std::vector<interval_settings> intervals;
};

struct routing_settings {
  bool given = false; ///< there is a `route:`; else default_routing over the receivers holds
  route_settings route;
  std::vector<inhibit_settings> inhibit;
  std::vector<calendar_settings> calendars;
};

/// What the text means. What cannot be read is left out: the check has said so, and the settings
/// are not used. `receivers`: for default_routing. Reads the time zones from the system.
routing_rules compile(const routing_settings& s, const std::vector<std::string>& receivers);
/// Routes in the whole tree, at most `most` + 1; 0 when it is nested deeper than
/// limits::route_depth_max.
std::size_t count_routes(const route_settings& root, std::size_t most);
/// Matchers of a list of texts, each of which may hold several; those that cannot be read are left
/// out.
std::vector<matcher> read_matchers(const std::vector<std::string>& texts);

} // namespace tocsin

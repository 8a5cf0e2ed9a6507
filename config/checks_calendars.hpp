// The checks of time intervals: names, zones, times that end before they begin.
#pragma once

#include "config/load.hpp"

namespace tocsin {

/// Reads the named time zones from the system's database.
void check_calendars(std::vector<calendar_settings>& calendars, const given_keys& given,
                     problem_list& problems);
/// Labels of the inventory that cannot be matched, or whose names are ours.
void check_labels(const std::vector<expected_daemon>& inventory, const given_keys& given,
                  problem_list& problems);

} // namespace tocsin

// One line about an incident that a person understands at three in the morning.
#pragma once

#include <string>

#include "core/incident.hpp"

namespace tocsin {

/// From cause, members, times and facts; a closed incident is told in the past tense.
std::string title_of(const incident& i);
/// "rvd 10.98.163.137/7500", "Segment 7500 (network ';239.1.1.1')", "host 10.98.163.137".
std::string spoken(std::string_view subject);

} // namespace tocsin

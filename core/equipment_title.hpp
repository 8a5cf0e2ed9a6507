// Titles of incidents about equipment.
#pragma once

#include <string>

#include "core/incident.hpp"

namespace tocsin {

/// "Etch7/ch1.pressure moved: level shifted (97 %)"; for causes from sensor_anomaly to quality_low.
std::string equipment_title(const incident& i, bool over);

} // namespace tocsin

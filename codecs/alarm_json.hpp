// Alarms and their figures as JSON text: one line each, keys in a fixed order, the same bytes every
// time.
#pragma once

#include <string>
#include <vector>

#include "core/alarm.hpp"
#include "core/alarm_kpi.hpp"

namespace tocsin {

/// Append JSON, without a line end, to `out`. Times are RFC 3339 or null, durations seconds, shares
/// 0 to 1.
/// {"alarm","state","activity","kind","subject","severity","priority","incident","open":[…],"active_since","over_since",
/// "acknowledged":{"by","comment","at","until"}|null,"shelved":{"by","reason","until"}|null,"out_of_service","suppressed_by",
/// "latched","chattering","activations","response":{"cause","consequence","action","time_to_respond"}|null}
void append_json(std::string& out, const alarm& a, const alarm_rules& rules);
/// {"alarms":[…],"out_of_service_orders":[{"pattern","by","reason","until"}]}
void append_json(std::string& out, const std::vector<alarm>& alarms,
                 const std::vector<service_order>& orders, const alarm_rules& rules);
/// Every figure of core/alarm_kpi.hpp by its name there; each check has "met".
void append_json(std::string& out, const kpi_report& r);

} // namespace tocsin

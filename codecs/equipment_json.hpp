// What equipment says as JSON lines.
#pragma once

#include <string>

#include "core/equipment/effect.hpp"

namespace tocsin {

/// {"at","equipment","channel","window","start","end","count","min","max","mean","stddev","slope","complete","corrected"};
/// `at` is the window's end, `window` its kind and length. Then "p95" … when quantiles are asked for.
void append_json(std::string& out, const window_result& w, const equipment_effects& of);
/// {"at","equipment","channel","detector","value","score","limit"}
void append_json(std::string& out, const anomaly& a);

/// {"at","equipment","module" or "channel","state","from","to","lasted_s"}, of a channel with "value"; from null = the first known.
void append_json(std::string& out, const state_change& c);
/// {"at","equipment","downtime","e10","start","end","duration_s","text"}; end null = it lasts.
void append_json(std::string& out, const downtime& d);
/// {"at","equipment","channel","join","value","right","right_at","right_value","age_s"}, of an event with "name"; right_at null = nothing
/// within the tolerance.
void append_json(std::string& out, const joined& j);
/// {"at","source","score","completeness","validity","timeliness","uniqueness","liveness","low","filtered"}
void append_json(std::string& out, const source_quality& q);
/// "e10","e10_since","seconds_in","mtbf_s","mttr_s","tasks","alarms","down" … without braces.
void append_unit_json(std::string& out, const equipment_status& e);

/// {"equipment","samples","anomalies","last_at", what append_unit_json says,"channels":[{"channel","last_at","last_value","samples","anomalies","last_anomaly"}]};
/// without channels there is no such key.
void append_json(std::string& out, const equipment_status& e);

} // namespace tocsin

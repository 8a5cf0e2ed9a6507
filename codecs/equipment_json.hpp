// What equipment says as JSON lines.
#pragma once

#include <string>

#include "core/equipment/effect.hpp"

namespace tocsin {

/// {"at","equipment","channel","window","start","end","count","min","max","mean","stddev","slope","complete","corrected"};
/// `at` is the window's end, `window` its kind and length.
void append_json(std::string& out, const window_result& w);
/// {"at","equipment","channel","detector","value","score","limit"}
void append_json(std::string& out, const anomaly& a);

/// {"equipment","samples","anomalies","last_at","channels":[{"channel","last_at","last_value","samples","anomalies","last_anomaly"}]};
/// without channels there is no such key.
void append_json(std::string& out, const equipment_status& e);

} // namespace tocsin

// Our own things as JSON text: one line each, keys in a fixed order, the same bytes every time.
#pragma once

#include <string>

#include "core/daemon.hpp"
#include "core/incident.hpp"
#include "core/symptom.hpp"

namespace tocsin {

/// Append one JSON object, without a line end, to `out`.
/// {"at","subject","kind","state","severity","since","evidence":{…}}
void append_json(std::string& out, const symptom& s);
/// {"at","id","state","severity","title","cause":{"kind","subject","probability"},"members":[…],"since","until"}
/// then "revision","member_count","group","evidence".
void append_json(std::string& out, const incident& i);
/// {"at","id","receiver","reason","incident":{…}}
void append_json(std::string& out, const notification& n);
void append_json(std::string& out, const daemon_status& s);
void append_json(std::string& out, const evidence& facts);
/// A JSON string with quotes; invalid UTF-8 is replaced, control characters escaped.
void append_json_string(std::string& out, std::string_view text);

} // namespace tocsin

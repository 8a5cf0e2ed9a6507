// Records of a simulated plant as JSON lines, in the field names of Rendezvous: for `simulate` and
// for a test daemon that publishes them.
#pragma once

#include <string>

#include "core/record.hpp"

namespace tocsin {

/// Appends {"at":…,"subject":"_RV.INFO.SYSTEM.HOST.STATUS.<HEX>","message":{…}} and a line end.
/// Times have milliseconds. Loss advisories carry the daemon that shows them as "hostaddr" besides
/// RV's own "host", the other side. Returns false and appends nothing for a time_mark, which has no
/// message.
bool append_plant_jsonl(std::string& out, const record& r);

/// "_RV.INFO.SYSTEM.HOST.STATUS.0A000007"; empty for a time_mark.
std::string plant_subject(const record& r);
/// "10.0.0.7" as "0A000007"; another text stays as it is.
std::string host_id(std::string_view host);

} // namespace tocsin

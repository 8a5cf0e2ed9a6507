// The project's JSON input lines as Rendezvous advisories with the wire types a daemon gives each
// field.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace tocsin::test {

struct json_advisory {
  std::string subject;
  std::string data; ///< a complete message
};

/// {"at": ..., "subject": "_RV.INFO.SYSTEM.HOST.STATUS.0A62A389", "message": {"hostaddr":
/// "10.98.163.137", ...}}. ADV_CLASS, ADV_SOURCE and ADV_NAME come from the subject unless given.
/// `at` is ignored: what is published is published now.
result<json_advisory> parse_json_advisory(std::string_view line);

} // namespace tocsin::test

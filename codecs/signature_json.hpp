// The library of fault signatures as a JSON document that a person can read and keep under version control.
#pragma once

#include <string>
#include <string_view>

#include "core/analysis/signature_library.hpp"
#include "core/error.hpp"

namespace tocsin {

std::string to_json(const signature_library& library);
/// `file`: its name, for messages. Errors malformed, version, invalid: with the place.
result<signature_library> parse_signature_library(std::string_view text, const std::string& file);

} // namespace tocsin

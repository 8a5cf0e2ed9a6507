// The plain status page at "/", made on the server: what is wrong now, and what is watched.
#pragma once

#include <string>
#include <string_view>

#include "actors/node.hpp"

namespace tocsin {

std::string status_page(const node& n);
std::string_view status_style();
std::string_view openapi_text(); ///< docs/openapi.yaml, built in

} // namespace tocsin

// Text within HTML.
#pragma once

#include <string>
#include <string_view>

namespace tocsin {

/// Nothing in it is markup any more, neither between tags nor within an attribute.
std::string html_escaped(std::string_view text);

} // namespace tocsin

// Text that leaves the process: made valid UTF-8, free of control characters, bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace tocsin {

/// Length in bytes of the valid UTF-8 character at the start of `text` (1 to 4); 0 if there is
/// none.
std::size_t utf8_length(std::string_view text);
/// Control characters become spaces, runs of them one, invalid UTF-8 U+FFFD; at most `bytes_max`
/// bytes, cut between characters with "…" at the end. For anything that must stay on one line:
/// headers, answers.
std::string one_line(std::string_view text, std::size_t bytes_max);
/// Same, but line feeds and tabs stay and nothing is cut.
std::string plain_text(std::string_view text);
/// 16 hexadecimal digits of FNV-1a (64 bits): the same on every machine and in every build.
std::string hex_hash(std::string_view text);
/// "Sat, 21 Nov 2026 07:21:00 " and the zone given: GMT for HTTP (RFC 9110), +0000 for mail (RFC
/// 5322).
std::string internet_date(timestamp t, std::string_view zone);

} // namespace tocsin

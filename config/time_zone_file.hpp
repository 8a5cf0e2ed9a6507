// Time zones from the system's database (TZif files, RFC 9636) as core's plain data.
#pragma once

#include <string>
#include <string_view>

#include "core/calendar.hpp"
#include "core/error.hpp"

namespace tocsin {

/// Offsets from 1970 to 2100 of a zone of the database: folder TZDIR, else /usr/share/zoneinfo.
/// "UTC" needs no file. errc::missing: no such zone;
/// errc::malformed, too_large: no good file.
result<time_zone> load_time_zone(const std::string& name);
/// What to do about a zone that is missing: the most similar name of the database, or where names
/// come from.
std::string near_time_zone(const std::string& name);
/// The same of a file's bytes. What its own list does not cover any more follows its rule (the
/// POSIX text at its end).
result<time_zone> parse_time_zone(std::string name, std::string_view bytes);

/// The changes a POSIX TZ text ("CET-1CEST,M3.5.0,M10.5.0/3") brings after `from`, up to 2100,
/// ascending; none for a zone without summer time.
result<std::vector<std::pair<timestamp, std::int32_t>>> posix_changes(std::string_view rule,
                                                                      timestamp from);

} // namespace tocsin

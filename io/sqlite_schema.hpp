// The tables of a store and the check that a file holds them.
#pragma once

#include <memory>
#include <string>

#include "io/sqlite.hpp"

namespace tocsin::sqlite {

inline constexpr std::int64_t application_id = 0x746f6373; ///< "tocs", shown by file(1)
inline constexpr std::int64_t schema_version = 4; ///< 2: decisions and alarm_changes; 3: incidents.rules; 4: log_positions

/// Opens for reading and writing, creates file and tables when they are not there.
/// errc::version: another schema; malformed: no database; invalid: another program's.
result<std::unique_ptr<connection>> open_for_writing(const std::string& path);
/// Opens an existing store for reading.
result<std::unique_ptr<connection>> open_for_reading(const std::string& path);

} // namespace tocsin::sqlite

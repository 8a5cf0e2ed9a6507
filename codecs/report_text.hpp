// The report of an analysis as text for people and as JSON for programs.
#pragma once

#include <string>

#include "core/analysis/report.hpp"

namespace tocsin {

/// Facts, a table, notes; ends with a line break.
std::string to_text(const report& said);
/// {"analysis", "facts": {}, "findings": [{column: value}], "notes": []} on one line; numbers in full, null for nothing.
std::string to_json(const report& said);

} // namespace tocsin

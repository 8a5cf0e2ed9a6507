// The texts of a time interval: times of day, weekdays, days, months and years, single or
// "first:last".
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/table.hpp"
#include "core/calendar.hpp"

namespace tocsin {

/// Minutes of the day of "09:00" or "24:00".
std::optional<int> read_time_of_day(std::string_view text);
/// "monday", "monday:friday"; "saturday:sunday" goes round and is two ranges. The same for months.
std::vector<int_range> read_weekdays(std::string_view text);
std::vector<int_range> read_days_of_month(std::string_view text); ///< "1:5", "-3:-1", "15", "1:-1"
std::vector<int_range> read_months(std::string_view text);        ///< "january:march", "11:2", "5"
std::vector<int_range> read_years(std::string_view text);         ///< "2026", "2026:2028"

namespace forms {
std::optional<keys::complaint> time_of_day(std::string_view text);
std::optional<keys::complaint> weekdays(std::string_view text);
std::optional<keys::complaint> days_of_month(std::string_view text);
std::optional<keys::complaint> months(std::string_view text);
std::optional<keys::complaint> years(std::string_view text);
std::optional<keys::complaint> zone_name(std::string_view text);
std::optional<keys::complaint> matchers(std::string_view text);
std::optional<keys::complaint> label_name(std::string_view text);
std::optional<keys::complaint> group_label(std::string_view text); ///< a label's name or '...'
} // namespace forms

} // namespace tocsin

// The weekly report of the alarms as the body of a mail: HTML that mail clients show, and the same
// as text.
#pragma once

#include <string>

#include "core/alarm_kpi.hpp"

namespace tocsin {

/// "Alarm report: 312 alarms from 2026-11-14 to 2026-11-21, 3 of 12 targets missed"; one line.
std::string report_subject(const kpi_report& r);
/// A whole HTML document: tables and inline styles only, nothing that is fetched, every text
/// escaped.
std::string report_html(const kpi_report& r);
/// Lines with LF, at most 100 columns but for long names.
std::string report_text(const kpi_report& r);

} // namespace tocsin

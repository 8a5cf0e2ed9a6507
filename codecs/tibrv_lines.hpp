// Lines around a printed Rendezvous message: where one begins, its stamp, subject and body, how
// broken lines join.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace tocsin {

/// Without blanks and carriage returns at both ends.
std::string_view trim(std::string_view text);

/// Whether no continuation of a broken line looks like that: a stamp, "subject=", "{ADV_CLASS", ...
bool starts_message(std::string_view line);

/// "subject=" stands in the text before any brace.
bool has_subject(std::string_view text);

/// The head of a message whose body may follow on the next line.
bool awaits_body(std::string_view text);

/// A stamp and at most a part of ": subject=".
bool is_cut_stamp(std::string_view text);

/// Position of the message's opening brace; nothing if there is none (yet).
std::optional<std::size_t> body_of(std::string_view text);

/// "_RV.INFO..." of "...subject=_RV.INFO..., message=" or of "_RV.INFO... = "; else empty.
std::string_view subject_of_head(std::string_view head);

/// The UTC stamp in parentheses, else the one that begins the line, read as UTC.
std::optional<timestamp> stamp_of(std::string_view head);

/// Appends a line that continues `text`. A mail breaks lines at blanks, a terminal anywhere: a
/// blank is put in only where there was one or two words meet that cannot be one.
void join_line(std::string& text, std::string_view line, bool blank);

} // namespace tocsin

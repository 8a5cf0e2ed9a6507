// Reads the texts of time intervals and matchers, and says what is wrong with them.
#include "config/interval_text.hpp"

#include <array>
#include <charconv>

#include "core/limits.hpp"
#include "core/matcher.hpp"

namespace tocsin {

namespace {

using keys::complaint;
using keys::quote;

constexpr std::array<std::string_view, 7> weekday_names{
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> month_names{
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

std::optional<int> number(std::string_view text, int least, int most) {
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return std::nullopt;
  return value;
}

template <std::size_t N>
std::optional<int> name_of(std::string_view text, const std::array<std::string_view, N>& names) {
  std::string lower;
  for (char c : text.substr(0, 16))
    lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (std::size_t i = 0; i < N; ++i)
    if (lower == names[i]) return static_cast<int>(i);
  return std::nullopt;
}

/// "a:b" or "a"; `read` reads one end.
template <class Read>
std::optional<int_range> range(std::string_view text, Read read) {
  const std::size_t colon = text.find(':');
  const auto first = read(text.substr(0, colon));
  const auto last = colon == text.npos ? first : read(text.substr(colon + 1));
  if (!first || !last) return std::nullopt;
  return int_range{*first, *last};
}

/// A range that goes round the end is two.
std::vector<int_range> round(std::optional<int_range> r, int least, int most) {
  if (!r) return {};
  if (r->first <= r->last) return {*r};
  return {{r->first, most}, {least, r->last}};
}

std::optional<complaint> none(std::string_view text, std::string what, std::string remedy) {
  return complaint{quote(text) + " is " + std::move(what), std::move(remedy)};
}

template <std::size_t N>
std::optional<complaint> unless(bool good, std::string_view text, const char* what,
                                const char* example, const std::array<std::string_view, N>& names) {
  if (good) return std::nullopt;
  for (std::string_view part : {text.substr(0, text.find(':')), text.substr(text.find(':') + 1)})
    if (!name_of(part, names))
      if (const auto near = keys::nearest(part, {names.begin(), names.end()}))
        return none(text, what, "did you mean '" + *near + "'?");
  return none(text, what, example);
}

} // namespace

std::optional<int> read_time_of_day(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos || colon == 0 || colon > 2 || text.size() != colon + 3 || text[0] == '-' ||
      text[colon + 1] == '-')
    return std::nullopt;
  const auto hours = number(text.substr(0, colon), 0, 24),
             minutes = number(text.substr(colon + 1), 0, 59);
  if (!hours || !minutes || (*hours == 24 && *minutes != 0)) return std::nullopt;
  return *hours * 60 + *minutes;
}

std::vector<int_range> read_weekdays(std::string_view text) {
  return round(range(text, [](std::string_view t) { return name_of(t, weekday_names); }), 0, 6);
}

std::vector<int_range> read_days_of_month(std::string_view text) {
  const auto r = range(text, [](std::string_view t) { return number(t, -31, 31); });
  if (!r || r->first == 0 || r->last == 0) return {};
  // From the end to the beginning, or backwards, holds on no day.
  const bool backwards = (r->first < 0) == (r->last < 0) ? r->first > r->last : r->first < 0;
  return backwards ? std::vector<int_range>{} : std::vector<int_range>{*r};
}

std::vector<int_range> read_months(std::string_view text) {
  const auto one = [](std::string_view t) -> std::optional<int> {
    if (const auto i = name_of(t, month_names)) return *i + 1;
    return number(t, 1, 12);
  };
  return round(range(text, one), 1, 12);
}

std::vector<int_range> read_years(std::string_view text) {
  const auto r = range(text, [](std::string_view t) { return number(t, 1970, 2262); });
  return r && r->first <= r->last ? std::vector<int_range>{*r} : std::vector<int_range>{};
}

namespace forms {

std::optional<complaint> time_of_day(std::string_view text) {
  if (read_time_of_day(text)) return std::nullopt;
  return none(text, "no time of day", "write for example '09:00', 00:00 to 24:00");
}

std::optional<complaint> weekdays(std::string_view text) {
  return unless(!read_weekdays(text).empty(), text, "no weekday or range of weekdays",
                "write for example 'saturday' or 'monday:friday'", weekday_names);
}

std::optional<complaint> days_of_month(std::string_view text) {
  if (!read_days_of_month(text).empty()) return std::nullopt;
  return none(
      text, "no day of a month or range of days",
      "write for example '15', '1:5' or '-3:-1', which counts from the month's end; the first day "
      "comes first");
}

std::optional<complaint> months(std::string_view text) {
  return unless(!read_months(text).empty(), text, "no month or range of months",
                "write for example 'may', '5' or 'january:march'", month_names);
}

std::optional<complaint> years(std::string_view text) {
  if (!read_years(text).empty()) return std::nullopt;
  return none(text, "no year or range of years", "write for example '2026' or '2026:2028'");
}

std::optional<complaint> zone_name(std::string_view text) {
  bool good = !text.empty() && text.size() <= 64 && text.front() != '/' && text.back() != '/';
  for (char c : text)
    good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-' || c == '+' || c == '/');
  if (good) return std::nullopt;
  return none(text, "no name of a time zone", "write for example 'Europe/Berlin' or 'UTC'");
}

std::optional<complaint> matchers(std::string_view text) {
  const auto all = parse_matchers(text);
  if (all && !all->empty()) return std::nullopt;
  return complaint{all ? "the matcher is empty" : "no matcher: " + all.error().text,
                   "write for example 'severity=\"critical\"' or 'host=~\"10\\.1\\..*\"'"};
}

std::optional<complaint> label_name(std::string_view text) {
  if (is_label_name(text)) return std::nullopt;
  return none(text, "no name of a label", "write for example 'host'");
}

std::optional<complaint> group_label(std::string_view text) {
  if (text == "..." || is_label_name(text)) return std::nullopt;
  return none(text, "no name of a label",
              "write for example 'host', or '...' for every incident by itself");
}

} // namespace forms

} // namespace tocsin

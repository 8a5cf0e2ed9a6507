// Text that leaves the process: made valid UTF-8, free of control characters, bounded.
#include "io/text.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace tocsin {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

/// C1 controls and the line and paragraph separators act like control characters in some readers.
bool is_control(std::string_view character) {
  if (character.size() == 1) return is_control(static_cast<unsigned char>(character[0]));
  if (character.size() == 2)
    return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
  return character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9";
}

} // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned low = 0x80, high = 0xBF; // bounds of the second byte: no overlong form, no surrogate
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  return length;
}

std::string one_line(std::string_view text, std::size_t bytes_max) {
  constexpr std::string_view ellipsis = "…";
  std::string out;
  std::size_t cut = 0; // where the ellipsis fits
  bool blank = false;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    std::string_view character = length ? text.substr(0, length) : replacement;
    text.remove_prefix(length ? length : 1);
    const bool control = is_control(character);
    if (control && blank) continue;
    blank = control;
    if (control) character = " ";
    if (out.size() + character.size() > bytes_max) {
      out.resize(cut);
      if (bytes_max >= ellipsis.size()) out += ellipsis;
      return out;
    }
    out += character;
    if (out.size() + ellipsis.size() <= bytes_max) cut = out.size();
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string plain_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = length ? text.substr(0, length) : replacement;
    text.remove_prefix(length ? length : 1);
    if (character == "\n" || character == "\t" || !is_control(character))
      out += character;
    else if (character != "\r")
      out += ' ';
  }
  return out;
}

std::string hex_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  std::string out(16, '0');
  for (std::size_t i = 16; i-- > 0; hash >>= 4) out[i] = "0123456789abcdef"[hash & 15];
  return out;
}

std::string internet_date(timestamp t, std::string_view zone) {
  // Not strftime: names of days and months must not depend on the locale.
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  using namespace std::chrono;
  const auto since = floor<seconds>(t.time_since_epoch());
  const auto day = floor<std::chrono::days>(since);
  const sys_days date{day};
  const year_month_day ymd{date};
  const hh_mm_ss time{since - day};
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d ",
                days[weekday{date}.c_encoding()], static_cast<unsigned>(ymd.day()),
                months[static_cast<unsigned>(ymd.month()) - 1], static_cast<int>(ymd.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return std::string{text}.append(zone);
}

} // namespace tocsin

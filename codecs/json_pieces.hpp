// The few pieces that JSON lines of equipment are made of.
#pragma once

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "codecs/json_views.hpp"

namespace tocsin::json {

/// The shortest text that reads back the same.
template <class T>
void number(std::string& out, std::string_view key, T value) {
  std::array<char, 32> digits;
  out += key;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

inline void text(std::string& out, std::string_view key, std::string_view value) {
  out += key;
  append_json_string(out, value);
}

/// Thousands of windows share a few times: their texts are kept.
inline void time(std::string& out, std::string_view key, timestamp t) {
  struct entry {
    timestamp t = unset;
    std::string text;
  };
  thread_local std::array<entry, 8> known;
  entry& e = known[static_cast<std::size_t>(to_nanoseconds(t) / 10'000'000'000) % known.size()];
  if (e.t != t) e = {t, to_rfc3339(t)};
  out += key;
  out += '"';
  out += e.text;
  out += '"';
}

/// Divided, not multiplied: 30 s are 30.
inline void seconds(std::string& out, std::string_view key, duration d) { number(out, key, static_cast<double>(d.count()) / 1e9); }

inline void time_or_null(std::string& out, std::string_view key, timestamp t) {
  if (t == unset) (out += key) += "null";
  else time(out, key, t);
}

} // namespace tocsin::json

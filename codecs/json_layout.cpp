#include "codecs/json_layout.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tocsin {

namespace {

constexpr int depth_max = 4;
constexpr std::size_t ops_max = 256;
constexpr std::string_view heartbeat_subject = "_RV.INFO.SYSTEM.HOST.STATUS.";
constexpr std::uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/// Reads digits eight at a time. False: none, or more than an unsigned 64-bit number surely holds.
inline bool read_number(const char*& p, std::uint64_t& value) {
  const char* const first = p;
  value = 0;
  for (;;) {
    std::uint64_t w;
    std::memcpy(&w, p, 8);
    const std::uint64_t x = w ^ 0x3030303030303030ull;
    const std::uint64_t other = (x | (x + 0x7676767676767676ull)) & 0x8080808080808080ull;
    const int n = other ? __builtin_ctzll(other) >> 3 : 8;
    if (n == 0) break;
    w = n == 8 ? x : x << (8 * (8 - n));
    w = w * 10 + (w >> 8);
    w = ((w & 0x000000FF000000FFull) * 0x000F424000000064ull + ((w >> 16) & 0x000000FF000000FFull) * 0x0000271000000001ull) >> 32;
    value = value * powers[n] + static_cast<std::uint32_t>(w);
    p += n;
    if (n < 8) break;
  }
  const auto digits = p - first;
  return digits > 0 && digits <= 19;
}

/// Reads up to the closing quote; `p` is behind it afterwards. False: an escape, a control character, or no end.
inline bool read_text(const char*& p, const char* end, std::string_view& text) {
  const char* const first = p;
  while (p < end && *p != '"') {
    if (*p == '\\' || static_cast<unsigned char>(*p) < 0x20) return false;
    ++p;
  }
  if (p >= end) return false;
  text = {first, static_cast<std::size_t>(p - first)};
  ++p;
  return true;
}

inline bool same(const char* p, const char* literal, std::size_t size) { return std::memcmp(p, literal, size) == 0; }

/// A whole number of units, or seconds with up to six decimals.
inline bool read_unix_time(const char*& p, json_layout::time_unit unit, timestamp& into) {
  const auto scale = static_cast<std::int64_t>(unit);
  std::uint64_t value;
  if (!read_number(p, value) || value > static_cast<std::uint64_t>(INT64_MAX / scale - 1)) return false;
  std::int64_t ns = static_cast<std::int64_t>(value) * scale;
  if (*p == '.') {
    if (unit != json_layout::time_unit::s) return false;
    const char* const first = ++p;
    if (!read_number(p, value) || p - first > 6) return false;
    for (auto n = p - first; n < 9; ++n) value *= 10;
    ns += static_cast<std::int64_t>(value);
  }
  into = from_nanoseconds(ns);
  return true;
}

bool ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void skip_blanks(const char*& p, const char* end, std::string& literal) {
  while (p < end && (*p == ' ' || *p == '\t')) literal += *p++;
}

} // namespace

json_uses::json_uses(const json_mapping& mapping)
    : at_(mapping.at), subject_(mapping.subject), prefix_(mapping.message.empty() ? "" : mapping.message + ".") {
  for (const auto& [rv_name, house_name] : mapping.fields) {
    named_.emplace_back(house_name, field_of(rv_name));
    mapped_away_.push_back(rv_name);
  }
}

json_use json_uses::of(std::string_view path) const {
  if (path == at_) return {json_role::at, advisory_field::none};
  if (!subject_.empty() && path == subject_) return {json_role::subject, advisory_field::none};
  if (!path.starts_with(prefix_)) return {};
  path.remove_prefix(prefix_.size());
  for (const auto& [name, field] : named_)
    if (name == path) return {json_role::field, field};
  if (std::find(mapped_away_.begin(), mapped_away_.end(), path) != mapped_away_.end()) return {};
  const advisory_field f = field_of(path);
  return f == advisory_field::none ? json_use{} : json_use{json_role::field, f};
}

bool json_layout::add(std::string_view literal, action what, std::uint8_t index) {
  if (ops_.size() >= ops_max || literals_.size() + literal.size() > 60'000) return false;
  ops_.push_back({static_cast<std::uint16_t>(literals_.size()), static_cast<std::uint16_t>(literal.size()), what, index});
  literals_ += literal;
  return true;
}

bool json_layout::learn(std::string_view line, const json_uses& uses) {
  *this = {};
  const char* p = line.data();
  const char* const end = p + line.size();
  std::string path, literal;
  skip_blanks(p, end, literal);
  if (p >= end || *p != '{' || !learn_object(p, end, path, literal, uses, 0)) return false;
  skip_blanks(p, end, literal);
  if (p != end || !has_host_) return false;
  tail_size_ = static_cast<std::uint16_t>(literal.size());
  literals_ += literal;
  return true;
}

bool json_layout::learn_object(const char*& p, const char* end, std::string& path, std::string& literal,
                               const json_uses& uses, int depth) {
  if (depth > depth_max) return false;
  literal += *p++; // '{'
  skip_blanks(p, end, literal);
  if (p < end && *p == '}') {
    literal += *p++;
    return true;
  }
  for (;;) {
    if (p >= end || *p != '"') return false;
    const char* key_at = ++p;
    std::string_view key;
    if (!read_text(p, end, key)) return false;
    literal.append(key_at - 1, p);
    skip_blanks(p, end, literal);
    if (p >= end || *p != ':') return false;
    literal += *p++;
    skip_blanks(p, end, literal);
    if (p >= end) return false;
    const std::size_t before = path.size();
    if (!path.empty()) path += '.';
    path += key;
    const bool good = *p == '{' ? learn_object(p, end, path, literal, uses, depth + 1) : learn_value(p, end, path, literal, uses);
    path.resize(before);
    if (!good) return false;
    skip_blanks(p, end, literal);
    if (p >= end || (*p != ',' && *p != '}')) return false;
    literal += *p;
    if (*p++ == '}') return true;
    skip_blanks(p, end, literal);
  }
}

bool json_layout::learn_value(const char*& p, const char* end, const std::string& path, std::string& literal, const json_uses& uses) {
  const json_use use = uses.of(path);
  const bool is_field = use.role == json_role::field;
  if (*p == '"') {
    literal += *p++;
    std::string_view text;
    if (!read_text(p, end, text)) return false;
    action what = action::skip_text;
    if (use.role == json_role::at) what = action::at_text;
    else if (use.role == json_role::subject) {
      if (!text.starts_with(heartbeat_subject)) return false;
      what = action::subject;
    } else if (is_field) {
      switch (use.field) {
      case advisory_field::hostaddr: what = action::host; has_host_ = !text.empty() && ascii(text); break;
      case advisory_field::service: what = action::service_text; break;
      case advisory_field::network: what = action::network; break;
      case advisory_field::ver: what = action::version; break;
      case advisory_field::time: what = action::time_text; break;
      case advisory_field::host: case advisory_field::scid: break;
      default: return false; // a number as text: the general parser reads it
      }
    }
    const bool added = add(literal, what);
    literal.clear();
    return added;
  }
  const char* const first = p;
  std::uint64_t value;
  const bool whole = read_number(p, value);
  const bool real = p < end && (*p == '.' || *p == 'e' || *p == 'E');
  action what = action::skip_number;
  std::uint8_t index = 0;
  if (is_field && use.field == advisory_field::rli) {
    what = action::reliability;
    double d;
    auto [rest, ec] = std::from_chars(first, end, d);
    if (ec != std::errc{}) return false;
    p = rest;
  } else if (use.role == json_role::at) {
    what = action::at_number;
    double d;
    auto [rest, ec] = std::from_chars(first, end, d);
    if (!whole || ec != std::errc{}) return false;
    p = rest;
  } else if (!whole || real) {
    return false;
  } else if (is_field && use.field <= advisory_field::lost) {
    what = action::counter;
    index = static_cast<std::uint8_t>(use.field);
    if (use.field == advisory_field::lost) what = action::skip_number;
    else present_ |= 1u << index;
  } else if (is_field && use.field == advisory_field::service) {
    what = action::service_number;
  } else if (use.role == json_role::subject || (is_field && use.field != advisory_field::scid && use.field != advisory_field::host)) {
    return false;
  }
  const bool added = add(literal, what, index);
  literal.clear();
  return added;
}

bool json_layout::read(const char* p, const char* end, time_unit unit, record& r) const {
  const char* const literals = literals_.data();
  std::string_view text;
  std::uint64_t value;
  for (const op& o : ops_) {
    // The line is followed by padding, so the comparison may look beyond it, but the value must begin within.
    if (end - p < o.literal_size || !same(p, literals + o.literal_at, o.literal_size)) return false;
    p += o.literal_size;
    switch (o.what) {
    case action::counter:
      if (!read_number(p, r.values[o.index])) return false;
      break;
    case action::skip_number:
      if (!read_number(p, value)) return false;
      break;
    case action::at_number:
      if (!read_unix_time(p, unit, r.at)) return false;
      break;
    case action::service_number: {
      const char* const first = p;
      if (!read_number(p, value) || (*first == '0' && p - first > 1)) return false;
      r.service = {first, static_cast<std::size_t>(p - first)};
      break;
    }
    case action::reliability: {
      double d;
      auto [rest, ec] = std::from_chars(p, end, d);
      if (ec != std::errc{} || !(d >= 0 && d < 1e9)) return false;
      r.reliability_s = static_cast<float>(d);
      p = rest;
      break;
    }
    default: {
      if (!read_text(p, end, text)) return false;
      switch (o.what) {
      case action::host: r.host = text; break;
      case action::service_text: r.service = text; break;
      case action::network: r.network = text; break;
      case action::version: r.version = text; break;
      case action::subject:
        if (!text.starts_with(heartbeat_subject)) return false;
        break;
      case action::at_text: {
        const auto t = parse_rfc3339(text);
        if (!t) return false;
        r.at = *t;
        break;
      }
      case action::time_text: {
        const auto t = parse_rfc3339(text);
        if (!t) return false;
        r.sent_at = *t;
        break;
      }
      default: break;
      }
    }
    }
  }
  if (end - p != tail_size_ || !same(p, literals + literals_.size() - tail_size_, tail_size_)) return false;
  r.present = present_;
  return true;
}

} // namespace tocsin

// Printed Rendezvous messages: strings are not escaped, so what follows a quote decides if it
// closes.
#include "codecs/tibrv_text.hpp"

#include <array>
#include <charconv>

#include "core/limits.hpp"

namespace tocsin {

namespace {

/// RV names are at most 127 bytes; with size and id a field's head stays below this. It also
/// bounds how far ahead a quote looks.
constexpr std::size_t head_bytes_max = 192;
/// The size before a name, "{0}", opens a brace more.
constexpr int depth_max = limits::rv_nesting_max + 2;

enum class answer : unsigned char { yes, no, unknown };

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr auto name_bytes = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0x21; c < 256; ++c) table[c] = c != 0x7f;
  for (const char c : std::string_view{"{}[]()=\",:"}) table[static_cast<unsigned char>(c)] = false;
  return table;
}();
bool is_name(char c) { return name_bytes[static_cast<unsigned char>(c)]; }

/// Skips what `wanted` accepts; false if the text ended first.
template <class Wanted>
bool skip(std::string_view text, std::size_t& at, std::size_t end, Wanted wanted) {
  while (at < end && wanted(text[at])) ++at;
  return at < text.size();
}

answer head_at(std::string_view text, std::size_t at) {
  const std::size_t end = std::min(text.size(), at + head_bytes_max);
  if (at < end && text[at] == '{') {
    if (!skip(text, ++at, end, is_digit)) return answer::unknown;
    if (text[at] != '}' || text[at - 1] == '{') return answer::no;
    ++at;
  }
  const std::size_t name = at;
  if (!skip(text, at, end, is_name)) return answer::unknown;
  if (at == name) return answer::no;
  if (text[at] == '(') {
    if (!skip(text, ++at, end, is_digit)) return answer::unknown;
    if (text[at] != ')') return answer::no;
    if (++at == text.size()) return answer::unknown;
  }
  return text[at] == '=' ? answer::yes : answer::no;
}

bool is_gap(char c) { return c == ' ' || c == '\t' || c == ','; }

/// Whether the quote before `text[at]` is the end of its string.
answer quote_closes(std::string_view text, std::size_t at) {
  const std::size_t from = at, end = std::min(text.size(), at + head_bytes_max);
  bool comma = false;
  for (; at < end && is_gap(text[at]); ++at) comma |= text[at] == ',';
  if (at == text.size()) return answer::unknown;
  const char c = text[at];
  if (!comma && (c == '}' || c == ']')) return answer::yes;
  if (at == from) return answer::no;
  if (c == '"') return comma ? answer::yes : answer::no; // the next element of an array
  return head_at(text, at);
}

/// Moves behind the quote that closes the string whose content begins at `at`.
answer skip_string(std::string_view text, std::size_t& at) {
  for (;;) {
    const std::size_t quote = text.find('"', at);
    if (quote == std::string_view::npos) {
      at = text.size();
      return answer::unknown;
    }
    const answer closes = quote_closes(text, quote + 1);
    if (closes == answer::unknown) { // looked at again when there is more text
      at = quote;
      return closes;
    }
    at = quote + 1;
    if (closes == answer::yes) return closes;
  }
}

text_status skip_array(std::string_view text, std::size_t& at) {
  for (int depth = 0; at < text.size();) {
    const char c = text[at++];
    if (c == '"' && skip_string(text, at) != answer::yes) return text_status::incomplete;
    if (c == '[' && ++depth > depth_max) return text_status::too_deep;
    if (c == ']' && --depth == 0) return text_status::complete;
  }
  return text_status::incomplete;
}

/// A bare value ends before "}" or before a gap and the head of the next field: so a date keeps
/// its space.
text_status skip_bare(std::string_view text, std::size_t& at) {
  for (; at < text.size(); ++at) {
    if (text[at] == '}') return text_status::complete;
    if (!is_gap(text[at])) continue;
    std::size_t next = at;
    if (!skip(text, next, text.size(), is_gap)) return text_status::incomplete;
    if (text[next] == '}' || head_at(text, next) == answer::yes) return text_status::complete;
    at = next - 1;
  }
  return text_status::incomplete;
}

text_status scan_value(std::string_view text, std::size_t& at, text_field& f) {
  if (at == text.size()) return text_status::incomplete;
  std::size_t from = at;
  text_status status = text_status::complete;
  switch (text[at]) {
  case '"':
    from = ++at;
    f.form = text_form::quoted;
    if (skip_string(text, at) != answer::yes) return text_status::incomplete;
    f.value = text.substr(from, at - 1 - from);
    return status;
  case '{': {
    f.form = text_form::message;
    brace_scanner braces{at};
    status = braces.scan(text);
    at = braces.end();
    break;
  }
  case '[':
    f.form = text_form::array;
    status = skip_array(text, at);
    break;
  default:
    f.form = text_form::bare;
    status = skip_bare(text, at);
  }
  f.value = text.substr(from, at - from);
  return status;
}

/// "name=", "name(id)=" or "{size}name(id)="; leaves `at` behind the "=".
text_status scan_head(std::string_view text, std::size_t& at, text_field& f) {
  const std::size_t end = std::min(text.size(), at + head_bytes_max);
  if (text[at] == '{') {
    if (!skip(text, ++at, end, is_digit)) return text_status::incomplete;
    if (text[at] != '}') return text_status::malformed;
    ++at;
  }
  const std::size_t name = at;
  if (!skip(text, at, end, is_name)) return text_status::incomplete;
  f.name = text.substr(name, at - name);
  if (text[at] == '(') {
    if (!skip(text, ++at, end, is_digit)) return text_status::incomplete;
    if (text[at] != ')') return text_status::malformed;
    if (++at == text.size()) return text_status::incomplete;
  }
  if (text[at] != '=') return text_status::malformed;
  ++at;
  return text_status::complete;
}

bool is_dotted(std::string_view text, std::uint32_t& address) {
  address = 0;
  const char *at = text.data(), *const end = at + text.size();
  for (int i = 0; i < 4; ++i) {
    unsigned octet = 0;
    if (i && (at == end || *at++ != '.')) return false;
    const auto [next, ec] = std::from_chars(at, end, octet);
    if (ec != std::errc{} || octet > 255) return false;
    address = address << 8 | octet;
    at = next;
  }
  return at == end;
}

bool is_date(std::string_view text) {
  return text.size() >= 10 && is_digit(text[0]) && text[4] == '-' && text[7] == '-';
}

void feed_bare(advisory_field id, std::string_view value, advisory_builder& builder) {
  const char *const begin = value.data(), *const end = begin + value.size();
  std::uint64_t whole = 0;
  const auto read = std::from_chars(begin, end, whole);
  if (read.ptr == end && read.ec == std::errc{}) return builder.number(id, whole);
  if (read.ptr == end && read.ec == std::errc::result_out_of_range)
    return builder.wrong(id, "is beyond 64 bits");
  if (is_date(value)) {
    const auto time = parse_rfc3339(value);
    return time ? builder.time(id, *time) : builder.wrong(id, "is not a date and time");
  }
  std::uint32_t address = 0;
  if (is_dotted(value, address)) return builder.address(id, address);
  std::int64_t negative = 0;
  if (const auto r = std::from_chars(begin, end, negative); r.ptr == end && r.ec == std::errc{})
    return builder.negative(id, negative);
  double real = 0;
  if (const auto r = std::from_chars(begin, end, real); r.ptr == end && r.ec == std::errc{})
    return builder.real(id, real);
  builder.text(id, value);
}

} // namespace

bool field_begins(std::string_view text, std::size_t from) {
  return head_at(text, from) == answer::yes;
}

text_status brace_scanner::scan(std::string_view text) {
  while (at_ < text.size()) {
    if (in_string_) {
      if (skip_string(text, at_) != answer::yes) return text_status::incomplete;
      in_string_ = false;
      continue;
    }
    at_ = std::min(text.find_first_of("\"{}", at_), text.size());
    if (at_ == text.size()) break;
    const char c = text[at_++];
    if (c == '"') in_string_ = true;
    if (c == '{' && ++depth_ > depth_max) return text_status::too_deep;
    if (c == '}' && --depth_ == 0) return text_status::complete;
  }
  return text_status::incomplete;
}

text_status scan_fields(std::string_view text, std::vector<text_field>& fields, std::size_t& end) {
  fields.clear();
  for (end = 1;;) {
    if (!skip(text, end, text.size(), is_gap)) return text_status::incomplete;
    if (text[end] == '}') {
      ++end;
      return text_status::complete;
    }
    if (fields.size() == limits::rv_fields_max) return text_status::too_many;
    text_field f;
    if (const auto head = scan_head(text, end, f); head != text_status::complete) return head;
    if (const auto value = scan_value(text, end, f); value != text_status::complete) return value;
    fields.push_back(f);
  }
}

void feed_text_field(const text_field& f, advisory_builder& builder) {
  const advisory_field id = field_of(f.name);
  if (id == advisory_field::none) return;
  switch (f.form) {
  case text_form::quoted:
    return builder.text(id, f.value);
  case text_form::bare:
    return feed_bare(id, f.value, builder);
  case text_form::message:
    return builder.wrong(id, "is a message");
  case text_form::array:
    return builder.wrong(id, "is an array or opaque bytes");
  }
}

} // namespace tocsin

// Recognizes the programs' line forms; nothing here looks inside a message.
#include "codecs/tibrv_lines.hpp"

#include "codecs/tibrv_text.hpp"

namespace tocsin {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view blanks = " \t\r\n";
constexpr std::size_t stamp_bytes = 19; ///< 2025-10-15 01:38:54

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `pattern`: 0 stands for any digit.
bool looks_like(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (pattern[i] == '0' ? !is_digit(text[i]) : text[i] != pattern[i]) return false;
  return true;
}

bool is_stamp(std::string_view text) { return looks_like(text, "0000-00-00 00:00:00"); }

/// Bytes of a stamp with its decimals and "Z", if any.
std::size_t stamp_size(std::string_view text) {
  std::size_t n = stamp_bytes;
  if (n < text.size() && text[n] == '.')
    for (++n; n < text.size() && is_digit(text[n]);) ++n;
  return n < text.size() && text[n] == 'Z' ? n + 1 : n;
}

std::string_view without_bracket(std::string_view line) {
  if (line.starts_with('[')) line.remove_prefix(1);
  return line;
}

/// The last word of `text`, looked for in its last few bytes.
std::string_view last_word(std::string_view text) {
  if (text.size() > 256) text.remove_prefix(text.size() - 256);
  const std::size_t gap = text.find_last_of(" {,");
  return gap == npos ? text : text.substr(gap + 1);
}

bool blank_between(std::string_view text, std::string_view line) {
  const char last = text.back();
  const std::string_view word = last_word(text);
  if (word.ends_with('=')) return false;
  if (looks_like(word, "00:00:00") || last == '"' || last == '}' || last == ']' || last == ',' ||
      word.find('=') != npos) {
    if (field_begins(line, 0)) return true;
    const std::size_t value = word.find('=');
    return value != npos && looks_like(line, "00:") && word.size() == value + 11 &&
           looks_like(word.substr(value + 1), "0000-00-00");
  }
  return false;
}

} // namespace

std::string_view trim(std::string_view text) {
  const std::size_t from = text.find_first_not_of(blanks);
  if (from == npos) return {};
  return text.substr(from, text.find_last_not_of(blanks) + 1 - from);
}

bool starts_message(std::string_view line) {
  if (line.empty()) return false;
  switch (line.front()) {
  case '{':
    return line.starts_with("{ADV_CLASS") || looks_like(line, "{{0}ADV_CLASS");
  case 's':
    return line.starts_with("subject=");
  case '_':
    return line.starts_with("_RV.") && line.substr(0, line.find('{')).ends_with("= ");
  case 't':
    return line.starts_with("tibrvlisten:");
  default:
    return is_stamp(without_bracket(line));
  }
}

bool has_subject(std::string_view text) {
  return text.substr(0, text.find('{')).find("subject=") != npos;
}

bool awaits_body(std::string_view text) {
  if (has_subject(text)) {
    const std::size_t message = text.find(", message=");
    return message == npos || message + 10 == text.size();
  }
  if (text.find("TIB/Rendezvous") != npos && text.ends_with(':')) return true;
  if (text.starts_with("_RV.") && text.ends_with('=')) return true;
  return is_cut_stamp(text);
}

bool is_cut_stamp(std::string_view text) {
  text = without_bracket(text);
  if (!is_stamp(text)) return false;
  std::string_view rest = trim(text.substr(stamp_size(text)));
  if (rest.starts_with('(')) {
    const std::size_t close = rest.find(')');
    if (close == npos) return rest.size() < 32;
    rest.remove_prefix(close + 1);
  } else if (rest.starts_with(']')) {
    rest.remove_prefix(1);
  }
  return rest.starts_with(':') && std::string_view{": subject="}.starts_with(rest);
}

std::optional<std::size_t> body_of(std::string_view text) {
  std::size_t at = text.find('{');
  if (const std::size_t subject = text.substr(0, at).find("subject="); subject != npos) {
    // A subject may hold a brace itself.
    at = text.find("message=", subject);
    if (at == npos) return {};
    at = text.find_first_not_of(' ', at + 8);
    if (at != npos && text[at] != '{') return {};
  }
  if (at == npos) return {};
  return at;
}

std::string_view subject_of_head(std::string_view head) {
  if (const std::size_t from = head.find("subject="); from != npos) {
    const std::string_view rest = head.substr(from + 8);
    return rest.substr(0, rest.find(", "));
  }
  head = trim(head);
  if (!head.ends_with('=')) return {};
  head = trim(head.substr(0, head.size() - 1));
  head = head.substr(head.find_last_of(' ') + 1);
  return head.starts_with("_RV.") ? head : std::string_view{};
}

std::optional<timestamp> stamp_of(std::string_view head) {
  head = without_bracket(trim(head));
  if (!is_stamp(head)) return {};
  const std::size_t local = stamp_size(head);
  if (head.substr(local).starts_with(" (")) {
    const std::string_view gmt = head.substr(local + 2);
    if (is_stamp(gmt))
      if (const auto t = parse_rfc3339(gmt.substr(0, stamp_size(gmt)))) return *t;
  }
  if (const auto t = parse_rfc3339(head.substr(0, local))) return *t;
  return {};
}

void join_line(std::string& text, std::string_view line, bool blank) {
  if (!text.empty() && !text.ends_with('=') && (blank || blank_between(text, line))) text += ' ';
  text += line;
}

} // namespace tocsin

// Matchers and their text; the only place that knows RE2.
#include "core/matcher.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/limits.hpp"

namespace tocsin {

struct matcher::expression {
  explicit expression(const std::string& pattern) : compiled(pattern, options()) {}
  static re2::RE2::Options options() {
    re2::RE2::Options o;
    o.set_log_errors(false);
    o.set_dot_nl(true);
    o.set_max_mem(static_cast<std::int64_t>(limits::expression_bytes_max));
    return o;
  }
  re2::RE2 compiled;
};

namespace {

constexpr std::array<std::string_view, 4> signs{"=", "!=", "=~", "!~"};

bool is_regex(matcher::comparison how) {
  return how == matcher::comparison::regex || how == matcher::comparison::not_regex;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_name_character(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && ((c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-'));
}

std::string shown(std::string_view text) {
  std::string out = "'";
  for (char c : text.substr(0, 64)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte >= 0x7f ? '?' : c;
  }
  return out + (text.size() > 64 ? "...'" : "'");
}

/// Well formed and without NUL: it stands in JSON, in a database and on terminals.
bool is_clean_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80   ? 0
                             : lead < 0xc2 ? 9
                             : lead < 0xe0 ? 1
                             : lead < 0xf0 ? 2
                             : lead < 0xf5 ? 3
                                           : 9;
    if (lead == 0 || more > 3 || i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    if (more > 1) { // overlong forms, surrogates, beyond U+10FFFF
      const auto second = static_cast<unsigned char>(text[i + 1]);
      if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
          (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
        return false;
    }
    i += more + 1;
  }
  return true;
}

} // namespace

bool is_label_name(std::string_view name) {
  if (name.empty() || name.size() > limits::label_name_bytes_max) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (!is_name_character(name[i], i == 0)) return false;
  return true;
}

result<matcher> matcher::make(std::string name, comparison how, std::string value) {
  if (!is_label_name(name))
    return fail(errc::malformed, shown(name) + " is no label name; use letters, digits, '_', '.', "
                                               "':' and '-', a letter or '_' first");
  if (value.size() > limits::matcher_bytes_max)
    return fail(errc::too_large, "the value for " + name + " has more than " +
                                     std::to_string(limits::matcher_bytes_max) + " bytes");
  if (!is_clean_utf8(value))
    return fail(errc::malformed, "the value for " + name + " is no UTF-8 text");
  matcher out;
  if (is_regex(how)) {
    auto e = std::make_shared<const expression>(value);
    if (!e->compiled.ok()) {
      std::string text = "regular expression for " + name + ": " + e->compiled.error();
      const std::string& part = e->compiled.error_arg();
      if (const auto at = value.find(part); !part.empty() && at != value.npos)
        text += " at character " + std::to_string(at + 1) + " of " + shown(value);
      else
        text += " in " + shown(value);
      return fail(errc::malformed, std::move(text));
    }
    out.expression_ = std::move(e);
  }
  out.name_ = std::move(name);
  out.value_ = std::move(value);
  out.how_ = how;
  return out;
}

bool matcher::matches(const label_set& labels) const {
  return matches_value(value_of(labels, name_));
}

bool matcher::matches_value(std::string_view value) const {
  const bool unlike = how_ == comparison::not_equal || how_ == comparison::not_regex;
  if (!expression_) return (value == value_) != unlike;
  return re2::RE2::FullMatch({value.data(), value.size()}, expression_->compiled) != unlike;
}

std::string matcher::text() const {
  std::string out = name_ + std::string{signs[static_cast<std::size_t>(how_)]} + '"';
  for (char c : value_) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out + '"';
}

namespace {

/// Reads matchers from left to right; places count characters from 1.
class matcher_reader {
public:
  explicit matcher_reader(std::string_view text) : text_(text) {}

  /// `alone`: the text is one matcher, so that commas belong to a value without quotes.
  result<matcher> one(bool alone) {
    skip_spaces();
    const std::size_t start = at_;
    while (at_ < text_.size() && is_name_character(text_[at_], at_ == start)) ++at_;
    const std::string_view name = text_.substr(start, at_ - start);
    if (name.empty()) return wrong("a label name is missing");
    skip_spaces();
    const auto how = sign();
    if (!how) return wrong("one of = != =~ !~ is missing after " + shown(name));
    skip_spaces();
    const bool in_quotes = at_ < text_.size() && text_[at_] == '"';
    auto value = in_quotes ? quoted() : bare(alone);
    if (!value) return tl::make_unexpected(value.error());
    skip_spaces();
    return matcher::make(std::string{name}, *how, std::move(*value));
  }

  result<std::vector<matcher>> list() {
    std::vector<matcher> out;
    const bool braces = take('{');
    while (!at_end() && !(braces && peek('}'))) {
      if (out.size() >= limits::matchers_max)
        return fail(errc::too_large,
                    "more than " + std::to_string(limits::matchers_max) + " matchers");
      auto m = one(false);
      if (!m) return tl::make_unexpected(m.error());
      out.push_back(std::move(*m));
      if (!take(',') && !at_end() && !(braces && peek('}'))) return wrong("a comma is missing");
    }
    if (braces && !take('}')) return wrong("the closing } is missing");
    if (!at_end()) return wrong("nothing may follow the closing }");
    return out;
  }

  bool at_end() {
    skip_spaces();
    return at_ >= text_.size();
  }
  tl::unexpected<error> wrong(std::string text) const {
    return fail(errc::malformed,
                text + " at character " + std::to_string(at_ + 1) + " of " + shown(text_));
  }

private:
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool peek(char c) {
    skip_spaces();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool take(char c) {
    if (!peek(c)) return false;
    ++at_;
    return true;
  }

  std::optional<matcher::comparison> sign() {
    std::optional<matcher::comparison> found; // the longest sign wins: =~ over =
    for (std::size_t i = 0; i < signs.size(); ++i)
      if (text_.substr(at_).starts_with(signs[i])) found = static_cast<matcher::comparison>(i);
    if (found) at_ += signs[static_cast<std::size_t>(*found)].size();
    return found;
  }

  result<std::string> quoted() {
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return out;
      }
      // As Alertmanager: \" \\ and \n mean one character, every other backslash stays.
      if (c == '\\' && at_ + 1 < text_.size()) {
        const char next = text_[at_ + 1];
        if (next == '"' || next == '\\' || next == 'n') {
          out += next == 'n' ? '\n' : next;
          ++at_;
          continue;
        }
      }
      out += c;
    }
    return wrong("the closing quote is missing");
  }

  result<std::string> bare(bool alone) {
    const std::size_t start = at_;
    while (at_ < text_.size() && (alone || (text_[at_] != ',' && text_[at_] != '}'))) {
      if (text_[at_] == '"')
        return wrong("a quote in the middle of a value; put the value in quotes");
      ++at_;
    }
    std::string_view value = text_.substr(start, at_ - start);
    while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
    return std::string{value};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

tl::unexpected<error> too_long(std::size_t most) {
  return fail(errc::too_large, "longer than " + std::to_string(most) + " bytes");
}

} // namespace

result<matcher> parse_matcher(std::string_view text) {
  // Escaped, a value may take twice its bytes.
  if (text.size() > 2 * limits::matcher_bytes_max + 256)
    return too_long(2 * limits::matcher_bytes_max + 256);
  matcher_reader reader{text};
  auto out = reader.one(true);
  if (out && !reader.at_end()) return reader.wrong("nothing may follow the closing quote");
  return out;
}

result<std::vector<matcher>> parse_matchers(std::string_view text) {
  constexpr std::size_t most = limits::matchers_max * limits::matcher_bytes_max;
  if (text.size() > most) return too_long(most);
  return matcher_reader{text}.list();
}

bool match_all(const std::vector<matcher>& all, const label_set& labels) {
  return std::all_of(all.begin(), all.end(), [&](const matcher& m) { return m.matches(labels); });
}

} // namespace tocsin

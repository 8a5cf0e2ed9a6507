// How keys get into the table, and how values get in and out of a key.
#include "config/table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/limits.hpp"

namespace tocsin::keys {

key& section::text(std::string_view name, std::string& to, std::string_view doc, text_check check) {
  return add(name, doc, text_value{&to, check});
}
key& section::flag(std::string_view name, bool& to, std::string_view doc) {
  return add(name, doc, flag_value{&to});
}
key& section::whole(std::string_view name, std::uint32_t& to, std::uint64_t min, std::uint64_t max,
                    std::string_view doc) {
  return add(name, doc, whole_value{&to, min, max});
}
key& section::whole(std::string_view name, std::uint64_t& to, std::uint64_t min, std::uint64_t max,
                    std::string_view doc) {
  return add(name, doc, whole_value{&to, min, max});
}
key& section::number(std::string_view name, double& to, double min, double max,
                     std::string_view doc) {
  return add(name, doc, number_value{&to, min, max});
}
key& section::span(std::string_view name, duration& to, duration min, duration max,
                   std::string_view doc) {
  return add(name, doc, span_value{&to, min, max});
}
key& section::choice(std::string_view name, std::string& to, std::vector<std::string_view> names,
                     std::string_view doc) {
  auto set = [&to, names](std::size_t i) { to = names[i]; };
  auto get = [&to, names] {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), to) - names.begin());
  };
  return add(name, doc, choice_value{names, set, get});
}
key& section::texts(std::string_view name, std::vector<std::string>& to, std::string_view doc,
                    text_check check) {
  return add(name, doc, texts_value{&to, check});
}
key& section::text_map(std::string_view name, std::vector<std::pair<std::string, std::string>>& to,
                       std::string_view doc) {
  return add(name, doc, text_map_value{&to});
}
key& section::group(std::string_view name, section inner, std::string_view doc) {
  return add(name, doc, std::move(inner));
}

namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

std::string join(const std::vector<std::string_view>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i].empty() ? std::string_view{"\"\""} : names[i];
  }
  return out;
}

std::string wanted(const key& k) { return std::string{type_name(k)} + " from " + range_text(k); }

complaint outside(const std::string& value, const key& k) {
  return {value + " is out of range", "write " + wanted(k)};
}

template <class Number>
bool reads_fully(const std::string& text, Number& value) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc{} && end == text.data() + text.size();
}

std::optional<complaint> assign_whole(const key& k, const whole_value& v, const std::string& text) {
  std::uint64_t value = 0;
  if (!reads_fully(text, value)) {
    const bool digits = !text.empty() && text.find_first_not_of("-0123456789") == text.npos;
    if (digits) return outside(text.substr(0, 32), k);
    return complaint{quote(text) + " is not a whole number", "write " + wanted(k)};
  }
  if (value < v.min || value > v.max) return outside(text, k);
  std::visit([&](auto* to) { *to = static_cast<std::remove_reference_t<decltype(*to)>>(value); },
             v.to);
  return std::nullopt;
}

std::optional<complaint> assign_number(const key& k, const number_value& v,
                                       const std::string& text) {
  double value = 0;
  if (!reads_fully(text, value) || !std::isfinite(value))
    return complaint{quote(text) + " is not a number", "write " + wanted(k)};
  if (value < v.min || value > v.max) return outside(text.substr(0, 32), k);
  *v.to = value;
  return std::nullopt;
}

std::optional<complaint> assign_span(const key& k, const span_value& v, const std::string& text) {
  const auto value = parse_duration(text);
  if (!value) {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789.") == text.npos;
    return complaint{quote(text) + (digits ? " has no unit" : " is not a duration"),
                     digits && text.size() < 10
                         ? "write " + text + "s for seconds; units are ms, s, m, h and d"
                         : "write for example 90s, 1m30s, 500ms, 2h or 7d"};
  }
  if (*value < v.min || *value > v.max) return outside(text.substr(0, 32), k);
  *v.to = *value;
  return std::nullopt;
}

std::optional<complaint> assign_choice(const key& k, const choice_value& v,
                                       const std::string& text) {
  const auto found = std::find(v.names.begin(), v.names.end(), text);
  if (found == v.names.end()) {
    const auto near = nearest(text, {v.names.begin(), v.names.end()});
    return complaint{quote(text) + " is not one of " + range_text(k),
                     near ? "did you mean '" + *near + "'?" : "write " + range_text(k)};
  }
  v.set(static_cast<std::size_t>(found - v.names.begin()));
  return std::nullopt;
}

/// Text in YAML's double quotes; control characters cannot occur.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

} // namespace

std::string plain_number(double value) {
  std::array<char, 400> text; // the longest double in full
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

std::string_view type_name(const key& k) {
  return std::visit(overloaded{[](const text_value&) { return "a text"; },
                               [](const flag_value&) { return "true or false"; },
                               [](const whole_value&) { return "a whole number"; },
                               [](const number_value&) { return "a number"; },
                               [](const span_value&) { return "a duration"; },
                               [](const choice_value&) { return "one of a few words"; },
                               [](const texts_value&) { return "a list of texts"; },
                               [](const text_map_value&) { return "a map of texts"; },
                               [](const section&) { return "a map"; },
                               [](const sections_value&) { return "a list of maps"; }},
                    k.value);
}

std::string range_text(const key& k) {
  return std::visit(
      overloaded{
          [](const whole_value& v) {
            return std::to_string(v.min) + " to " + std::to_string(v.max);
          },
          [](const number_value& v) { return plain_number(v.min) + " to " + plain_number(v.max); },
          [](const span_value& v) { return to_text(v.min) + " to " + to_text(v.max); },
          [](const choice_value& v) { return join(v.names); },
          [](const flag_value&) { return std::string{"true or false"}; },
          [](const auto&) { return std::string{}; }},
      k.value);
}

std::optional<complaint> assign(const key& k, const std::string& scalar, bool plain) {
  if (scalar.size() > limits::config_text_bytes_max)
    return complaint{quote(scalar) + " is longer than " +
                         std::to_string(limits::config_text_bytes_max) + " bytes",
                     "shorten it"};
  const auto* text = std::get_if<text_value>(&k.value);
  for (char c : scalar)
    if (text && text->many_lines && (c == '\n' || c == '\t')) continue;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return complaint{quote(scalar) + " contains a control character", "write it in one line"};
  return std::visit(overloaded{[&](const text_value& v) -> std::optional<complaint> {
                                 if (v.check)
                                   if (auto wrong = v.check(scalar)) return wrong;
                                 *v.to = scalar;
                                 return std::nullopt;
                               },
                               [&](const flag_value& v) -> std::optional<complaint> {
                                 if (!plain || (scalar != "true" && scalar != "false"))
                                   return complaint{quote(scalar) + " is not true or false",
                                                    "write true or false, without quotes"};
                                 *v.to = scalar == "true";
                                 return std::nullopt;
                               },
                               [&](const whole_value& v) { return assign_whole(k, v, scalar); },
                               [&](const number_value& v) { return assign_number(k, v, scalar); },
                               [&](const span_value& v) { return assign_span(k, v, scalar); },
                               [&](const choice_value& v) { return assign_choice(k, v, scalar); },
                               [&](const auto&) -> std::optional<complaint> {
                                 return complaint{quote(scalar) + " is not " +
                                                      std::string{type_name(k)},
                                                  "write " + std::string{type_name(k)}};
                               }},
                    k.value);
}

std::string print(const key& k) {
  return std::visit(
      overloaded{[](const text_value& v) { return in_quotes(*v.to); },
                 [](const flag_value& v) { return std::string{*v.to ? "true" : "false"}; },
                 [](const whole_value& v) {
                   return std::visit([](auto* to) { return std::to_string(*to); }, v.to);
                 },
                 [](const number_value& v) { return plain_number(*v.to); },
                 [](const span_value& v) { return to_text(*v.to); },
                 [](const choice_value& v) {
                   const std::size_t i = v.get();
                   return i < v.names.size() ? std::string{v.names[i]} : std::string{};
                 },
                 [](const texts_value& v) {
                   std::string out = "[";
                   for (const std::string& t : *v.to)
                     out += (out.size() > 1 ? ", " : "") + in_quotes(t);
                   return out + "]";
                 },
                 [](const text_map_value& v) {
                   std::string out = "{";
                   for (const auto& [name, t] : *v.to)
                     out += (out.size() > 1 ? ", " : "") + in_quotes(name) + ": " + in_quotes(t);
                   return out + "}";
                 },
                 [](const section&) { return std::string{}; },
                 [](const sections_value& v) { return std::string{v.size() == 0 ? "[]" : ""}; }},
      k.value);
}

bool is_scalar(const key& k) {
  return !std::holds_alternative<section>(k.value) &&
         !std::holds_alternative<sections_value>(k.value) &&
         !std::holds_alternative<texts_value>(k.value) &&
         !std::holds_alternative<text_map_value>(k.value);
}

std::string quote(std::string_view value) {
  std::string out = "'";
  std::size_t end = std::min<std::size_t>(value.size(), 64);
  // Never cut a UTF-8 character in two.
  while (end < value.size() && end > 0 && (static_cast<unsigned char>(value[end]) & 0xc0) == 0x80)
    --end;
  for (char c : value.substr(0, end))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out + (end < value.size() ? "…'" : "'");
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& names) {
  if (word.size() > 64) return std::nullopt;
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : names) {
    // Optimal string alignment (Damerau-Levenshtein without repeated edits), three rows.
    std::vector<std::size_t> before(name.size() + 1), last(name.size() + 1), row(name.size() + 1);
    for (std::size_t j = 0; j <= name.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      row[0] = i;
      for (std::size_t j = 1; j <= name.size(); ++j) {
        char c = word[i - 1];
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '-') c = '_';
        row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (c == name[j - 1] ? 0 : 1)});
        if (i > 1 && j > 1 && word[i - 1] == name[j - 2] && word[i - 2] == name[j - 1])
          row[j] = std::min(row[j], before[j - 2] + 1);
      }
      std::swap(before, last);
      std::swap(last, row);
    }
    // Cut-off words are meant, however much is missing.
    if (word.size() >= 3 && name.starts_with(word)) last[name.size()] = 1;
    // A word that shares nothing is not near, however short both are.
    if (last[name.size()] < least && last[name.size()] < std::max(word.size(), name.size())) {
      least = last[name.size()];
      best = name;
    }
  }
  return best;
}

} // namespace tocsin::keys

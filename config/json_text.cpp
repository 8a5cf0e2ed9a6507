// Printing of JSON: two spaces, short arrays in one line.
#include "config/json_text.hpp"

namespace tocsin {

json_text json_text::string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c; // the table holds no control characters
  }
  return raw(out + '"');
}

json_text json_text::raw(std::string literal) {
  json_text out;
  out.literal_ = std::move(literal);
  return out;
}

json_text json_text::array(std::vector<json_text> items) {
  json_text out;
  out.kind_ = kind_t::array;
  for (json_text& item : items) out.members_.emplace_back(std::string{}, std::move(item));
  return out;
}

json_text json_text::array_of_strings(const std::vector<std::string_view>& items) {
  std::vector<json_text> out;
  for (std::string_view item : items) out.push_back(string(item));
  return array(std::move(out));
}

json_text json_text::object() {
  json_text out;
  out.kind_ = kind_t::object;
  return out;
}

json_text& json_text::set(std::string_view name, json_text value) {
  members_.emplace_back(std::string{name}, std::move(value));
  return *this;
}

std::string json_text::print(int indent) const {
  if (kind_ == kind_t::literal) return literal_;
  const bool is_object = kind_ == kind_t::object;
  if (members_.empty()) return is_object ? "{}" : "[]";
  bool short_array = !is_object;
  for (const auto& [name, value] : members_)
    short_array = short_array && value.kind_ == kind_t::literal;
  const std::string margin(static_cast<std::size_t>(indent) + 2, ' ');
  std::string out = is_object ? "{" : "[";
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i > 0) out += ',';
    out += short_array ? (i > 0 ? " " : "") : '\n' + margin;
    if (is_object) out += string(members_[i].first).literal_ + ": ";
    out += members_[i].second.print(indent + 2);
  }
  if (!short_array) out += '\n' + std::string(static_cast<std::size_t>(indent), ' ');
  return out + (is_object ? '}' : ']');
}

} // namespace tocsin

// A JSON value that is only built and printed, for the schema.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin {

class json_text {
public:
  static json_text string(std::string_view text);
  static json_text raw(std::string literal); ///< number, true, false or null
  static json_text array(std::vector<json_text> items);
  static json_text array_of_strings(const std::vector<std::string_view>& items);
  static json_text object();

  /// Members keep their order. Only for objects.
  json_text& set(std::string_view name, json_text value);
  bool empty() const { return members_.empty(); }
  std::string print(int indent = 0) const;

private:
  enum class kind_t { literal, array, object };
  kind_t kind_ = kind_t::literal;
  std::string literal_;
  std::vector<std::pair<std::string, json_text>> members_; ///< names empty in an array
};

} // namespace tocsin

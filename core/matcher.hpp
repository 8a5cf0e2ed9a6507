// Matchers over labels as Alertmanager knows them: = != =~ !~; regular expressions are RE2 and match the whole value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/labels.hpp"

namespace tocsin {

class matcher {
public:
  enum class comparison : std::uint8_t { equal, not_equal, regex, not_regex };
  /// Refuses a name that is no label name and a regular expression that RE2 cannot read (errc::malformed, with RE2's
  /// words and the place), a value that is no UTF-8 or holds NUL, and one beyond limits::matcher_bytes_max.
  static result<matcher> make(std::string name, comparison how, std::string value);
  bool matches(const label_set& labels) const;
  bool matches_value(std::string_view value) const; ///< "" = the label is not there
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  comparison how() const { return how_; }
  std::string text() const; ///< severity="critical"; parse_matcher reads it back

private:
  struct expression; ///< keeps RE2 out of the headers
  std::string name_, value_;
  comparison how_ = comparison::equal;
  std::shared_ptr<const expression> expression_;
};

/// A letter or '_', then letters, digits, '_', '.', ':' and '-'; at most limits::label_name_bytes_max.
bool is_label_name(std::string_view name);
/// severity="critical", severity=critical, host=~"10\\.1\\..*"
result<matcher> parse_matcher(std::string_view text);
/// One or several, separated by commas, with or without braces: {a="b", c!~"d|e"}
result<std::vector<matcher>> parse_matchers(std::string_view text);
/// All of them match; true when there is none.
bool match_all(const std::vector<matcher>& all, const label_set& labels);

} // namespace tocsin

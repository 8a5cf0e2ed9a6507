// Templates for what receivers get: Mustache without partials and lambdas. Bounded in size and work.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace tocsin {

/// {{name}}, {{a.b}}, {{{raw}}}, {{#section}}…{{/section}}, {{^inverted}}…{{/inverted}}, {{! comment }}, {{.}}.
/// A section repeats for a list and is there for what is neither false, null, empty nor missing. A line that holds
/// nothing but a section's tag or a comment leaves no empty line.
class text_template {
public:
  enum class escaping { none, html, json }; ///< of {{name}}; json: as within the quotes of a string

  /// Errors name `file` and the line.
  static result<text_template> parse(std::string_view source, const std::string& file, escaping how);
  static result<text_template> load(const std::string& file, escaping how);
  /// Names that `data` does not have give nothing, and are put into `unknown` ("file:line: name") when it is given.
  result<std::string> render(const nlohmann::json& data, std::vector<std::string>* unknown = nullptr) const;

private:
  struct node {
    enum class what { text, value, raw, section, inverted } kind;
    std::string text;    ///< or the name
    std::size_t line = 0;
    std::size_t end = 0; ///< of a section: the node after its last
  };
  struct rendering;
  std::string file_;
  escaping how_ = escaping::none;
  std::vector<node> nodes_;
};

} // namespace tocsin

// The tables of the reference for people, generated from the table of keys.
#include <map>
#include <set>

#include "config/document.hpp"
#include "config/schema.hpp"

namespace tocsin {

namespace {

using keys::key;
using keys::section;

std::string values_cell(const key& k) {
  if (const auto* choice = std::get_if<keys::choice_value>(&k.value)) {
    std::string out;
    for (std::string_view name : choice->names)
      out += (out.empty() ? "`" : ", `") + std::string{name} + '`';
    return out;
  }
  std::string out{keys::type_name(k)};
  const std::string range = keys::range_text(k);
  if (!range.empty() && !std::holds_alternative<keys::flag_value>(k.value)) out += ", " + range;
  if (!k.unit_text.empty()) out += " (" + std::string{k.unit_text} + ')';
  return out;
}

std::string row(const key& k) {
  std::string meaning{k.doc};
  if (!k.kinds.empty()) {
    meaning += " *Only kind ";
    for (std::size_t i = 0; i < k.kinds.size(); ++i)
      meaning += (i > 0 ? " or " : "") + std::string{k.kinds[i]};
    meaning += ".*";
  }
  return "| `" + std::string{k.name} + "` | " + values_cell(k) + " | " +
         (k.is_required ? "required" : '`' + keys::print(k) + '`') + " | " + meaning + " |\n";
}

class reference_writer {
public:
  std::string out;

  void write(const section& s, const std::string& path, std::string_view doc) {
    bool has_values = false;
    for (const key& k : s.keys) has_values = has_values || !is_group(k);
    out += path.empty() ? "### Top of the file\n\n" : "### `" + path + "`\n\n";
    if (!doc.empty()) out += std::string{doc} + "\n\n";
    if (!s.definition.empty() && !told_.insert(s.definition).second) {
      out += "The same keys as `" + first_path(s.definition) + "`.\n\n";
      return;
    }
    if (!s.definition.empty()) first_[std::string{s.definition}] = path;
    if (s.enabled) out += "May be the bare word `off`.\n\n";
    if (has_values) {
      out += "| Key | Value | Default | Meaning |\n|---|---|---|---|\n";
      for (const key& k : s.keys)
        if (!is_group(k)) out += row(k);
      out += '\n';
    }
    for (const key& k : s.keys) write_group(k, path);
  }

private:
  static bool is_group(const key& k) {
    return std::holds_alternative<section>(k.value) ||
           std::holds_alternative<keys::sections_value>(k.value);
  }

  void write_group(const key& k, const std::string& path) {
    const std::string name = (path.empty() ? std::string{} : path + '.') + std::string{k.name};
    std::string doc{k.doc};
    if (!k.kinds.empty())
      doc += (k.is_required ? " Required for kind " : " Only for kind ") + std::string{k.kinds[0]} +
             '.';
    if (const auto* inner = std::get_if<section>(&k.value)) write(*inner, name, doc);
    if (const auto* list = std::get_if<keys::sections_value>(&k.value)) {
      if (list->most > 0) doc += " At most " + std::to_string(list->most) + " entries.";
      write(list->prototype(), name + "[]", doc);
    }
  }

  std::string first_path(std::string_view definition) { return first_[std::string{definition}]; }

  std::set<std::string_view> told_;
  std::map<std::string, std::string> first_;
};

} // namespace

std::string markdown_reference() {
  document d;
  reference_writer writer;
  writer.write(describe(d), {}, {});
  return writer.out;
}

} // namespace tocsin

// Mustache, as far as it is needed.
#include "io/text_template.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "codecs/html.hpp"
#include "codecs/json_views.hpp"
#include "core/limits.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

using nlohmann::json;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  return std::string{text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1)};
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

/// When the tag in [from, to) stands alone in its line: the whole line, with its end.
bool alone_in_line(std::string_view all, std::size_t& from, std::size_t& to) {
  std::size_t begin = from, end = to;
  while (begin > 0 && (all[begin - 1] == ' ' || all[begin - 1] == '\t')) --begin;
  if (begin > 0 && all[begin - 1] != '\n') return false;
  while (end < all.size() && (all[end] == ' ' || all[end] == '\t' || all[end] == '\r')) ++end;
  if (end < all.size() && all[end] != '\n') return false;
  from = begin;
  to = std::min(end + 1, all.size());
  return true;
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return {};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void append_escaped(std::string& out, const std::string& text, text_template::escaping how) {
  if (how == text_template::escaping::none) {
    out += text;
  } else if (how == text_template::escaping::json) {
    std::string quoted;
    append_json_string(quoted, text);
    out.append(quoted, 1, quoted.size() - 2);
  } else {
    out += html_escaped(text);
  }
}

} // namespace

result<text_template> text_template::parse(std::string_view source, const std::string& file, escaping how) {
  text_template out;
  out.file_ = file;
  out.how_ = how;
  std::vector<std::size_t> open;
  std::size_t at = 0, line = 1;
  const auto bad = [&](const std::string& what) { return fail(errc::malformed, file + ":" + std::to_string(line) + ": " + what); };
  const auto add_text = [&](std::size_t to) {
    if (to > at) out.nodes_.push_back({node::what::text, std::string{source.substr(at, to - at)}, line});
  };
  if (source.size() > limits::template_bytes_max) return bad("larger than " + std::to_string(limits::template_bytes_max) + " bytes");
  while (at < source.size()) {
    std::size_t from = source.find("{{", at);
    if (from == source.npos) break;
    const std::size_t begin = at;
    const bool triple = source.substr(from, 3) == "{{{";
    const std::string_view closing = triple ? "}}}" : "}}";
    const std::size_t close = source.find(closing, from);
    line += static_cast<std::size_t>(std::count(source.begin() + static_cast<std::ptrdiff_t>(begin), source.begin() + static_cast<std::ptrdiff_t>(from), '\n'));
    if (close == source.npos) return bad("{{ without }}");
    std::string tag = trimmed(source.substr(from + closing.size(), close - from - closing.size()));
    const std::size_t tag_begin = from;
    std::size_t to = close + closing.size();
    const char sign = triple ? '{' : tag.empty() ? ' ' : tag.front();
    const bool has_sign = !triple && std::string_view{"#^/!&>="}.find(sign) != std::string_view::npos;
    if (has_sign) tag = trimmed(std::string_view{tag}.substr(1));
    if (has_sign && sign != '&') alone_in_line(source, from, to);
    from = std::max(from, begin);
    add_text(from);
    if (sign == '>' || sign == '=') return bad(std::string{"{{"} + sign + ": partials and other delimiters are not supported");
    if (sign != '!' && !is_name(tag)) return bad("'" + one_line(tag, 60) + "' is no name; write for example {{incident.title}}");
    if (sign == '#' || sign == '^') {
      if (open.size() >= limits::template_nesting_max) return bad("sections nested deeper than " + std::to_string(limits::template_nesting_max));
      open.push_back(out.nodes_.size());
      out.nodes_.push_back({sign == '#' ? node::what::section : node::what::inverted, tag, line});
    } else if (sign == '/') {
      if (open.empty() || out.nodes_[open.back()].text != tag)
        return bad("{{/" + one_line(tag, 60) + "}} ends no section" +
                   (open.empty() ? "" : "; open is '" + out.nodes_[open.back()].text + "' of line " + std::to_string(out.nodes_[open.back()].line)));
      out.nodes_[open.back()].end = out.nodes_.size();
      open.pop_back();
    } else if (sign != '!') {
      out.nodes_.push_back({triple || sign == '&' ? node::what::raw : node::what::value, tag, line});
    }
    line += static_cast<std::size_t>(std::count(source.begin() + static_cast<std::ptrdiff_t>(tag_begin), source.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at = to;
  }
  add_text(source.size());
  if (!open.empty()) {
    line = out.nodes_[open.back()].line;
    return bad("section '" + out.nodes_[open.back()].text + "' has no end; write {{/" + out.nodes_[open.back()].text + "}}");
  }
  return out;
}

result<text_template> text_template::load(const std::string& file, escaping how) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in{std::fopen(file.c_str(), "re"), &std::fclose};
  if (!in) return fail(errc::io, file + ": cannot be read");
  std::string source(limits::template_bytes_max + 1, '\0');
  source.resize(std::fread(source.data(), 1, source.size(), in.get()));
  if (std::ferror(in.get()) != 0) return fail(errc::io, file + ": cannot be read");
  return parse(source, file, how);
}

struct text_template::rendering {
  const text_template& what;
  std::vector<std::string>* unknown;
  std::vector<const json*> scopes;
  std::string out;
  std::size_t steps = 0;

  const json* find(const std::string& name) const {
    if (name == ".") return scopes.back();
    const std::string first = name.substr(0, name.find('.'));
    for (auto s = scopes.rbegin(); s != scopes.rend(); ++s) {
      if (!(*s)->is_object() || !(*s)->contains(first)) continue;
      const json* value = &(*s)->at(first);
      for (std::size_t dot = first.size(); dot < name.size();) {
        const std::size_t next = std::min(name.find('.', dot + 1), name.size());
        const std::string part = name.substr(dot + 1, next - dot - 1);
        if (!value->is_object() || !value->contains(part)) return nullptr;
        value = &value->at(part);
        dot = next;
      }
      return value;
    }
    return nullptr;
  }

  static bool holds(const json* v) {
    if (v == nullptr || v->is_null()) return false;
    if (v->is_boolean()) return v->get<bool>();
    if (v->is_string() || v->is_array()) return !(v->is_string() ? v->get_ref<const std::string&>().empty() : v->empty());
    return true;
  }

  bool section(std::size_t i, const json* value) {
    const node& n = what.nodes_[i];
    if (n.kind == node::what::inverted) return holds(value) || range(i + 1, n.end);
    if (!holds(value)) return true;
    const auto once = [&](const json& scope) {
      scopes.push_back(&scope);
      const bool good = range(i + 1, n.end);
      scopes.pop_back();
      return good;
    };
    if (!value->is_array()) return once(*value);
    return std::all_of(value->begin(), value->end(), once);
  }

  /// False: too much.
  bool range(std::size_t i, std::size_t end) {
    while (i < end) {
      const node& n = what.nodes_[i];
      if (++steps > limits::template_steps_max || out.size() > limits::template_output_max) return false;
      if (n.kind == node::what::text) {
        out += n.text;
        ++i;
        continue;
      }
      const json* value = find(n.text);
      if (!value && unknown) unknown->push_back(what.file_ + ":" + std::to_string(n.line) + ": " + n.text);
      if (n.kind == node::what::value || n.kind == node::what::raw) {
        if (value) append_escaped(out, text_of(*value), n.kind == node::what::raw ? escaping::none : what.how_);
        ++i;
      } else {
        if (!section(i, value)) return false;
        i = n.end;
      }
    }
    return out.size() <= limits::template_output_max;
  }
};

result<std::string> text_template::render(const json& data, std::vector<std::string>* unknown) const {
  rendering r{*this, unknown, {&data}, {}};
  if (!r.range(0, nodes_.size()))
    return fail(errc::too_large, file_ + ": gives more than " + std::to_string(limits::template_output_max) + " bytes, or takes too many steps");
  return std::move(r.out);
}

} // namespace tocsin

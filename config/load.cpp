// The binder: walks table and tree together.
#include "config/load.hpp"

#include <algorithm>

namespace tocsin {

using keys::complaint;
using keys::key;
using keys::quote;
using keys::section;
using keys::sections_value;

namespace {

std::string join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string{name} : path + '.' + std::string{name};
}

/// Path without indices: "sources[3].name" -> "sources[].name".
std::string generic(const std::string& path) {
  std::string out;
  bool inside = false;
  for (char c : path) {
    if (c == ']') inside = false;
    if (!inside) out += c;
    if (c == '[') inside = true;
  }
  return out;
}

void collect(const section& s, const std::string& path, std::vector<std::string>& out) {
  for (const key& k : s.keys) {
    const std::string name = join(path, k.name);
    out.push_back(name);
    if (const auto* inner = std::get_if<section>(&k.value)) collect(*inner, name, out);
    const auto* list = std::get_if<sections_value>(&k.value);
    if (!list) continue;
    const section item = list->prototype();
    // Routes hold routes: their keys are those of the section around them.
    if (item.definition.empty() || item.definition != s.definition) collect(item, name + "[]", out);
  }
}

std::string_view what_is(const yaml_node& n) {
  switch (n.kind) {
  case yaml_node::kind_t::null:
    return "nothing";
  case yaml_node::kind_t::list:
    return "a list";
  case yaml_node::kind_t::map:
    return "a map";
  default:
    return "a single value";
  }
}

class binder {
public:
  binder(const environment_list& environment, std::vector<std::string> paths, given_keys& given,
         problem_list& problems)
      : given_(given), problems_(problems), paths_(std::move(paths)) {
    for (const auto& [name, value] : environment)
      if (name.starts_with("TOCSIN_")) environment_.insert_or_assign(name, value);
  }

  void read_root(section& root, const yaml_node* node) {
    if (node && node->kind != yaml_node::kind_t::map) {
      problems_.error(place_of(*node), "the file is not a map of keys",
                      "write for example 'http: {address: 127.0.0.1:8420}'");
      node = nullptr;
    }
    read_section(root, node, {});
    std::vector<std::string> variables;
    for (const std::string& path : scalar_paths_) variables.push_back(variable_of(path));
    for (const auto& [name, value] : environment_) {
      if (used_.contains(name)) continue;
      const auto near = nearest_variable(name, variables);
      problems_.warning({0, 0, name}, "no key belongs to this variable",
                        near ? "did you mean " + *near + "?"
                             : "only single values outside of lists can be set this way");
    }
  }

private:
  static place place_of(const yaml_node& n) { return {n.line, n.column, {}}; }

  static std::optional<std::string> nearest_variable(const std::string& name,
                                                     const std::vector<std::string>& all) {
    std::vector<std::string> lower;
    auto low = [](std::string s) {
      for (char& c : s)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      return s;
    };
    for (const std::string& s : all) lower.push_back(low(s.substr(7)));
    const auto near = keys::nearest(low(name.substr(7)), lower);
    if (!near) return std::nullopt;
    return all[static_cast<std::size_t>(std::find(lower.begin(), lower.end(), *near) -
                                        lower.begin())];
  }

  void read_section(section& s, const yaml_node* node, const std::string& path) {
    if (node && node->kind == yaml_node::kind_t::scalar && s.enabled && take_switch(s, *node))
      node = nullptr;
    if (node && node->kind != yaml_node::kind_t::map && node->kind != yaml_node::kind_t::null) {
      problems_.error(
          place_of(*node), path + " is " + std::string{what_is(*node)} + ", not a map of keys",
          s.enabled ? "write {…}, or off" : "write for example {" + example(s) + ": …}");
      node = nullptr;
    }
    if (node) report_unknown(s, *node, path);
    for (key& k : s.keys) read_key(k, node ? find(*node, k.name) : nullptr, path, node);
  }

  static std::string example(const section& s) { return std::string{s.keys.front().name}; }

  /// `off` or `on` instead of a map. YAML 1.1 tools write false and true for them.
  static bool take_switch(section& s, const yaml_node& node) {
    if (!node.plain) return false;
    const bool off = node.text == "off" || node.text == "false";
    if (!off && node.text != "on" && node.text != "true") return false;
    *s.enabled = !off;
    return true;
  }

  using member = std::pair<yaml_node::name, std::shared_ptr<const yaml_node>>;
  static const member* find(const yaml_node& map, std::string_view name) {
    for (const member& m : map.members)
      if (m.first.text == name) return &m;
    return nullptr;
  }

  void report_unknown(const section& s, const yaml_node& node, const std::string& path) {
    for (const auto& [name, value] : node.members) {
      if (problems_.full()) return;
      const bool known = std::any_of(s.keys.begin(), s.keys.end(),
                                     [&n = name](const key& k) { return k.name == n.text; });
      if (known) continue;
      problems_.error({name.line, name.column, {}},
                      "unknown key " + quote(name.text) +
                          (path.empty() ? std::string{} : " in " + path),
                      remedy_for_unknown(s, name.text, generic(path)));
    }
  }

  std::string remedy_for_unknown(const section& s, const std::string& name,
                                 const std::string& path) const {
    std::vector<std::string> siblings;
    for (const key& k : s.keys) siblings.emplace_back(k.name);
    for (const auto& [secret, instead] : {std::pair{"password", "password_file"},
                                          {"bearer", "bearer_file"},
                                          {"token", "bearer_file"},
                                          {"bearer_token", "bearer_file"}})
      if (name == secret && std::find(siblings.begin(), siblings.end(), instead) != siblings.end())
        return "secrets do not stand in the configuration: write the secret into a file and name "
               "the file in '" +
               std::string{instead} + "'";
    if (name == "<<") return "merge keys are not supported; write the keys out";
    if (const auto near = keys::nearest(name, siblings)) return "did you mean '" + *near + "'?";
    for (const std::string& other : paths_) {
      const std::size_t dot = other.rfind('.');
      const std::string parent = dot == other.npos ? std::string{} : other.substr(0, dot);
      if (other.substr(dot + 1) == name && parent != path)
        return parent.empty() ? "it belongs to the top of the file" : "it belongs under " + parent;
    }
    std::string list;
    for (const std::string& sibling : siblings) list += (list.empty() ? "" : ", ") + sibling;
    return "known here: " + list;
  }

  void read_key(key& k, const member* m, const std::string& path, const yaml_node* around) {
    const std::string name = join(path, k.name);
    const bool single = keys::is_scalar(k) && path.find('[') == path.npos;
    if (single) scalar_paths_.push_back(name);
    const std::string variable = single ? variable_of(name) : std::string{};
    const auto from_environment = single ? environment_.find(variable) : environment_.end();
    const bool overridden = single && from_environment != environment_.end();
    if (!m && !overridden && k.is_required && k.kinds.empty() && around)
      problems_.error(place_of(*around), name + " is missing", "add it: " + std::string{k.doc});
    if (m) {
      const place at{m->first.line, m->first.column, {}};
      const bool none = m->second->kind == yaml_node::kind_t::null;
      given_.entries[name] = {at, none ? at : place_of(*m->second)};
      read_value(k, *m->second, name);
    } else if (auto* inner = std::get_if<section>(&k.value)) {
      read_section(*inner, nullptr, name);
    }
    if (overridden) {
      used_.insert(variable);
      const place at{0, 0, variable};
      given_.entries[name] = {at, at};
      take(k, from_environment->second, true, at, name);
    }
  }

  void read_value(key& k, const yaml_node& node, const std::string& path) {
    if (auto* inner = std::get_if<section>(&k.value)) {
      read_section(*inner, &node, path);
    } else if (auto* list = std::get_if<sections_value>(&k.value)) {
      read_sections(*list, node, path);
    } else if (auto* texts = std::get_if<keys::texts_value>(&k.value)) {
      read_texts(*texts, node, path);
    } else if (auto* map = std::get_if<keys::text_map_value>(&k.value)) {
      read_text_map(*map, node, path);
    } else if (node.kind == yaml_node::kind_t::scalar) {
      take(k, node.text, node.plain, place_of(node), path);
    } else {
      const bool none = node.kind == yaml_node::kind_t::null;
      problems_.error(none ? given_.key_of(path) : place_of(node),
                      path + (none ? " has no value" : " is " + std::string{what_is(node)}),
                      "write " + std::string{keys::type_name(k)} +
                          (none ? ", or remove the key" : ""));
    }
  }

  void take(key& k, const std::string& text, bool plain, const place& at, const std::string& path) {
    auto wrong = keys::assign(k, text, plain);
    if (!wrong) return;
    given_.entries[path].wrong = true;
    problems_.error(at, path + ": " + wrong->text, std::move(wrong->remedy));
  }

  /// False when it is no list; an empty value is an empty list.
  bool expect_list(const yaml_node& node, const std::string& path, std::string_view example) {
    if (node.kind == yaml_node::kind_t::list || node.kind == yaml_node::kind_t::null) return true;
    problems_.error(place_of(node), path + " is " + std::string{what_is(node)} + ", not a list",
                    "write " + std::string{example});
    return false;
  }

  void read_sections(sections_value& list, const yaml_node& node, const std::string& path) {
    if (!expect_list(node, path, "each entry with '- ' in front")) return;
    list.clear();
    if (list.most > 0 && node.items.size() > list.most) {
      problems_.error(place_of(node),
                      path + " has " + std::to_string(node.items.size()) + " entries",
                      "write " + std::to_string(list.most) + " at most");
      return;
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const yaml_node& item = *node.items[i];
      const std::string name = path + '[' + std::to_string(i) + ']';
      // yaml-cpp places a missing value at the next thing it finds: too far away.
      const place at = place_of(item.kind == yaml_node::kind_t::null ? node : item);
      given_.entries[name] = {at, at};
      section s = list.append();
      if (item.kind == yaml_node::kind_t::null)
        problems_.error(at, name + " is empty", "remove the entry or fill it");
      else
        read_section(s, &item, name);
    }
  }

  void read_texts(keys::texts_value& texts, const yaml_node& node, const std::string& path) {
    if (!expect_list(node, path, "[\"…\"], in brackets even for one")) return;
    texts.to->clear();
    for (const auto& item : node.items) {
      std::string text;
      key one{.name = {},
              .doc = {},
              .unit_text = {},
              .kinds = {},
              .is_required = false,
              .value = keys::text_value{&text, texts.check}};
      const std::string name = path + '[' + std::to_string(texts.to->size()) + ']';
      given_.entries[name] = {place_of(*item), place_of(*item)};
      read_value(one, *item, name);
      texts.to->push_back(std::move(text));
    }
    if (texts.to->empty() && !texts.may_be_empty)
      problems_.error(place_of(node), path + " is empty", "give at least one entry");
  }

  void read_text_map(keys::text_map_value& map, const yaml_node& node, const std::string& path) {
    if (node.kind != yaml_node::kind_t::map && node.kind != yaml_node::kind_t::null) {
      problems_.error(place_of(node), path + " is " + std::string{what_is(node)} + ", not a map",
                      "write {name: value}");
      return;
    }
    map.to->clear();
    for (const auto& [name, value] : node.members) {
      std::string label, text;
      key one{.name = {},
              .doc = {},
              .unit_text = {},
              .kinds = {},
              .is_required = false,
              .value = keys::text_value{&label, nullptr}};
      take(one, name.text, false, {name.line, name.column, {}}, path);
      one.value = keys::text_value{&text, nullptr};
      const std::string where = join(path, name.text.substr(0, 64));
      given_.entries[where] = {{name.line, name.column, {}}, place_of(*value)};
      read_value(one, *value, where);
      map.to->emplace_back(std::move(label), std::move(text));
    }
  }

  std::map<std::string, std::string> environment_;
  std::set<std::string> used_;
  std::vector<std::string> scalar_paths_;
  given_keys& given_;
  problem_list& problems_;
  std::vector<std::string> paths_;
};

} // namespace

bool given_keys::is_wrong(const std::string& path) const {
  const auto found = entries.find(path);
  return found != entries.end() && found->second.wrong;
}

place given_keys::of(std::string path) const {
  while (!path.empty()) {
    if (const auto found = entries.find(path); found != entries.end()) return found->second.value;
    const std::size_t end = path.find_last_of(".[");
    path.resize(end == path.npos ? 0 : end);
  }
  return {};
}

place given_keys::key_of(const std::string& path) const {
  const auto found = entries.find(path);
  return found != entries.end() ? found->second.key : of(path);
}

void problem_list::error(const place& at, std::string text, std::string remedy) {
  add(at, true, std::move(text), std::move(remedy));
}
void problem_list::warning(const place& at, std::string text, std::string remedy) {
  add(at, false, std::move(text), std::move(remedy));
}
void problem_list::add(const place& at, bool is_error, std::string text, std::string remedy) {
  std::size_t& kept = is_error ? errors_ : warnings_;
  // What the YAML parser found is in `out_`, too. So many hold errors: none dropped turns them
  // good.
  if (kept >= most || out_.size() >= limits::config_problems_max) return;
  config_problem p{at.variable.empty() ? file_ : at.variable,
                   at.line,
                   at.column,
                   is_error,
                   std::move(text),
                   std::move(remedy)};
  // An alias brings one mistake to several paths: the same place is said once.
  const std::string identity =
      at.line > 0 ? std::to_string(at.line) + ':' + std::to_string(at.column) + p.remedy
                  : to_text(p);
  if (!seen_.insert(identity).second) return;
  ++kept;
  out_.push_back(std::move(p));
}

std::string variable_of(std::string_view path) {
  std::string out = "TOCSIN_";
  for (char c : path) out += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

std::vector<std::string> all_paths() {
  document d;
  std::vector<std::string> out;
  collect(describe(d), {}, out);
  return out;
}

void bind(document& d, const yaml_node* root, const environment_list& environment,
          given_keys& given, problem_list& problems) {
  section table = describe(d);
  binder{environment, all_paths(), given, problems}.read_root(table, root);
}

void bind(section& table, const yaml_node* root, given_keys& given, problem_list& problems) {
  std::vector<std::string> paths;
  collect(table, {}, paths);
  binder{{}, std::move(paths), given, problems}.read_root(table, root);
}

} // namespace tocsin

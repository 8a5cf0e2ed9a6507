// Builds the tree from yaml-cpp's events, so that size, depth and aliases are bounded while
// reading.
#include "config/yaml_tree.hpp"

#include <map>
#include <sstream>
#include <unordered_map>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "config/table.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

/// Stops yaml-cpp from inside an event; never leaves this file.
struct stop {
  config_problem why;
};

class tree_builder : public YAML::EventHandler {
public:
  tree_builder(const std::string& file, std::vector<config_problem>& problems)
      : file_(file), problems_(problems) {}

  std::shared_ptr<yaml_node> root;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root) refuse(mark, "a second document starts here", "write one document, remove the '---'");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    put(mark, anchor, leaf(mark, yaml_node::kind_t::null));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    if (wants_key()) {
      take_key(mark, value);
      return;
    }
    auto node = leaf(mark, yaml_node::kind_t::scalar);
    node->text = value;
    node->plain = tag == "?";
    put(mark, anchor, node);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end())
      refuse(mark, "an alias to something that contains it", "write the values out");
    if (wants_key()) refuse(mark, "an alias as a key", "write the key as plain text");
    count(mark, known->second->weight);
    attach(known->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, yaml_node::kind_t::list);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, yaml_node::kind_t::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

private:
  struct frame {
    std::shared_ptr<yaml_node> node;
    YAML::anchor_t anchor;
    std::unordered_map<std::string, int> lines; ///< of the keys so far
    yaml_node::name pending;
    bool has_key = false, duplicate = false;
  };

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string text, std::string remedy) {
    throw stop{{file_, mark.line + 1, mark.column + 1, true, std::move(text), std::move(remedy)}};
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(mark, "the tag " + keys::quote(tag), "remove it; types follow from the keys");
  }

  void count(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > limits::config_nodes_max)
      refuse(mark,
             "more than " + std::to_string(limits::config_nodes_max) +
                 " values, aliases counted in full",
             "use patterns in overrides instead of repeating");
  }

  bool wants_key() const {
    return !open_.empty() && open_.back().node->kind == yaml_node::kind_t::map &&
           !open_.back().has_key;
  }

  void take_key(const YAML::Mark& mark, const std::string& value) {
    frame& map = open_.back();
    count(mark, 1);
    map.pending = {value, mark.line + 1, mark.column + 1};
    map.has_key = true;
    const auto [first, fresh] = map.lines.emplace(value, mark.line + 1);
    map.duplicate = !fresh;
    if (!fresh && problems_.size() < limits::config_problems_max / 2)
      problems_.push_back({file_, mark.line + 1, mark.column + 1, true,
                           "the key " + keys::quote(value) + " is given twice",
                           "remove one; the first is in line " + std::to_string(first->second)});
  }

  std::shared_ptr<yaml_node> leaf(const YAML::Mark& mark, yaml_node::kind_t kind) {
    auto node = std::make_shared<yaml_node>();
    node->kind = kind;
    node->line = mark.line + 1;
    node->column = mark.column + 1;
    return node;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            yaml_node::kind_t kind) {
    refuse_tag(mark, tag);
    if (wants_key()) refuse(mark, "a list or map as a key", "write the key as plain text");
    if (open_.size() >= limits::config_nesting_max)
      refuse(mark, "nested deeper than " + std::to_string(limits::config_nesting_max) + " levels",
             "no key needs that");
    count(mark, 1);
    open_.push_back({leaf(mark, kind), anchor, {}, {}, false, false});
  }

  void close() {
    frame done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) anchors_[done.anchor] = done.node;
    attach(done.node);
  }

  void put(const YAML::Mark& mark, YAML::anchor_t anchor, const std::shared_ptr<yaml_node>& node) {
    if (wants_key()) refuse(mark, "a key without a name", "write the key as plain text");
    count(mark, 1);
    if (anchor != 0) anchors_[anchor] = node;
    attach(node);
  }

  void attach(const std::shared_ptr<yaml_node>& node) {
    if (open_.empty()) {
      root = node;
      return;
    }
    frame& parent = open_.back();
    parent.node->weight += node->weight;
    if (parent.node->kind == yaml_node::kind_t::list) {
      parent.node->items.push_back(node);
    } else {
      if (!parent.duplicate) parent.node->members.emplace_back(std::move(parent.pending), node);
      parent.has_key = false;
    }
  }

  const std::string& file_;
  std::vector<config_problem>& problems_;
  std::vector<frame> open_;
  std::map<YAML::anchor_t, std::shared_ptr<yaml_node>> anchors_;
  std::size_t nodes_ = 0;
};

/// Length of the UTF-8 character at `i`, 0 when there is none (overlong, surrogate, cut off, >
/// U+10FFFF).
std::size_t utf8_length(const std::string& s, std::size_t i) {
  const auto byte = [&](std::size_t k) -> unsigned {
    return k < s.size() ? static_cast<unsigned char>(s[k]) : 0u;
  };
  const unsigned a = byte(i), b = byte(i + 1);
  const auto follows = [&](std::size_t k) { return (byte(k) & 0xc0) == 0x80; };
  if (a < 0x80) return 1;
  if (a >= 0xc2 && a <= 0xdf) return follows(i + 1) ? 2 : 0;
  if (a >= 0xe0 && a <= 0xef) {
    if ((a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f)) return 0;
    return follows(i + 1) && follows(i + 2) ? 3 : 0;
  }
  if (a >= 0xf0 && a <= 0xf4) {
    if ((a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f)) return 0;
    return follows(i + 1) && follows(i + 2) && follows(i + 3) ? 4 : 0;
  }
  return 0;
}

/// yaml-cpp guesses UTF-16 and takes byte 4 for the end of the text: only clean UTF-8 gets there.
std::optional<config_problem> check_bytes(const std::string& text, const std::string& file) {
  int line = 1, column = 1;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(text, i);
    if (length == 0)
      return config_problem{
          file, line, column, true, "bytes that are not UTF-8", "save the file as UTF-8"};
    if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
      return config_problem{file, line, column, true, "a control character", "remove it"};
    column = c == '\n' ? 1 : column + static_cast<int>(length);
    line += c == '\n' ? 1 : 0;
    i += length;
  }
  return std::nullopt;
}

bool indented_by_tab(const std::string& text, int line) {
  std::size_t start = 0;
  for (int i = 0; i < line && start != text.npos; ++i) {
    start = text.find('\n', start);
    if (start != text.npos) ++start;
  }
  if (start == text.npos) return false;
  const std::size_t first = text.find_first_not_of(' ', start);
  return first != text.npos && text[first] == '\t';
}

std::string remedy_of_syntax(const std::string& text, const YAML::Exception& e) {
  if (indented_by_tab(text, e.mark.line)) return "indent with spaces, not with tabs";
  if (e.msg.find("end of map") != e.msg.npos || e.msg.find("illegal map value") != e.msg.npos)
    return "check the indentation, and quote texts that contain ': '";
  return "check indentation, quotes and brackets before this place";
}

} // namespace

std::shared_ptr<const yaml_node> parse_yaml(const std::string& text, const std::string& file,
                                            std::vector<config_problem>& problems) {
  if (text.size() > limits::config_bytes_max) {
    problems.push_back({file, 0, 0, true,
                        "larger than " + std::to_string(limits::config_bytes_max >> 20) + " MiB",
                        "use patterns in overrides instead of repeating"});
    return nullptr;
  }
  if (auto wrong = check_bytes(text, file)) {
    problems.push_back(std::move(*wrong));
    return nullptr;
  }
  try {
    std::istringstream in{text};
    YAML::Parser parser{in};
    tree_builder builder{file, problems};
    while (parser.HandleNextDocument(builder)) {
    }
    if (builder.root && builder.root->kind != yaml_node::kind_t::null) return builder.root;
    auto empty = std::make_shared<yaml_node>();
    empty->kind = yaml_node::kind_t::map;
    return empty;
  } catch (const stop& s) {
    problems.push_back(s.why);
  } catch (const YAML::Exception& e) {
    const bool known = !e.mark.is_null();
    problems.push_back({file, known ? e.mark.line + 1 : 0, known ? e.mark.column + 1 : 0, true,
                        "not YAML: " + e.msg, remedy_of_syntax(text, e)});
  }
  return nullptr;
}

} // namespace tocsin

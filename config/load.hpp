// Binds a YAML tree and the TOCSIN_ variables to the table of keys, and remembers where every value
// stood.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/yaml_tree.hpp"
#include "core/limits.hpp"

namespace tocsin {

using environment_list = std::vector<std::pair<std::string, std::string>>;

/// Where something stands: line and column of the file, or the environment variable that gave it.
struct place {
  int line = 0, column = 0;
  std::string variable;
};

/// What was given explicitly, by path ("receivers[0].mail.server"): where its key and its value
/// stand.
struct given_keys {
  struct entry {
    place key, value;
    bool wrong = false; ///< the value was refused: not worth comparing with others
  };
  std::map<std::string, entry> entries;

  bool has(const std::string& path) const { return entries.contains(path); }
  bool is_wrong(const std::string& path) const;
  /// The value's place, else that of the nearest section around it, else the file.
  place of(std::string path) const;
  place key_of(const std::string& path) const;
};

/// Problems in the order they were found; bounded, without repetitions.
class problem_list {
public:
  problem_list(std::string file, std::vector<config_problem>& out)
      : file_(std::move(file)), out_(out) {}
  void error(const place& at, std::string text, std::string remedy);
  void warning(const place& at, std::string text, std::string remedy);
  /// No further error will be kept: time to stop looking for more of the same.
  bool full() const { return errors_ >= most || out_.size() >= limits::config_problems_max; }

private:
  static constexpr std::size_t most = limits::config_problems_max / 2; ///< of each sort
  void add(const place& at, bool is_error, std::string text, std::string remedy);
  std::string file_;
  std::vector<config_problem>& out_;
  std::set<std::string> seen_;
  std::size_t errors_ = 0, warnings_ = 0;
};

/// Reads `root` (may be null: only the environment counts) into `d`.
void bind(document& d, const yaml_node* root, const environment_list& environment,
          given_keys& given, problem_list& problems);
/// The same for another table, which no variable changes.
void bind(keys::section& table, const yaml_node* root, given_keys& given, problem_list& problems);

/// "TOCSIN_RULES_HEARTBEAT_LOST_AFTER" of "rules.heartbeat.lost_after".
std::string variable_of(std::string_view path);
/// Paths of all keys, list items as "sources[].name", in table order.
std::vector<std::string> all_paths();

} // namespace tocsin

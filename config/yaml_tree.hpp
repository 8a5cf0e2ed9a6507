// A YAML document as a bounded tree whose every value and key knows its line and column.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"

namespace tocsin {

struct yaml_node {
  enum class kind_t { null, scalar, list, map };
  struct name {
    std::string text;
    int line = 0, column = 0;
  };
  kind_t kind = kind_t::null;
  bool plain = true; ///< scalar written without quotes
  std::string text;  ///< scalar
  int line = 0, column = 0;
  std::vector<std::shared_ptr<const yaml_node>> items;
  std::vector<std::pair<name, std::shared_ptr<const yaml_node>>> members; ///< duplicates left out
  std::size_t weight = 1; ///< nodes below and including this one, aliases counted in full
};

/// Null when the text is no YAML we take: then `problems` has gained one error with its place.
/// Keys given twice are reported, the first one counts. An empty text is an empty map.
/// Bounds: limits::config_bytes_max, config_nesting_max, config_nodes_max (aliases expanded).
std::shared_ptr<const yaml_node> parse_yaml(const std::string& text, const std::string& file,
                                            std::vector<config_problem>& problems);

} // namespace tocsin

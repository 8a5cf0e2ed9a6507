// Reads vectors that other libraries computed: tests/core/vectors, each with the script that wrote
// it.
#pragma once

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tocsin {

/// One vector a line: its name and its numbers.
inline const std::vector<double>& oracle(const std::string& name) {
  static const auto all = [] {
    std::map<std::string, std::vector<double>> out;
    std::ifstream file(TOCSIN_SOURCE_DIR "/tests/core/vectors/multivariate.txt");
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string key, word;
      words >> key;
      while (words >> word) out[key].push_back(std::strtod(word.c_str(), nullptr));
    }
    return out;
  }();
  const auto found = all.find(name);
  if (found == all.end()) throw std::runtime_error("no vector '" + name + "'");
  return found->second;
}

} // namespace tocsin

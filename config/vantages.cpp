#include "config/vantages.hpp"

#include <algorithm>

namespace tocsin {

const source_settings* shared_input(const settings& s) {
  if (s.cluster.log.empty()) return nullptr;
  const auto at = std::ranges::find_if(s.sources, [](const source_settings& one) { return one.kind == "kafka" && !one.gives_samples(); });
  return at == s.sources.end() ? nullptr : &*at;
}

std::vector<std::string> vantage_names(const settings& s) {
  std::vector<std::string> names;
  if (const source_settings* input = shared_input(s)) {
    names = {"input"};
    names.insert(names.end(), input->kafka.vantages.begin(), input->kafka.vantages.end());
    return names;
  }
  for (const source_settings& one : s.sources) names.push_back(one.name);
  return names;
}

} // namespace tocsin

// Remembers what equipment has raised and repeats it, so that nobody who missed it stays wrong.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/symptom.hpp"

namespace tocsin {

class symptom_reporter {
public:
  static constexpr std::size_t raised_max = 100'000; ///< at once; what is raised beyond it is said once and never repeated

  void take(const std::vector<symptom>& said);
  /// Everything that is raised, as repeated at `now`.
  std::vector<symptom> repeat(timestamp now) const;
  std::size_t raised() const { return raised_.size(); }

private:
  std::map<std::pair<std::string, symptom_kind>, symptom> raised_;
};

} // namespace tocsin

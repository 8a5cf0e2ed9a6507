#include "core/equipment/symptom_reporter.hpp"

namespace tocsin {

void symptom_reporter::take(const std::vector<symptom>& said) {
  for (const symptom& s : said) {
    std::pair key{s.subject, s.kind};
    if (s.state == symptom_state::cleared) raised_.erase(key);
    else if (raised_.size() < raised_max || raised_.contains(key)) raised_.insert_or_assign(std::move(key), s);
  }
}

std::vector<symptom> symptom_reporter::repeat(timestamp now) const {
  std::vector<symptom> all;
  all.reserve(raised_.size());
  for (const auto& [key, s] : raised_) {
    all.push_back(s);
    all.back().at = now;
    all.back().state = symptom_state::repeated;
  }
  return all;
}

} // namespace tocsin

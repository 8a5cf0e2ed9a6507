// What stands in a cluster's log, folded as every node folds it: the story that is compared with what was expected. The log may be
// a simulated one, or that of real processes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/cluster/fold.hpp"
#include "core/group_table.hpp"
#include "core/rules.hpp"
#include "core/scenario.hpp"

namespace tocsin::simulation {

/// What a cluster judges by.
struct judgement {
  std::shared_ptr<const rule_book> rules;
  alerting_rules receivers;
  std::vector<std::string> vantages{"input"}; ///< the input's, and theirs who write it
};

/// How nodes call the vantage points of a scenario. Where one hears everybody it is the input itself, which is called `alone` then.
inline std::vector<std::string> vantages_of(const scenario& s, const std::string& alone = "input") {
  if (s.plant.vantages.size() == 1) return {alone};
  std::vector<std::string> names{"input"};
  for (const vantage_options& v : s.plant.vantages) names.push_back(v.name);
  return names;
}

class log_story {
public:
  explicit log_story(const judgement& by, cluster_fold empty = {}) : fold_(std::move(empty)), groups_(by.rules, by.receivers) {
    groups_.set_vantage_names(by.vantages, true);
  }
  cluster_fold::step take(std::int64_t offset, cluster_entry e) {
    auto step = fold_.apply(offset, std::move(e));
    groups_.apply(step.said, told);
    if (step.until != unset) groups_.advance(step.until, told);
    for (const effect& one : step.said)
      if (const auto* s = std::get_if<symptom>(&one.what)) told.symptoms.push_back(*s);
    return step;
  }
  const cluster_fold& fold() const { return fold_; }
  const group_table& groups() const { return groups_; }
  story told;

private:
  cluster_fold fold_;
  group_table groups_;
};

} // namespace tocsin::simulation

// One symptom of a unit that may have several reasons at once: raised with the first, changed with each, cleared with the last.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/symptom.hpp"

namespace tocsin {

class standing_symptom {
public:
  explicit standing_symptom(symptom_kind kind) : kind_(kind) {}
  bool raised() const { return since_ != unset; }
  /// `level` and `facts` of what holds now. Nothing is said while nothing held and nothing holds; of the same severity the
  /// first changes are said, then one a minute: alarms that chatter are no news.
  void say(timestamp at, const std::string& subject, bool holds, severity level, evidence facts, std::vector<symptom>& out) {
    if (!holds && !raised()) return;
    if (holds && raised() && level == level_ && ++changes_ > changes_said && at - said_ < 1min) return;
    said_ = at;
    if (!raised()) changes_ = 0;
    const symptom_state state = !holds ? symptom_state::cleared : raised() ? symptom_state::changed : symptom_state::raised;
    if (holds) level_ = level;
    if (!raised()) since_ = at;
    out.push_back({at, subject, kind_, state, level_, since_, std::move(facts)});
    if (!holds) since_ = unset;
  }

private:
  static constexpr std::uint32_t changes_said = 8;
  symptom_kind kind_;
  severity level_ = severity::info;
  timestamp since_ = unset, said_ = unset;
  std::uint32_t changes_ = 0;
};

} // namespace tocsin

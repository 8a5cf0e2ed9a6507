// One symptom of one subject: said when it begins, when it changes and when it is over.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/symptom.hpp"

namespace tocsin {

class raised {
public:
  explicit raised(symptom_kind kind) : kind_(kind) {}
  bool on() const { return since_ != unset; }
  timestamp since() const { return since_; }
  timestamp last() const { return last_; } ///< time it was found last

  /// Found at `at`. Once raised, another `what` is a change; after some of them said at most once a minute.
  void find(const std::string& subject, severity level, timestamp at, const std::string& what, evidence facts, std::vector<symptom>& out) {
    last_ = at;
    if (!on()) since_ = at;
    else if (what == what_ || (++changes_ > 3 && at - said_at_ < 1min)) return;
    const symptom_state state = since_ == at && said_at_ == unset ? symptom_state::raised : symptom_state::changed;
    said_at_ = at;
    what_ = what;
    level_ = level;
    out.push_back({at, subject, kind_, state, level, since_, std::move(facts)});
  }
  void end(const std::string& subject, timestamp at, evidence facts, std::vector<symptom>& out) {
    if (!on()) return;
    out.push_back({at, subject, kind_, symptom_state::cleared, level_, since_, std::move(facts)});
    *this = raised{kind_};
  }

private:
  symptom_kind kind_;
  severity level_ = severity::info;
  timestamp since_ = unset, last_ = unset, said_at_ = unset;
  std::string what_;
  std::uint32_t changes_ = 0;
};

} // namespace tocsin

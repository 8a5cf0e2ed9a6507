// One symptom of one subject that may have several reasons: raised with the first, changed with others, cleared with the last.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/symptom.hpp"

namespace tocsin {

class standing_symptom {
public:
  explicit standing_symptom(symptom_kind kind) : kind_(kind) {}
  bool raised() const { return since_ != unset; }
  timestamp last() const { return last_; } ///< it was found to hold last

  /// It holds, for this reason; "" = another one each time. True: that is news, and to be said. The same reason is none, and of
  /// the same severity the first changes are told, then one a minute: what chatters is no news.
  bool holds(timestamp at, severity level, std::string_view reason = {}) {
    last_ = at;
    fresh_ = !raised();
    if (fresh_) {
      since_ = at;
      changes_ = 0;
    } else if (level == level_ && ((!reason.empty() && reason == reason_) || (++changes_ > changes_said && at - said_ < 1min))) {
      return false;
    }
    said_ = at;
    level_ = level;
    reason_ = reason;
    return true;
  }
  /// What holds() found to be news.
  void say(const std::string& subject, evidence facts, std::vector<symptom>& out) const {
    out.push_back({said_, subject, kind_, fresh_ ? symptom_state::raised : symptom_state::changed, level_, since_, std::move(facts)});
  }
  /// It holds no more. Nothing is said when it did not.
  void end(timestamp at, const std::string& subject, evidence facts, std::vector<symptom>& out) {
    if (!raised()) return;
    out.push_back({at, subject, kind_, symptom_state::cleared, level_, since_, std::move(facts)});
    since_ = unset;
  }
  /// All of it, where the facts are at hand anyway.
  void settle(timestamp at, const std::string& subject, bool now, severity level, evidence facts, std::vector<symptom>& out) {
    if (!now) end(at, subject, std::move(facts), out);
    else if (holds(at, level)) say(subject, std::move(facts), out);
  }

private:
  static constexpr std::uint32_t changes_said = 8;
  symptom_kind kind_;
  severity level_ = severity::info;
  bool fresh_ = false;
  timestamp since_ = unset, said_ = unset, last_ = unset;
  std::string reason_;
  std::uint32_t changes_ = 0;
};

} // namespace tocsin

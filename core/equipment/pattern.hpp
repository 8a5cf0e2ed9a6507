// Patterns over what happens to a unit: one after the other, one without the other, too many; each with its time-out.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/equipment/effect.hpp"
#include "core/equipment/standing_symptom.hpp"

namespace tocsin {

/// Something that happened: "kind:detail" and "kind:place/detail" are what the globs of a pattern are tried on.
struct occurrence {
  timestamp at;
  std::string_view kind;   ///< of an event, "anomaly", or "change" of a channel's state
  std::string_view place;  ///< module or channel
  std::string_view detail; ///< state, task, alarm, recipe, level …
};

/// All patterns of one unit. Cost per occurrence: one glob for each item of each pattern, only when there are patterns.
/// State: a time for each item of a sequence, `count` times of a count.
class pattern_watch {
public:
  explicit pattern_watch(std::string name) : name_(std::move(name)), symptom_(symptom_kind::event_pattern) {}
  /// The deadlines before it fire first.
  void occur(const occurrence& what, const std::vector<pattern_rule>& rules, equipment_effects& out);
  /// Time has come to `now`: what is due before it fires, at its own time.
  void advance(timestamp now, const std::vector<pattern_rule>& rules, equipment_effects& out);
  timestamp due() const { return due_; } ///< never = nothing is waited for
  /// Absences of a thing that is not begun by another count from the unit's first sign of life.
  void begin(timestamp at, const std::vector<pattern_rule>& rules);
  void fill(unit_status& s, const std::vector<pattern_rule>& rules) const;

private:
  struct progress {
    std::vector<timestamp> begun, last;  ///< sequence: of the run that has come so far, its first and newest time
    timestamp open = unset;              ///< absence: since when the second thing is owed
    std::deque<timestamp> seen;          ///< count: the newest, by time
    bool holds = false;
    timestamp ends = never;              ///< of what holds
  };
  bool sequence(progress& p, const pattern_rule& r, const std::vector<bool>& matched, timestamp at);
  void absence(progress& p, const std::vector<bool>& matched, timestamp at, bool& over);
  bool count(progress& p, const pattern_rule& r, timestamp at);
  timestamp due_of(const progress& p, const pattern_rule& r) const;
  void find_due(const std::vector<pattern_rule>& rules);
  void say(timestamp at, const pattern_rule& why, const std::vector<pattern_rule>& rules, equipment_effects& out);

  std::string name_;
  standing_symptom symptom_;
  std::vector<progress> all_; ///< by rule
  timestamp due_ = never;
};

} // namespace tocsin

// What a unit lives through, beside the readings of its channels: state, downtimes, patterns.
#pragma once

#include <string>

#include "core/equipment/downtime.hpp"
#include "core/equipment/pattern.hpp"
#include "core/equipment/unit_state.hpp"

namespace tocsin {

class unit_life {
public:
  explicit unit_life(const std::string& name) : state_(name), down_(name), patterns_(name) {}
  /// False: late, it changed nothing.
  bool apply(const equipment_event& e, const equipment_rules& rules, equipment_effects& out);
  void count_late() { state_.count_late(); }
  /// Something that a channel said, for the patterns.
  void occur(const occurrence& what, const equipment_rules& rules, equipment_effects& out) { patterns_.occur(what, rules.patterns, out); }
  /// The unit's first sign of life.
  void begin(timestamp at, const equipment_rules& rules) { patterns_.begin(at, rules.patterns); }
  /// Time has come to `now` for the patterns.
  void advance(timestamp now, const equipment_rules& rules, equipment_effects& out) { patterns_.advance(now, rules.patterns, out); }
  timestamp due() const { return patterns_.due(); }
  downtime_watch& downtimes() { return down_; }
  const downtime_watch& downtimes() const { return down_; }
  unit_status status(const equipment_rules& rules) const;

private:
  unit_state state_;
  downtime_watch down_;
  pattern_watch patterns_;
};

} // namespace tocsin

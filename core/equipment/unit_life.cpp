#include "core/equipment/unit_life.hpp"

namespace tocsin {

namespace {

/// What of an event the patterns' globs are tried on.
std::string_view detail_of(const equipment_event& e) {
  switch (e.kind) {
  case event_kind::state: return to_text(e.state);
  case event_kind::task: return to_text(e.task);
  case event_kind::process: return e.recipe;
  case event_kind::alarm_set:
  case event_kind::alarm_cleared:
  case event_kind::maintenance:
  case event_kind::measurement:
  case event_kind::yield_result: return e.name;
  }
  return {};
}

} // namespace

bool unit_life::apply(const equipment_event& e, const equipment_rules& rules, equipment_effects& out) {
  patterns_.advance(e.at, rules.patterns, out);
  const e10_state before = state_.e10();
  if (!state_.apply(e, rules.alarms, out)) return false;
  if (state_.e10() != before) down_.state_is(state_.e10(), e.at, rules.downtime, out);
  if (!rules.patterns.empty()) patterns_.occur({e.at, to_text(e.kind), e.module, detail_of(e)}, rules.patterns, out);
  return true;
}

unit_status unit_life::status(const equipment_rules& rules) const {
  unit_status s = state_.status();
  down_.fill(s);
  patterns_.fill(s, rules.patterns);
  return s;
}

} // namespace tocsin

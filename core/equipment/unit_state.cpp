#include "core/equipment/unit_state.hpp"

#include <algorithm>

#include "core/rules.hpp"

namespace tocsin {

namespace {

bool matches_one(const std::vector<std::string>& globs, std::string_view text) {
  return std::ranges::any_of(globs, [&](const std::string& g) { return glob_match(g, text); });
}

} // namespace

bool unit_state::apply(const equipment_event& e, const equipment_alarm_rule& rule, equipment_effects& out) {
  bool good = true;
  switch (e.kind) {
  case event_kind::state: good = apply_state(e, out); break;
  case event_kind::task: good = apply_task(e, out); break;
  case event_kind::alarm_set:
  case event_kind::alarm_cleared: good = apply_alarm(e, rule, out); break;
  case event_kind::measurement:
  case event_kind::yield_result: good = keep_measurement(e); break;
  case event_kind::process:
  case event_kind::maintenance: break; // the context's
  }
  ++(good ? now_.events : now_.events_late);
  return good;
}

bool unit_state::apply_state(const equipment_event& e, equipment_effects& out) {
  if (now_.e10_since != unset && e.at < now_.e10_since) return false;
  const bool first = now_.e10_since == unset;
  if (!first && e.state == now_.e10) return true;
  const duration lasted = first ? duration{} : e.at - now_.e10_since;
  if (!first) now_.in_state[static_cast<std::size_t>(now_.e10)] += lasted;
  if (!first && now_.e10 == e10_state::unscheduled_down) {
    ++now_.repairs;
    now_.repair += lasted;
  }
  now_.failures += e.state == e10_state::unscheduled_down;
  out.states.push_back({e.at, name_, "", "e10", first ? "" : std::string{to_text(now_.e10)}, std::string{to_text(e.state)}, lasted});
  now_.e10 = e.state;
  now_.e10_since = e.at;
  return true;
}

bool unit_state::apply_task(const equipment_event& e, equipment_effects& out) {
  auto at = std::ranges::find(now_.tasks, e.module, &module_task::module);
  if (at == now_.tasks.end()) {
    if (now_.tasks.size() >= modules_max) return false;
    now_.tasks.push_back({std::string{e.module}, std::string{e.text}, e.task, e.at});
    out.states.push_back({e.at, name_, std::string{e.module}, "task", "", std::string{to_text(e.task)}});
    return true;
  }
  if (e.at < at->since) return false;
  at->text = e.text;
  if (e.task == at->task) return true;
  out.states.push_back({e.at, name_, std::string{e.module}, "task", std::string{to_text(at->task)}, std::string{to_text(e.task)}, e.at - at->since});
  at->task = e.task;
  at->since = e.at;
  return true;
}

bool unit_state::apply_alarm(const equipment_event& e, const equipment_alarm_rule& rule, equipment_effects& out) {
  if (matches_one(rule.ignored, e.name)) return true;
  auto at = std::ranges::find(now_.alarms, e.name, &active_alarm::id);
  const bool known = at != now_.alarms.end();
  if (known && e.at < at->since) return false;
  if (e.kind == event_kind::alarm_set) {
    if (known) {
      at->text = e.text;
      return true;
    }
    if (now_.alarms.size() >= alarms_max) return false;
    now_.alarms.push_back({std::string{e.name}, std::string{e.text}, e.at});
  } else {
    if (!known) return true;
    now_.alarms.erase(at);
  }
  say_alarms(e, rule, out);
  return true;
}

void unit_state::say_alarms(const equipment_event& e, const equipment_alarm_rule& rule, equipment_effects& out) {
  constexpr std::size_t named_max = 8;
  const auto critical = [&](const active_alarm& a) { return matches_one(rule.critical, a.id); };
  const severity level = std::ranges::any_of(now_.alarms, critical) ? severity::critical : rule.level;
  evidence facts{{std::string{to_text(e.kind)}, std::string{e.name}}, {"active", static_cast<std::int64_t>(now_.alarms.size())}};
  for (std::size_t i = 0; i < now_.alarms.size() && i < named_max; ++i)
    facts.push_back({"alarm_" + std::to_string(i + 1), now_.alarms[i].id + (now_.alarms[i].text.empty() ? "" : ": " + now_.alarms[i].text)});
  alarm_.settle(e.at, "equipment/" + name_, !now_.alarms.empty(), level, std::move(facts), out.symptoms);
}

bool unit_state::keep_measurement(const equipment_event& e) {
  const std::string_view name = e.kind == event_kind::yield_result ? "yield" : e.name;
  auto at = std::ranges::find(now_.measurements, name, &last_measurement::name);
  if (at != now_.measurements.end() && e.at < at->at) return false;
  if (at == now_.measurements.end()) {
    if (now_.measurements.size() >= measurements_max) now_.measurements.erase(now_.measurements.begin());
    at = now_.measurements.insert(now_.measurements.end(), last_measurement{std::string{name}, {}, {}, 0, e.at});
  }
  *at = {std::string{name}, std::string{e.lot}, std::string{e.wafer}, e.value, e.at};
  return true;
}

} // namespace tocsin

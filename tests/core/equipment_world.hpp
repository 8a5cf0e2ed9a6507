// A table of equipment with its own machines, and ways to give it readings and events.
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/equipment/equipment_table.hpp"
#include "core/equipment/input_marks.hpp"
#include "core/record.hpp"

namespace tocsin {

inline constexpr timestamp equipment_start = from_milliseconds(1'700'000'000'000); // a whole multiple of 10 s

struct equipment_world : equipment_keeper {
  /// What watches single channels stays out: its symptoms are not what is looked at.
  explicit equipment_world(equipment_rules r) : rules(prepared(std::move(r))), table(rules, *this), marks(*rules) {}
  static std::shared_ptr<const equipment_rules> prepared(equipment_rules r) {
    r.watch.samples.enabled = false;
    return std::make_shared<const equipment_rules>(completed(std::move(r)));
  }
  equipment& adopt(equipment fresh) override { return units.emplace_back(std::move(fresh)); }
  void feed(sample_batch b) {
    marks.mark(b);
    table.apply(b, said);
  }
  /// A reading or an event each.
  void read(double seconds, double value, std::string_view channel = "p1", std::string_view unit = "etch1", std::uint32_t source = 0) {
    sample_batch b;
    b.source = source;
    b.samples.push_back({equipment_start + from_seconds(seconds), value, hash_key(unit, channel), unit, channel});
    feed(std::move(b));
  }
  void happen(equipment_event e) {
    sample_batch b;
    b.events.push_back(e);
    feed(std::move(b));
  }
  void pass(double seconds) {
    sample_batch b;
    if (marks.pass(equipment_start + from_seconds(seconds), b)) table.apply(b, said);
  }
  void finish() { table.finish(marks.latest(), said); }

  std::shared_ptr<const equipment_rules> rules;
  std::deque<equipment> units;
  equipment_table table;
  equipment_effects said;
  input_marks marks;
};

inline equipment_event event_at(double seconds, event_kind kind, std::string_view unit = "etch1") {
  equipment_event e{};
  e.at = equipment_start + from_seconds(seconds);
  e.kind = kind;
  e.equipment = unit;
  e.key_hash = hash_key(unit, "");
  return e;
}
inline equipment_event state_at(double seconds, e10_state state, std::string_view unit = "etch1") {
  equipment_event e = event_at(seconds, event_kind::state, unit);
  e.state = state;
  return e;
}
inline equipment_event alarm_at(double seconds, std::string_view id, bool set = true, std::string_view unit = "etch1") {
  equipment_event e = event_at(seconds, set ? event_kind::alarm_set : event_kind::alarm_cleared, unit);
  e.name = id;
  return e;
}

inline std::string seconds_text(timestamp t) { return t == unset ? "-" : std::to_string(static_cast<long long>(std::lround(to_seconds(t - equipment_start)))); }

/// "raised event_pattern warning @ 12"
inline std::vector<std::string> symptom_lines(const equipment_effects& said) {
  std::vector<std::string> out;
  for (const symptom& s : said.symptoms)
    out.push_back(std::string{to_text(s.state)} + ' ' + std::string{to_text(s.kind)} + ' ' + std::string{to_text(s.level)} + " @ " + seconds_text(s.at));
  return out;
}
/// "silence 10..20"
inline std::vector<std::string> downtime_lines(const equipment_effects& said) {
  std::vector<std::string> out;
  for (const downtime& d : said.downtimes) out.push_back(d.equipment + ' ' + std::string{to_text(d.cause)} + ' ' + seconds_text(d.start) + ".." + seconds_text(d.end));
  return out;
}

} // namespace tocsin

// What units live through as JSON: state changes, downtimes, joins, and where a unit stands.
#include "codecs/equipment_json.hpp"
#include "codecs/json_pieces.hpp"

namespace tocsin {

namespace {

using json::number, json::seconds, json::text, json::time, json::time_or_null;

/// [{"…"},…] of anything; `one` writes the inside of an object, beginning with its first key.
template <class All, class One>
void list(std::string& out, std::string_view key, const All& all, One&& one) {
  out += key;
  out += '[';
  for (const auto& each : all) {
    if (out.back() == '}') out += ',';
    one(each);
    out += '}';
  }
  out += ']';
}

} // namespace

void append_json(std::string& out, const state_change& c) {
  time(out, "{\"at\":", c.at);
  text(out, ",\"equipment\":", c.equipment);
  text(out, c.of_channel ? ",\"channel\":" : ",\"module\":", c.place);
  text(out, ",\"state\":", c.name);
  if (c.from.empty()) out += ",\"from\":null";
  else text(out, ",\"from\":", c.from);
  text(out, ",\"to\":", c.to);
  seconds(out, ",\"lasted_s\":", c.lasted);
  if (c.of_channel) number(out, ",\"value\":", c.value);
  out += '}';
}

void append_json(std::string& out, const downtime& d) {
  time(out, "{\"at\":", d.end == unset ? d.start : d.end);
  text(out, ",\"equipment\":", d.equipment);
  text(out, ",\"downtime\":", to_text(d.cause));
  text(out, ",\"e10\":", to_text(d.e10));
  time(out, ",\"start\":", d.start);
  time_or_null(out, ",\"end\":", d.end);
  if (d.end == unset) out += ",\"duration_s\":null";
  else seconds(out, ",\"duration_s\":", d.end - d.start);
  text(out, ",\"text\":", d.text);
  out += '}';
}

void append_json(std::string& out, const joined& j) {
  time(out, "{\"at\":", j.at);
  text(out, ",\"equipment\":", j.equipment);
  text(out, ",\"channel\":", j.channel);
  text(out, ",\"join\":", j.rule->name);
  if (!j.text.empty()) text(out, ",\"name\":", j.text);
  number(out, ",\"value\":", j.value);
  text(out, ",\"right\":", j.rule->right);
  time_or_null(out, ",\"right_at\":", j.right_at);
  if (j.right_at == unset) {
    out += ",\"right_value\":null,\"age_s\":null}";
    return;
  }
  number(out, ",\"right_value\":", j.right_value);
  seconds(out, ",\"age_s\":", j.at - j.right_at);
  out += '}';
}

void append_json(std::string& out, const source_quality& q) {
  time_or_null(out, "{\"at\":", q.at);
  text(out, ",\"source\":", q.source);
  number(out, ",\"score\":", q.score);
  number(out, ",\"completeness\":", q.completeness);
  number(out, ",\"validity\":", q.validity);
  number(out, ",\"timeliness\":", q.timeliness);
  number(out, ",\"uniqueness\":", q.uniqueness);
  number(out, ",\"liveness\":", q.liveness);
  out += q.low ? ",\"low\":true" : ",\"low\":false";
  number(out, ",\"filtered\":", q.filtered);
  out += '}';
}

void append_unit_json(std::string& out, const equipment_status& e) {
  const unit_status& u = e.unit;
  text(out, "\"e10\":", to_text(u.e10));
  time_or_null(out, ",\"e10_since\":", u.e10_since);
  out += ",\"seconds_in\":{";
  for (std::size_t i = 0; i < u.in_state.size(); ++i)
    seconds(out, (i ? ",\"" : "\"") + std::string{to_text(static_cast<e10_state>(i))} + "\":", u.in_state[i]);
  out += '}';
  const double productive = to_seconds(u.in_state[static_cast<std::size_t>(e10_state::productive)]);
  const auto mean = [&](std::string_view key, double seconds, std::uint64_t count) {
    if (count == 0) (out += key) += "null";
    else number(out, key, seconds / static_cast<double>(count));
  };
  number(out, ",\"failures\":", u.failures);
  mean(",\"mtbf_s\":", productive, u.failures);
  mean(",\"mttr_s\":", to_seconds(u.repair), u.repairs);
  number(out, ",\"events\":", u.events);
  number(out, ",\"events_late\":", u.events_late);
  number(out, ",\"downtimes\":", u.downtimes);
  list(out, ",\"down\":", u.down, [&](const downtime& d) {
    text(out, "{\"downtime\":", to_text(d.cause));
    text(out, ",\"e10\":", to_text(d.e10));
    time(out, ",\"start\":", d.start);
    text(out, ",\"text\":", d.text);
  });
  list(out, ",\"alarms\":", u.alarms, [&](const active_alarm& a) {
    text(out, "{\"id\":", a.id);
    text(out, ",\"text\":", a.text);
    time(out, ",\"since\":", a.since);
  });
  list(out, ",\"tasks\":", u.tasks, [&](const module_task& t) {
    text(out, "{\"module\":", t.module);
    text(out, ",\"task\":", to_text(t.task));
    text(out, ",\"text\":", t.text);
    time(out, ",\"since\":", t.since);
  });
  list(out, ",\"contexts\":", e.contexts, [&](const equipment_context& c) {
    text(out, "{\"module\":", c.module);
    text(out, ",\"recipe\":", c.recipe);
    text(out, ",\"step\":", c.step);
    text(out, ",\"lot\":", c.lot);
    text(out, ",\"wafer\":", c.wafer);
    number(out, ",\"epoch\":", c.epoch);
  });
  list(out, ",\"measurements\":", u.measurements, [&](const last_measurement& m) {
    text(out, "{\"name\":", m.name);
    number(out, ",\"value\":", m.value);
    time(out, ",\"at\":", m.at);
    text(out, ",\"lot\":", m.lot);
    text(out, ",\"wafer\":", m.wafer);
  });
  out += ",\"patterns\":[";
  for (const std::string& p : u.patterns) text(out, out.back() == '[' ? "" : ",", p);
  out += ']';
}

} // namespace tocsin

// The keys of equipment: windows over sensor readings, detectors of single values, and which JSON fields mean what.
#include "config/document.hpp"
#include "config/forms.hpp"

namespace tocsin {

using keys::section;

section describe(sample_mapping& m) {
  section s;
  s.definition = "samples";
  s.choice("format", m.format, {"auto", "json", "csv"}, "`auto`: CSV when the path ends with .csv, else JSON lines.");
  s.text("at", m.at, "Field or column of the event time.", forms::not_empty);
  s.choice("at_unit", m.at_unit, {"auto", "s", "ms", "us", "ns"},
           "`auto`: RFC 3339 text or Unix seconds; else a number of that unit since 1970.");
  s.text("equipment", m.equipment, "Field of the equipment unit's name; \"\" = the part of the channel before its first dot, and of events the field `equipment`.");
  s.text("channel", m.channel, "Field of the sensor's name.", forms::not_empty);
  s.text("value", m.value, "Field of the reading.", forms::not_empty);
  s.text("values", m.values, "Array of one channel's readings, the first at the record's time.", forms::not_empty);
  s.text("period", m.period, "Between the readings of an array: seconds, or a text with its unit.", forms::not_empty);
  s.text("rate", m.rate, "Instead of the period: readings per second.", forms::not_empty);
  s.text("channels", m.channels, "Object: sensor's name to its reading, or to an array of them.", forms::not_empty);
  s.text("event", m.event, "Field that makes a record an event: state, task, alarm_set, alarm_cleared, process, maintenance, measurement or yield.",
         forms::not_empty);
  s.text_map("event_fields", m.event_fields,
             "Field of an event to its name in your records, for those that are named differently: module, state, task, name, text, recipe, step, lot, "
             "wafer, value.");
  return s;
}

namespace {

section describe(window_rule& w) {
  section s;
  s.choice("kind", w.kind, {"tumbling", "sliding", "session"},
           "`tumbling`: one after the other. `sliding`: every `slide`, each `size` long. `session`: until nothing came for `size`.");
  s.span("size", w.size, 10ms, 24h, "Length; of a session the gap that ends it. Windows begin at whole multiples since 1970.");
  s.span("slide", w.slide, 10ms, 24h, "Between the ends of two sliding windows; `size` is a multiple of it. Tumbling windows do not need it.");
  return s;
}

section describe(ewma_z_rule& r) {
  section s;
  s.flag("enabled", r.enabled, "Whether it judges.");
  s.number("weight", r.weight, 1e-6, 0.5, "Of the newest value in mean and variance.");
  s.number("limit", r.limit, 1, 100, "Beyond so many standard deviations it is an anomaly.").unit("deviations");
  s.whole("learn", r.learn, 2, 1'000'000, "Values before the first verdict.").unit("values");
  return s;
}

section describe(modified_z_rule& r) {
  section s;
  s.flag("enabled", r.enabled, "Whether it judges.");
  s.number("limit", r.limit, 1, 100, "Beyond so many scaled median absolute deviations of the 31 values before.").unit("deviations");
  return s;
}

} // namespace

section describe(equipment_rules& r) {
  section s;
  s.span("lateness", r.lateness, 0s, 1h, "Windows wait so long for late readings.");
  s.span("correct", r.correct, 0s, 1h, "Readings later than that correct windows that were said, up to so much; then they are only counted.");
  s.list(
      "windows", r.windows, 16, [] { return window_rule{}; }, [](window_rule& w) { return describe(w); },
      "Windows over every channel, in event time; empty = tumbling ones of five minutes.");
  section detectors;
  detectors.group("ewma_z", describe(r.ewma_z), "Exponentially weighted z-score.");
  detectors.group("modified_z", describe(r.modified_z), "Modified z-score over the 31 values before.");
  s.group("detectors", std::move(detectors), "Detectors of single readings.");
  s.group("watch", describe(r.watch), "What becomes symptoms and incidents.");
  describe_units(r, s);
  return s;
}

} // namespace tocsin

// The keys of equipment: windows over sensor readings, detectors of single values, and which JSON fields mean what.
#include "config/document.hpp"
#include "config/forms.hpp"

namespace tocsin {

using keys::section;

section describe(sample_mapping& m) {
  section s;
  s.text("at", m.at, "Field of the event time.", forms::not_empty);
  s.choice("at_unit", m.at_unit, {"auto", "s", "ms", "us", "ns"},
           "`auto`: RFC 3339 text or Unix seconds; else a number of that unit since 1970.");
  s.text("equipment", m.equipment, "Field of the equipment unit's name; \"\" = the part of the channel before its first dot.");
  s.text("channel", m.channel, "Field of the sensor's name.", forms::not_empty);
  s.text("value", m.value, "Field of the reading.", forms::not_empty);
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
  return s;
}

} // namespace tocsin

// The keys of what is watched of equipment: every reading, points of windows, control charts, groups of channels, known faults.
#include "config/document.hpp"
#include "config/forms.hpp"

namespace tocsin {

using keys::section;

namespace {

const std::vector<std::string_view> levels{"info", "warning", "critical"};

section describe(sample_watch_rule& r) {
  section s;
  s.flag("enabled", r.enabled, "Whether every reading is judged.");
  s.whole("learn", r.options.learn_rows, 200, 10'000'000, "First readings of a channel in a context, which give no verdict.").unit("readings");
  s.number("run_length", r.options.run_length, 1e3, 1e9, "Mean readings between two false alarms of one detector.").unit("readings");
  s.whole("adapt", r.options.adapt_rows, 10, 10'000'000, "The level follows slow change with this time constant.").unit("readings");
  s.whole("quiet", r.options.quiet_rows, 1, 1'000'000, "An alarm ends after so many readings without a finding.").unit("readings");
  s.whole("accept", r.options.accept_rows, 10, 100'000'000, "An alarm that lasts longer is the new normal.").unit("readings");
  s.number("fault_rate", r.options.fault_rate, 1e-12, 0.1, "Faults per reading that the confidence assumes.");
  s.number("confidence", r.confidence, 0, 1, "Findings below it are anomalies, but no symptoms.");
  s.choice("severity", r.level, levels, "Of the symptom sensor_anomaly.");
  return s;
}

section describe(point_watch_rule& r) {
  section s;
  s.flag("enabled", r.enabled, "Whether the means of windows are judged by the composite that `detectors` sets.");
  s.span("window", r.window, 10ms, 24h, "Size of one of `equipment.windows`.");
  s.whole("clear", r.clear, 1, 100'000, "Windows without an alert that end it.").unit("windows");
  s.choice("severity", r.level, levels, "Of the symptom sensor_anomaly.");
  return s;
}

section describe(chart_rule& r) {
  section s;
  s.text("name", r.name, "For the evidence.", forms::simple_name).required();
  s.text("channels", r.channels, "Glob over `<unit>/<channel>`.", forms::not_empty);
  s.choice("points", r.points, {"step", "window"}, "`step`: the mean over each step of the recipe. `window`: the mean of each window.");
  s.span("window", r.window, 10ms, 24h, "Size of one of `equipment.windows`, for `points: window`.");
  s.choice("rules", r.kind, {"western_electric", "nelson", "ewma", "cusum"},
           "Western Electric (1956), Nelson (1984), EWMA (0.1, 2.7 deviations) or CUSUM (0.5, 4.77).");
  s.whole("learn", r.learn, 3, 100'000, "First points of each context: median and MAD are its limits.").unit("points");
  s.whole("clear", r.clear, 1, 100'000, "Points in control that end a violation.").unit("points");
  s.choice("severity", r.level, levels, "Of the symptom control_violation.");
  return s;
}

section describe(group_watch_rule& r) {
  section s;
  s.text("name", r.name, "Of the group, in the symptom's subject and for `signatures`.", forms::simple_name).required();
  s.text("equipment", r.equipment, "Glob over units.", forms::not_empty);
  s.texts("channels", r.channels, "Globs over their channels.", forms::not_empty);
  s.span("every", r.every, 1ms, 24h, "Each so long a row: the means of the readings since the last.");
  s.choice("method", r.method, {"adaptive", "components", "canonical", "forest"},
           "`adaptive`: EWMA of deviations, follows slow change. `components`: T2 and SPE of principal components. `canonical`: canonical "
           "variates. `forest`: isolation forest. All but the first learn once in each context.");
  s.whole("learn", r.learn, 20, 100'000, "Rows of each context that are learnt from; three times as many set the limit.").unit("rows");
  s.number("run_length", r.run_length, 1e3, 1e12, "Mean rows of calm between two false alarms.").unit("rows");
  s.choice("severity", r.level, levels, "Of the symptom group_anomaly.");
  return s;
}

section describe(signature_rule& r) {
  section s;
  s.text("name", r.name, "What people call the fault.", forms::not_empty).required();
  s.text("group", r.group, "Group it is looked for in.", forms::simple_name).required();
  s.text("pattern", r.pattern, "As the evidence `pattern` of a group_anomaly gave it: `ch1.pressure 0.62, ch1.flow -0.44`.", forms::not_empty).required();
  s.number("similarity", r.similarity, 0.1, 1, "Least cosine with it.");
  return s;
}

} // namespace

section describe(watch_rules& r) {
  section s;
  s.group("samples", describe(r.samples), "Every reading, with a baseline for each context: docs/faults.md.");
  s.group("points", describe(r.points), "The composite over windows: docs/detectors.md.");
  s.list(
      "charts", r.charts, 64, [] { return chart_rule{}; }, [](chart_rule& c) { return describe(c); },
      "Control charts of channels.");
  s.list(
      "groups", r.groups, 64, [] { return group_watch_rule{}; }, [](group_watch_rule& g) { return describe(g); },
      "Channels of a unit that are judged together: docs/multivariate.md.");
  s.list(
      "signatures", r.signatures, 200, [] { return signature_rule{}; }, [](signature_rule& g) { return describe(g); },
      "Faults that are known by their pattern: the incident names them when they come again.");
  return s;
}

} // namespace tocsin

// The keys of equipment that concern units as a whole: alarms, downtimes, states, joins, patterns; and the quality of sources.
#include "config/document.hpp"
#include "config/forms.hpp"

namespace tocsin {

using keys::section;

namespace {

section describe(equipment_alarm_rule& r) {
  section s;
  s.choice("severity", r.level, {"info", "warning", "critical"}, "Of the symptom `equipment_alarm` while alarms of a unit are set.");
  s.texts("critical", r.critical, "Patterns of alarm ids that make it critical.", forms::not_empty);
  s.texts("ignored", r.ignored, "Patterns of alarm ids that are left alone.", forms::not_empty);
  return s;
}

section describe(silence_rule& r) {
  section s;
  s.enabled = &r.enabled;
  s.flag("enabled", r.enabled, "Whether a unit that says nothing is down.");
  s.span("least", r.least, 5s, 30 * 24h, "No shorter silence is one. Measured in the time of the unit's source: when all of it is silent, no unit is blamed.");
  s.number("factor", r.factor, 1, 1000, "So many times the unit's usual gap.");
  return s;
}

section describe(rate_drop_rule& r) {
  section s;
  s.enabled = &r.enabled;
  s.flag("enabled", r.enabled, "Whether a unit is down when its readings come much less often than usual.");
  s.number("share", r.share, 0.01, 0.9, "Of the usual rate; below it twice in a row (a look each fifth of the least silence).");
  return s;
}

section describe(level_drop_rule& r) {
  section s;
  s.text("channel", r.channel, "Pattern over `<unit>/<channel>`.", forms::not_empty).required();
  s.number("share", r.share, 0.01, 0.9, "Of the usual level of |reading|.");
  s.span("hold", r.hold, 0s, 1h, "So long below it. Judged while the unit is productive or its state unknown.");
  return s;
}

section describe(downtime_rule& r) {
  section s;
  s.group("silence", describe(r.silence), "No readings.");
  s.group("rate", describe(r.rate), "Few readings.");
  s.list(
      "levels", r.levels, 16, [] { return level_drop_rule{}; }, [](level_drop_rule& l) { return describe(l); }, "Readings that fell.");
  s.choice("unscheduled", r.unscheduled, {"info", "warning", "critical"}, "Severity of unscheduled downtimes; silence and falls are such.");
  s.choice("scheduled", r.scheduled, {"info", "warning", "critical"}, "Severity of scheduled ones.");
  return s;
}

section describe(state_level& l) {
  section s;
  s.text("name", l.name, "Of the state.", forms::simple_name).required();
  s.number("from", l.from, -1e300, 1e300, "Lowest value of the state.");
  return s;
}

section describe(channel_state_rule& r) {
  section s;
  s.text("channel", r.channel, "Pattern over `<unit>/<channel>`.", forms::not_empty).required();
  s.text("name", r.name, "Of the states together.", forms::simple_name).required();
  s.list(
      "levels", r.levels, 32, [] { return state_level{}; }, [](state_level& l) { return describe(l); },
      "Named levels, rising; below the first it is `below`. Empty = the value itself.");
  s.number("deadband", r.deadband, 0, 1e300, "With levels: so far beyond its border a state is left. Without: what is no change.");
  return s;
}

section describe(join_rule& r) {
  section s;
  s.text("name", r.name, "Of the join.", forms::simple_name).required();
  s.text("left", r.left, "Pattern over `<unit>/<channel>`; events are `<unit>/event:<kind>`.", forms::not_empty).required();
  s.text("right", r.right, "One channel, `<unit>/<channel>`.", forms::not_empty).required();
  s.span("within", r.within, 1ms, 24h, "Older values of the right side are none.");
  return s;
}

section describe(pattern_rule& r) {
  section s;
  s.text("name", r.name, "Of the pattern.", forms::simple_name).required();
  s.choice("kind", r.kind, {"sequence", "absence", "count"},
           "`sequence`: one after the other. `absence`: the first without one of the others; of one alone: that it stops coming. "
           "`count`: `count` of any of them.");
  s.texts("of", r.of, "Patterns over what happens: `<kind>:<detail>` or `<kind>:<module or channel>/<detail>`, as in `alarm_set:E12`.", forms::not_empty)
      .required();
  s.span("within", r.within, 10ms, 30 * 24h, "The time-out.");
  s.whole("count", r.count, 2, 10'000, "For `count`.");
  s.choice("severity", r.level, {"info", "warning", "critical"}, "Of the symptom `event_pattern`.");
  s.text("text", r.text, "What it means, for people.");
  return s;
}

section describe(quality_rule& r) {
  section s;
  s.enabled = &r.enabled;
  s.flag("enabled", r.enabled, "Whether the quality of the sources of readings is measured.");
  s.number("least", r.least, 0, 1, "Below it the symptom `quality_low` is raised.");
  s.number("clear", r.clear, 0, 1, "From it on it is over.");
  s.flag("filter", r.filter, "Whether readings of a source that is low are left out.");
  s.span("window", r.window, 1s, 1h, "What is measured at once.");
  s.span("timely", r.timely, 1ms, 24h, "Readings older than that on arrival are late; in a recording, older than the newest.");
  s.whole("stuck", r.stuck, 2, 1'000'000'000, "So many equal readings in a row, of a channel that varied before, are stuck.").unit("readings");
  s.choice("severity", r.level, {"info", "warning", "critical"}, "Of the symptom.");
  return s;
}

std::optional<keys::complaint> share(std::string_view text) {
  if (share_of(text)) return std::nullopt;
  return keys::complaint{keys::quote(text) + " is no share", "write a number from 0 to 1, as in 0.95"};
}

} // namespace

void describe_units(equipment_rules& r, section& s) {
  s.texts("quantiles", r.quantiles, "Of every window, as in [0.5, 0.95, 0.99]; empty = none. Rank error at most 1 % for windows below 100 000 readings.", share);
  s.group("alarms", describe(r.alarms), "Alarms that the equipment sets itself.");
  s.group("downtime", describe(r.downtime), "When a unit is down, beside its E10 state.");
  s.list(
      "states", r.states, 64, [] { return channel_state_rule{}; }, [](channel_state_rule& c) { return describe(c); },
      "Channels as streams of state changes.");
  s.list(
      "joins", r.joins, 16, [] { return join_rule{}; }, [](join_rule& j) { return describe(j); },
      "As-of joins: to each reading or event the newest value of another channel.");
  s.list(
      "patterns", r.patterns, 64, [] { return pattern_rule{}; }, [](pattern_rule& p) { return describe(p); },
      "Patterns over the events, state changes and anomalies of a unit.");
  s.group("quality", describe(r.quality), "How good the input is.");
}

} // namespace tocsin

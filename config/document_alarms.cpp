// The keys of alarms: what is said of each condition, what suppresses what, when an alarm chatters
// or is stale.
#include "config/document.hpp"
#include "config/forms.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

using keys::section;

/// "" stands for `by_severity`: YAML has no good word for nothing.
void describe_priority(section& s, std::string& to) {
  static const std::vector<std::string_view> names{"by_severity", "low", "medium", "high",
                                                   "highest"};
  s.keys.push_back(
      {"priority",
       "`by_severity`: info is low, warning medium, critical high.",
       {},
       {},
       false,
       keys::choice_value{
           names, [&to](std::size_t i) { to = i == 0 ? std::string{} : std::string{names[i]}; },
           [&to] {
             std::size_t i = names.size() - 1;
             while (i > 0 && names[i] != to) --i;
             return i;
           }}});
}

section describe(condition_rule& c) {
  section s;
  describe_priority(s, c.priority);
  s.flag("latched", c.latched, "Kept when it is over, until somebody resets it.");
  s.span("on_delay", c.on_delay, 0s, year, "Said only when it is still open after so long.");
  s.span("off_delay", c.off_delay, 0s, year,
         "Its end is said only when it has not come again for so long.");
  s.text("cause", c.cause, "Response text: what it usually is.");
  s.text("consequence", c.consequence, "Response text: what happens if nobody does anything.");
  s.text("action", c.action, "Response text: what to do.");
  s.text("time_to_respond", c.time_to_respond, "Response text: how long there is for it.");
  return s;
}

section describe(suppression_rule& r) {
  section s;
  s.text("name", r.name, "Unique; shown with what it suppresses.", forms::simple_name).required();
  s.text("when", r.when, "Pattern over `<kind> <subject>` of an open incident; `*` and `?`.",
         forms::alarm_pattern)
      .required();
  s.text("what", r.what,
         "Pattern of the alarms that are suppressed meanwhile. What matches `when` never is.",
         forms::alarm_pattern)
      .required();
  return s;
}

} // namespace

void describe(alarm_rules& r, section& root) {
  section alarms;
  alarms
      .whole("chatter_count", r.chatter_count, 2, limits::alarm_recent_max,
             "An alarm that becomes active so often within `chatter_window` chatters.")
      .unit("times");
  alarms.span(
      "chatter_window", r.chatter_window, 1s, 7 * 24h,
      "It ceases to chatter after so long without a further time; meanwhile its end is not said.");
  alarms.span("stale_after", r.stale_after, 1min, year,
              "Active for longer is stale in the report.");
  alarms.span("fleeting_below", r.fleeting_below, 0s, 24h,
              "Over within less and before anybody acknowledged is fleeting in the report.");
  root.group("alarms", std::move(alarms), "What the report of the alarms calls by name.");
  section conditions;
  for (condition_rule& c : r.conditions)
    conditions.group(to_text(c.kind), describe(c), "What is said of it, and when.");
  root.group("conditions", std::move(conditions),
             "Priority, delays and response text of each condition; docs/operating.md has more.");
  root.list(
      "suppressions", r.suppressions, limits::suppressions_max, [] { return suppression_rule{}; },
      [](suppression_rule& s) { return describe(s); },
      "Suppressed by design: what nobody needs to hear while something else is open.");
}

} // namespace tocsin

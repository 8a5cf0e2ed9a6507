// The keys of the routing: routes, inhibitions, time intervals.
#include "config/document.hpp"
#include "config/interval_text.hpp"
#include "core/limits.hpp"

namespace tocsin {

using keys::section;

namespace {

section describe(escalation_step& e) {
  section s;
  s.span("after", e.after, 1s, year,
         "Since the first notification of the incident by this route; nobody has acknowledged it "
         "until then.")
      .required();
  s.text("receiver", e.receiver, "Who is told then, too.").required();
  return s;
}

section describe(inhibit_settings& i) {
  section s;
  s.text("name", i.name, "Said with what it mutes; \"\" = its place, as in `inhibit/0`.");
  s.texts("source_matchers", i.source_matchers, "Incidents that mute while they are open.",
          forms::matchers)
      .required();
  s.texts("target_matchers", i.target_matchers, "Incidents that are muted.", forms::matchers)
      .required();
  s.texts("equal", i.equal, "Labels that must be the same on both; a missing one is empty.",
          forms::label_name);
  return s;
}

section describe(times_settings& t) {
  section s;
  s.text("start_time", t.start, "First minute, `HH:MM`.", forms::time_of_day);
  s.text("end_time", t.end, "End, `HH:MM`, exclusive; `24:00` = midnight.", forms::time_of_day);
  return s;
}

section describe(interval_settings& i) {
  section s;
  s.list(
      "times", i.times, limits::interval_ranges_max, [] { return times_settings{}; },
      [](times_settings& t) { return describe(t); }, "Times of day; none = all day.");
  s.texts("weekdays", i.weekdays, "`monday:friday`, `sunday`.", forms::weekdays);
  s.texts("days_of_month", i.days_of_month, "`1:5`; `-3:-1` = the last three days.",
          forms::days_of_month);
  s.texts("months", i.months, "`january:march`, `12`.", forms::months);
  s.texts("years", i.years, "`2026`, `2026:2028`.", forms::years);
  s.text("location", i.location, "Time zone of all of this, `Europe/Berlin`.", forms::zone_name);
  return s;
}

section describe(calendar_settings& c) {
  section s;
  s.text("name", c.name, "Unique; what routes refer to.").required();
  s.list(
      "time_intervals", c.intervals, limits::intervals_max, [] { return interval_settings{}; },
      [](interval_settings& i) { return describe(i); },
      "The calendar holds when one of them does; all parts of it that are given must hold.");
  return s;
}

} // namespace

section describe(route_settings& r) {
  section s;
  s.definition = "route";
  s.text("receiver", r.receiver, "Who is told; inherited. Required in the root.");
  s.texts(
      "matchers", r.matchers,
      "What an incident's labels must match, all of them; `=`, `!=`, `=~`, `!~`. Not in the root.",
      forms::matchers);
  s.flag("continue", r.go_on,
         "Whether the routes after this one are tried as well. Not in the root.");
  s.texts("group_by", r.group_by,
          "Labels that are the same for all incidents of one notification; `[...]` or none = every "
          "incident by itself. Inherited.",
          forms::group_label);
  s.span("group_wait", r.group_wait, 0s, 24h,
         "How long a new group gathers before it is told. Inherited.");
  s.span("group_interval", r.group_interval, 0s, year,
         "Least time between two notifications of a group that changed. Inherited.");
  s.span("repeat_interval", r.repeat_interval, 0s, year,
         "After so long it is told again although nothing changed; 0s = never. Inherited.");
  s.texts("mute_time_intervals", r.mute, "While one of these calendars holds, nobody is told.");
  s.texts("active_time_intervals", r.active,
          "Somebody is told only while one of these calendars holds.");
  s.list(
      "escalation", r.escalation, limits::escalations_max,
      [] {
        return escalation_step{{}, {}};
      },
      [](escalation_step& e) { return describe(e); },
      "Who else is told when nobody acknowledges. Inherited; `[]` = nobody.");
  s.list(
      "routes", r.routes, limits::routes_max,
      [&r] {
        route_settings child;
        child.receiver = r.receiver;
        child.group_by = r.group_by;
        child.group_wait = r.group_wait;
        child.group_interval = r.group_interval;
        child.repeat_interval = r.repeat_interval;
        child.escalation = r.escalation;
        return child;
      },
      [](route_settings& c) { return describe(c); },
      "Tried in order before this route speaks itself; the first one that matches wins, unless it "
      "continues. "
      "Nested 8 levels deep at most.");
  return s;
}

void describe(routing_settings& r, section& root) {
  root.group(
      "route", describe(r.route),
      "Who is told of which incidents. Without it every receiver is told of everything, by its own "
      "`least` and `send_closed`.");
  root.list(
      "inhibit_rules", r.inhibit, limits::inhibit_rules_max, [] { return inhibit_settings{}; },
      [](inhibit_settings& i) { return describe(i); }, "Which open incidents mute which others.");
  root.list(
      "time_intervals", r.calendars, limits::calendars_max, [] { return calendar_settings{}; },
      [](calendar_settings& c) { return describe(c); },
      "Calendars that routes refer to in mute_time_intervals and active_time_intervals.");
}

} // namespace tocsin

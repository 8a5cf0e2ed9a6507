#include "core/equipment_title.hpp"

#include <cmath>
#include <cstdio>

#include "core/group_state.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {

/// Without its sort: "etch7/ch1.pressure".
std::string name_of(const std::string& subject) {
  const std::size_t slash = subject.find('/');
  return slash == std::string::npos ? subject : subject.substr(slash + 1);
}

std::string text_of(const incident& i, std::string_view name) {
  const auto* text = fact_of<std::string>(i.facts, name);
  return text ? *text : std::string{};
}

/// What a detector has found, in words.
std::string finding(const std::string& detector) {
  if (detector == "spike") return "a single reading far out";
  if (detector == "shift") return "its level has shifted";
  if (detector == "small_shift") return "its level drifts";
  if (detector == "spread_up") return "it scatters more than it did";
  if (detector == "spread_down") return "it scatters less than it did";
  if (detector == "stuck") return "it is stuck at one value";
  if (detector == "oscillation") return "it oscillates";
  return "it behaves unlike its past";
}

/// "; 2 more of etch7": who else is concerned.
std::string others(const incident& i) {
  if (i.member_count < 2) return {};
  return "; " + std::to_string(i.member_count - 1) + " more of " + name_of(i.group);
}

std::string sensor(const incident& i) {
  std::string text = name_of(i.because.subject) + ": " + finding(text_of(i, "detector"));
  if (const auto* p = fact_of<double>(i.facts, "probability")) {
    char percent[24];
    std::snprintf(percent, sizeof percent, " (%.0f %%)", std::floor(*p * 100));
    text += percent;
  }
  return text + others(i);
}

std::string group_of_channels(const incident& i) {
  const std::string fault = text_of(i, "known_fault"), carried = text_of(i, "contributions");
  std::string text = name_of(i.because.subject) + ": ";
  if (!fault.empty()) return text + "looks like " + fault + others(i);
  text += "its channels do not go together as they did";
  if (!carried.empty()) text += ", most of all " + carried.substr(0, carried.find(' '));
  return text + others(i);
}

std::string down(const incident& i, bool over) {
  std::string text = name_of(i.because.subject) + (over ? " was down" : " is down");
  for (const char* cause : {"state", "silence", "rate", "level"}) {
    const std::string why = text_of(i, cause), e10 = text_of(i, std::string{cause} + "_e10");
    if (!why.empty()) return text + ": " + why + (e10 == "scheduled_down" ? " (scheduled)" : "");
  }
  return text;
}

std::string alarm(const incident& i) {
  const auto* active = fact_of<std::int64_t>(i.facts, "active");
  std::string text = name_of(i.because.subject) + " has set alarm " + text_of(i, "alarm_1");
  if (active && *active > 1) text += " and " + std::to_string(*active - 1) + " more";
  return text;
}

/// The part of the score that is worst.
std::string quality(const incident& i) {
  std::string worst;
  double least = 2;
  for (const char* part : {"completeness", "validity", "timeliness", "uniqueness", "liveness"})
    if (const auto* x = fact_of<double>(i.facts, part); x && *x < least) least = *x, worst = part;
  char number[32];
  std::snprintf(number, sizeof number, " %.0f %%", std::floor(least * 100));
  return "Data of " + name_of(i.because.subject) + " cannot be relied on" + (worst.empty() ? "" : ": " + worst + number);
}

} // namespace

std::string equipment_title(const incident& i, bool over) {
  const std::string who = name_of(i.because.subject);
  switch (i.because.kind) {
  case cause_kind::sensor_anomaly: return sensor(i);
  case cause_kind::group_anomaly: return group_of_channels(i);
  case cause_kind::control_violation:
    return who + " is out of control on chart " + text_of(i, "chart") + ": " + text_of(i, "rules") + others(i);
  case cause_kind::equipment_down: return down(i, over);
  case cause_kind::equipment_alarm: return alarm(i);
  case cause_kind::event_pattern: return who + ": " + text_of(i, "hold") + (text_of(i, "text").empty() ? "" : ", " + text_of(i, "text"));
  default: return quality(i);
  }
}

} // namespace tocsin

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
  const std::string reason = text_of(i, "reason"), state = text_of(i, "class");
  if (i.member_count > 1) return std::to_string(i.member_count) + " units " + (over ? "were" : "are") + " down";
  std::string text = name_of(i.because.subject) + (over ? " was down" : " is down");
  if (!state.empty()) text += " (" + state + ")";
  return reason.empty() ? text : text + ": " + reason;
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
  case cause_kind::equipment_alarm: return who + " set alarm " + text_of(i, "alarm") + ": " + text_of(i, "text");
  case cause_kind::event_pattern: return who + ": " + text_of(i, "pattern") + (text_of(i, "text").empty() ? "" : ", " + text_of(i, "text"));
  default: return "Data of " + who + " cannot be relied on: " + text_of(i, "reason");
  }
}

} // namespace tocsin

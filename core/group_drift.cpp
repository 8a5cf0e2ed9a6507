// Configuration drift: members whose version or reliability interval is unlike the majority's.
#include <algorithm>
#include <cstdio>

#include "core/group.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
/// The value that more than half of those known have; `unknown` when there is none.
template <class Value>
Value majority_of(const std::map<Value, std::size_t>& counts, const Value& unknown,
                  std::size_t members_min) {
  std::size_t known = 0;
  for (const auto& [value, n] : counts) known += value == unknown ? 0 : n;
  if (known < std::max<std::size_t>(members_min, 2)) return unknown;
  for (const auto& [value, n] : counts)
    if (value != unknown && 2 * n > known) return value;
  return unknown;
}

std::string seconds(double s) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", s);
  return text;
}
} // namespace

void group::look_for_drift(timestamp at, group_output& out) {
  const std::string version = majority_of(versions_, std::string{}, rules_->drift_members_min);
  const double reliability = majority_of(reliabilities_, 0.0, rules_->drift_members_min);
  std::vector<std::string> changed;
  auto drifts_in_version = [&](const group_member& m) {
    return rules_->config_drift && m.seen && !version.empty() && !m.version.empty() &&
           m.version != version;
  };
  auto drifts_in_reliability = [&](const group_member& m) {
    return rules_->config_drift && m.seen && reliability > 0 && m.reliability_s > 0 &&
           m.reliability_s != reliability;
  };
  for (const auto& [subject, m] : members_) {
    const bool raised = m.trouble && m.trouble->find(symptom_kind::config_drift);
    if (raised || drifts_in_version(m) || drifts_in_reliability(m)) changed.push_back(subject);
  }
  std::ranges::sort(changed);
  for (const std::string& subject : changed) {
    group_member& m = members_.at(subject);
    const bool v = drifts_in_version(m), r = drifts_in_reliability(m);
    const char* both = v && r ? ", " : "";
    drift(subject, m, (v ? version : "") + both + (r ? seconds(reliability) : ""),
          (v ? m.version : "") + both + (r ? seconds(m.reliability_s) : ""),
          v && r ? "version, reliability interval"
          : v    ? "version"
          : r    ? "reliability interval"
                 : "",
          at, out);
  }
}

/// Says the symptom of one member when it is new, another one, or over (`what` is empty).
void group::drift(const std::string& subject, group_member& m, std::string majority,
                  std::string own, std::string what, timestamp at, group_output& out) {
  const held_symptom* held = m.trouble ? m.trouble->find(symptom_kind::config_drift) : nullptr;
  symptom s{at, subject, symptom_kind::config_drift, symptom_state::raised, severity::warning,
            at, {}};
  if (held) {
    const std::string* before = fact_of<std::string>(held->facts, "own");
    const std::string* others = fact_of<std::string>(held->facts, "majority");
    if (!what.empty() && before && *before == own && others && *others == majority) return;
    s.since = held->since;
    s.state = what.empty() ? symptom_state::cleared : symptom_state::changed;
  }
  if (what.empty())
    s.facts = held->facts;
  else
    s.facts = {
        {"what", std::move(what)}, {"majority", std::move(majority)}, {"own", std::move(own)}};
  take(s);
  out.symptoms.push_back(std::move(s));
}

} // namespace tocsin

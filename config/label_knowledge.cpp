// Tries matchers on every value that severity and alertname can have.
#include "config/label_knowledge.hpp"

#include <algorithm>

namespace tocsin {

namespace {

const std::vector<std::string>& severities() {
  static const std::vector<std::string> all{"info", "warning", "critical"};
  return all;
}

const std::vector<std::string>& alert_names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (int k = 0; k <= static_cast<int>(cause_kind::sight_lost); ++k)
      names.emplace_back(to_text(static_cast<cause_kind>(k)));
    return names;
  }();
  return all;
}

/// All values of a label that every incident has; null for other labels.
const std::vector<std::string>* values_of(std::string_view label) {
  if (label == "severity") return &severities();
  if (label == "alertname") return &alert_names();
  return nullptr;
}

bool all_match(const std::vector<matcher>& all, std::string_view label, const std::string& value) {
  return std::all_of(all.begin(), all.end(),
                     [&](const matcher& m) { return m.name() != label || m.matches_value(value); });
}

} // namespace

label_knowledge::label_knowledge(const std::vector<expected_daemon>& inventory)
    : names_(own_labels.begin(), own_labels.end()) {
  for (const expected_daemon& e : inventory)
    for (const auto& [name, value] : e.labels)
      if (!value.empty()) names_.insert(name);
}

std::optional<keys::complaint> label_knowledge::unknown(const std::string& name) const {
  if (names_.contains(name)) return std::nullopt;
  const auto near = keys::nearest(name, {names_.begin(), names_.end()});
  return keys::complaint{"no incident has a label " + keys::quote(name),
                         near ? "did you mean '" + *near + "'?"
                              : "give it to daemons of the inventory, as a label"};
}

std::optional<keys::complaint> label_knowledge::pointless(const matcher& m) const {
  if (auto wrong = unknown(m.name())) {
    wrong->text += m.matches_value({}) ? ": it always matches" : ": it never matches";
    return wrong;
  }
  const auto* values = values_of(m.name());
  if (!values) return std::nullopt;
  const auto count = std::count_if(values->begin(), values->end(),
                                   [&](const auto& v) { return m.matches_value(v); });
  const bool all = count == static_cast<std::ptrdiff_t>(values->size());
  // ".*" is a usual way of writing "any".
  if (count > 0 && !(all && m.how() == matcher::comparison::not_equal)) return std::nullopt;
  const auto near = keys::nearest(m.value(), *values);
  std::string remedy = near ? "did you mean '" + *near + "'?"
                       : m.name() == "severity"
                           ? "severities are info, warning and critical"
                           : "alert names are those of the conditions in docs/operating.md";
  return keys::complaint{m.text() + (all ? " always matches" : " never matches"),
                         std::move(remedy)};
}

bool label_knowledge::possible(const std::vector<matcher>& all) const {
  for (const auto* label : {"severity", "alertname"}) {
    const auto& values = *values_of(label);
    if (std::none_of(values.begin(), values.end(),
                     [&](const auto& v) { return all_match(all, label, v); }))
      return false;
  }
  for (const matcher& m : all) {
    if (values_of(m.name())) continue;
    // A value that is named must fit everything else that is asked of the label.
    if (m.how() == matcher::comparison::equal && !all_match(all, m.name(), m.value())) return false;
  }
  return true;
}

std::optional<severity> label_knowledge::worst(const std::vector<matcher>& all) const {
  for (std::size_t i = severities().size(); i-- > 0;)
    if (all_match(all, "severity", severities()[i])) return static_cast<severity>(i);
  return std::nullopt;
}

} // namespace tocsin

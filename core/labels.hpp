// Labels of an incident: the names and values by which it is routed, grouped, silenced and inhibited.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/incident.hpp"
#include "core/rules.hpp"

namespace tocsin {

/// Sorted by name; names are unique; no value is empty.
using label_set = std::vector<std::pair<std::string, std::string>>;

/// Names that are ours alone: an inventory's label of such a name is not taken, even where ours is not set.
inline constexpr std::array<std::string_view, 9> own_labels{"alertname", "group",   "host",    "incident", "network",
                                                            "service",   "severity", "subject", "vantage"};

/// alertname (the cause's kind), severity, incident, subject, group; where subject or group tell them: host, service,
/// network, vantage; and the labels that the inventory of `rules` (may be null) gives the daemon. A label of the
/// inventory never replaces one of ours.
label_set labels_of(const incident& i, const rule_book* rules);

/// "" for a label that is not there: a missing label is an empty one.
std::string_view value_of(const label_set& labels, std::string_view name);

} // namespace tocsin

// The settings while they are read: rules and overrides still as plain structs, and the table over
// all of it.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"
#include "config/table.hpp"

namespace tocsin {

inline constexpr duration year = 365 * 24h; ///< the most that a time may be

/// `overrides[i]` of the file: rules for the daemons a pattern matches.
struct override_settings {
  std::string match;
  daemon_rules rules;
};

struct document {
  settings value;
  daemon_rules rules;
  std::vector<override_settings> overrides;
};

/// Every key, bound to `d`. A new source starts from d's formats and a new override from d's rules:
/// walk the table in its order. `d` must outlive the table.
keys::section describe(document& d);

keys::section describe(daemon_rules& r);
keys::section describe(group_rules& r);
keys::section describe(channel_options& o);
keys::section describe(json_mapping& m);
keys::section describe(source_settings& s);
keys::section describe(kafka_output& k);
keys::section describe(cluster_settings& c);
/// Adds what only sources of kind kafka have.
void describe_kafka(source_settings& s, keys::section& keys);
keys::section describe(receiver_settings& r);
keys::section describe(expected_daemon& e);
keys::section describe(route_settings& r);
keys::section describe(self_settings& s);
keys::section describe(equipment_rules& r);
keys::section describe(watch_rules& r);
keys::section describe(sample_mapping& m);
/// Adds what concerns units as a whole, and sources, to the keys of equipment.
void describe_units(equipment_rules& r, keys::section& equipment);
/// Adds route, inhibit_rules and time_intervals to the root.
void describe(routing_settings& r, keys::section& root);
/// Adds alarms, conditions and suppressions to the root; the conditions must not move afterwards.
void describe(alarm_rules& r, keys::section& root);

/// The document that gives these settings; overrides hold all rules, not only those that differ.
document document_of(const settings& s);
/// Fills `rules` (global, patterns, version) and what is derived from other keys.
settings finish(document d);
/// Every key that has a value, one "path: value" per line: the same text for the same meaning.
std::string canonical_text(document d);

} // namespace tocsin

// The checks that need more than one key: orders, duplicates, what a kind needs, patterns against
// the inventory.
#pragma once

#include "config/load.hpp"

namespace tocsin {

/// "sources[2]"
inline std::string indexed(const std::string& list, std::size_t i) { return list + '[' + std::to_string(i) + ']'; }

void check_rules(const document& d, const given_keys& given, problem_list& problems);
void check_sources(document& d, const given_keys& given, problem_list& problems);
/// What is written to Kafka has brokers; secrets are not written into properties.
void check_kafka(const document& d, const given_keys& given, problem_list& problems);
/// A node has a name and a place to be asked at, which is not in the clear for other machines.
void check_cluster(const document& d, const given_keys& given, problem_list& problems);
void check_receivers(const document& d, const given_keys& given, problem_list& problems);
/// Also notes whether there is a `route:`, and sets the matchers of routes that are too many aside.
void check_routing(document& d, const given_keys& given, problem_list& problems);
/// Suppressions that match nothing, names given twice.
void check_alarms(const document& d, const given_keys& given, problem_list& problems);
/// Canary and beat: times that do not fit together, nobody to tell.
void check_self(const document& d, const given_keys& given, problem_list& problems);
/// Points of windows that are not there, signatures of no group.
void check_watch(const document& d, const given_keys& given, problem_list& problems);
/// Windows that cannot be cut into equal pieces.
void check_equipment(const document& d, const given_keys& given, problem_list& problems);
/// Joins, states and patterns that cannot work.
void check_units(const document& d, const given_keys& given, problem_list& problems);
void check_inventory(const document& d, const given_keys& given, problem_list& problems);
/// Files that are named but are not there, or secrets that everybody can read. Looks at the disk.
void check_files(const document& d, const given_keys& given, problem_list& problems);

} // namespace tocsin

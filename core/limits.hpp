// Every bound of the system in one place, with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tocsin::limits {

inline constexpr std::size_t rv_message_bytes_max = 1 << 20;   ///< advisories are below 4 KiB; 1 MiB is generous
inline constexpr int rv_nesting_max = 16;                      ///< real advisories nest once
inline constexpr std::size_t rv_fields_max = 4096;             ///< a message with more is an attack
inline constexpr std::size_t text_message_bytes_max = 1 << 20; ///< a wrapped tibrvlisten message that never closes its brace
inline constexpr std::size_t json_line_bytes_max = 1 << 20;    ///< same for one JSON line
inline constexpr std::size_t subject_bytes_max = 255;          ///< of Rendezvous
inline constexpr std::size_t host_bytes_max = 64;              ///< host label: an address or a house name
inline constexpr std::size_t label_bytes_max = 128;            ///< service, network, version
inline constexpr std::size_t batch_records_max = 1024;         ///< one poll's worth: latency against overhead
inline constexpr std::size_t credit_batches_max = 8;           ///< batches in flight on every edge
inline constexpr std::size_t daemons_max = 2'000'000;          ///< a hostile feed must not fill the memory with inventions
inline constexpr std::size_t daemons_per_host_max = 256;       ///< services of one host
inline constexpr std::size_t incident_members_max = 1000;      ///< listed by name; the rest is counted
inline constexpr std::size_t storm_reporters_max = 256;        ///< daemons heard as witnesses of a storm: their ranking is quadratic
inline constexpr std::size_t loss_peers_max = 64;              ///< peers named by one daemon's loss that are weighed
inline constexpr std::size_t quarantine_records_max = 10'000;  ///< kept with their bytes
inline constexpr std::size_t template_bytes_max = 256 << 10;    ///< of a template's file
inline constexpr std::size_t template_output_max = 1 << 20;     ///< of what it gives: mail servers take so much
inline constexpr std::size_t template_steps_max = 200'000;      ///< tags and texts of one rendering: some milliseconds
inline constexpr std::size_t template_nesting_max = 16;         ///< sections within sections
inline constexpr std::size_t delivery_queue_max = 10'000;      ///< notifications of one receiver held in memory; the rest waits on disk
inline constexpr std::uint32_t ledger_attempts_max = 200;      ///< newest attempts kept per notification: two days of retries
inline constexpr std::size_t answer_bytes_max = 400;           ///< of a receiver's answer, kept in the ledger
inline constexpr std::size_t stream_connections_max = 64;      ///< peers of one listening TCP source, each with its buffers
inline constexpr std::size_t http_body_bytes_max = 1 << 20;
inline constexpr std::size_t vantages_max = 64;                ///< bits of a daemon's "heard through" mask
inline constexpr std::size_t config_bytes_max = 8 << 20;       ///< an inventory of 50,000 daemons fits
inline constexpr std::size_t config_nesting_max = 32;          ///< routes nest: two levels each
inline constexpr std::size_t config_nodes_max = 1'000'000;     ///< aliases expanded: stops alias bombs
inline constexpr std::size_t config_text_bytes_max = 4096;     ///< one value: a path, a URL
inline constexpr std::size_t config_overrides_max = 10'000;    ///< each holds a full set of rules
inline constexpr std::size_t config_receivers_max = 1000;      ///< each has a thread of its own
inline constexpr std::size_t config_problems_max = 1000;       ///< nobody reads more
inline constexpr std::size_t silences_max = 1000;              ///< matched against every incident
inline constexpr std::size_t notification_incidents_max = 100; ///< told in one notification of a group
inline constexpr std::size_t digest_incidents_max = 500;       ///< told in one digest; the rest is counted
inline constexpr std::size_t flood_times_max = 1000;           ///< remembered to see the end of a flood
inline constexpr std::size_t command_bytes_max = 1000;         ///< an operator's command, encoded: fits a record's `peer`
inline constexpr std::size_t alarms_max = 100'000;             ///< alarms of a node, those that are normal again included
inline constexpr std::size_t alarm_incidents_max = 64;         ///< incidents of one alarm open at once that are known by id
inline constexpr std::size_t alarm_recent_max = 16;            ///< activations remembered to see chatter
inline constexpr std::size_t service_orders_max = 1000;        ///< out-of-service orders in force: each is a glob tried on every alarm
inline constexpr std::size_t suppressions_max = 1000;          ///< rules, each with two globs tried on every alarm
inline constexpr std::size_t kpi_episodes_max = 50'000;        ///< of a week: 7,000 alarms a day is 50 times what a person can bear
inline constexpr std::size_t kpi_receivers_max = 1000;         ///< each with its bins
inline constexpr std::size_t explain_records_max = 20;         ///< shown of an incident: half before it, half since
inline constexpr std::size_t explain_scan_max = 5'000'000;     ///< records of the journal looked at for them: some seconds
inline constexpr std::size_t explain_history_max = 100;        ///< newest decisions shown per receiver
inline constexpr std::size_t label_name_bytes_max = 128;       ///< name of a label in a matcher
inline constexpr std::size_t matcher_bytes_max = 4096;         ///< one matcher as text: a long list of hosts
inline constexpr std::size_t matchers_max = 64;                ///< of one route, side of an inhibition or silence
inline constexpr std::size_t expression_bytes_max = 1 << 18;   ///< of one compiled regular expression: 4000 characters of it
inline constexpr std::size_t routes_max = 1000;                ///< in the whole tree
inline constexpr std::size_t route_depth_max = 8;              ///< levels below the root: recursion
inline constexpr std::size_t escalations_max = 16;             ///< steps of one route
inline constexpr std::size_t inhibit_rules_max = 1000;         ///< each is tried against every open incident
inline constexpr std::size_t calendars_max = 200;
inline constexpr std::size_t intervals_max = 64;               ///< of one calendar
inline constexpr std::size_t interval_ranges_max = 64;         ///< of one part of an interval: times, weekdays …
inline constexpr std::size_t time_zone_bytes_max = 64 * 1024;  ///< the largest of tzdata is below 4 KiB
inline constexpr std::size_t time_zone_changes_max = 4096;     ///< 1970 to 2100, two a year, and a wide margin
inline constexpr std::size_t series_columns_max = 4096;        ///< of one CSV: channels of one unit, generously
inline constexpr std::size_t series_line_bytes_max = 1 << 20;  ///< 4096 numbers in full precision are 100 KiB

} // namespace tocsin::limits

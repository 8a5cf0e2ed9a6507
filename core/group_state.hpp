// What a group remembers of its members and of its open incidents.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/incident.hpp"

namespace tocsin {

/// Symptoms of one family on one daemon are one matter: a daemon is in at most one open incident of
/// each.
enum class symptom_family : std::uint8_t {
  liveness,  ///< heartbeat_late, heartbeat_lost, daemon_stopped, daemon_restarted, host_rebooted
  loss,      ///< data_loss_*, retransmission_*, hidden_loss
  clients,   ///< clients_high, clients_critical, clients_limit_forecast
  inventory, ///< inventory_missing, inventory_unknown
  drift,     ///< config_drift
  clock,     ///< clock_skew
  self,      ///< self_check
  sensor,    ///< sensor_anomaly, group_anomaly, control_violation
  downtime,  ///< equipment_down
  event,     ///< equipment_alarm, event_pattern
  quality,   ///< quality_low
};
inline constexpr std::size_t symptom_family_count = 11;
constexpr std::size_t index(symptom_family f) { return static_cast<std::size_t>(f); }

symptom_family family_of(symptom_kind kind);
/// Which of two kinds of one family is the worse; greater = worse.
int weight_of(symptom_kind kind);
/// A late heartbeat is evidence; it opens nothing, whatever its severity. Nor does anything of
/// severity info.
bool opens_incident(symptom_kind kind, severity level);

/// A symptom that is raised now.
struct held_symptom {
  symptom_kind kind;
  severity level;
  bool ripe = false; ///< its wait is over, or it belongs to an open incident
  bool explained =
      false; ///< another incident already says it (a restart that ended a segment's silence)
  timestamp since, at;   ///< raised; last raised or changed
  timestamp due = never; ///< its verdict
  evidence facts;

  bool counts() const { return !explained && opens_incident(kind, level); }
};

/// Only a member with a raised symptom, a seat in an incident or a verdict to come has this.
struct member_trouble {
  std::vector<held_symptom> raised;
  std::array<std::string, symptom_family_count> in; ///< id of the open incident; empty = none
  std::array<timestamp, symptom_family_count> due;  ///< appointment for a verdict; never = none
  std::uint8_t postponed = 0; ///< times a regained sight has put off the verdict

  member_trouble() { due.fill(never); }
  held_symptom* find(symptom_kind kind);
  const held_symptom* find(symptom_kind kind) const;
  bool idle() const;
};

struct group_member {
  std::string version;
  double reliability_s = 0, period_s = 0;
  std::uint64_t vantages = 0;
  bool seen = false; ///< has described itself; an inventory's daemon that never came has not
  timestamp silent_from = never; ///< last heard, while late or lost
  std::unique_ptr<member_trouble> trouble;
};

struct open_incident {
  std::string id;
  symptom_family family;
  bool shared =
      false; ///< of several daemons: said again at most once per `wait`, unless it gets worse
  std::uint32_t revision = 0;
  severity level = severity::info;
  cause because{};
  timestamp since, newest;            ///< first and newest raise among its members
  std::optional<timestamp> until;     ///< calm since
  std::set<std::string> active, past; ///< members concerned now, and who were
  std::size_t peak = 0;               ///< most that were concerned at once
  std::size_t restarted = 0;          ///< members that came back with a new life
  timestamp said_at = unset;
  bool members_changed = false; ///< since it was last said
  /// Not saved: nobody was worse than `level` at the last look at all, so that only who changed
  /// has to be looked at; else `worst` is somebody who was.
  bool looked_at_all = false;
  std::string worst;
  timestamp refresh_at = never, close_at = never;
  std::string title;
  evidence facts;
};

/// Expected between a member's heartbeats; 90 s while nobody has said.
duration period_of(const group_member& m);

template <class T>
const T* fact_of(const evidence& facts, std::string_view name) {
  for (const fact& f : facts)
    if (f.name == name) return std::get_if<T>(&f.value);
  return nullptr;
}

/// What a group has to do at a time. Ordered: what comes first at one moment decides first.
struct appointment {
  enum class step_t : std::uint8_t { drift, verdict, refresh, close, expire };
  timestamp at;
  step_t step;
  symptom_family family;
  std::string who; ///< subject, or incident id
  auto operator<=>(const appointment&) const = default;
};

/// "I" and 12 hex digits: the same over replays and restarts.
std::string incident_id(std::string_view group, std::string_view family, std::string_view subject,
                        timestamp since, timestamp opened);

void save(writer& out, const evidence& facts);
evidence load_evidence(reader& in);
void save(writer& out, const incident& i);
incident load_incident(reader& in);
void save(writer& out, const open_incident& i);
open_incident load_open_incident(reader& in);
void save(writer& out, const group_member& m);
group_member load_member(reader& in);

} // namespace tocsin

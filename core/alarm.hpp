// The state of an alarm after ISA-18.2 / IEC 62682. An alarm is one condition of one subject; it outlives its
// incidents, so that what was shelved stays shelved when it comes again.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/incident.hpp"
#include "core/operator_command.hpp"

namespace tocsin {

enum class alarm_state : std::uint8_t {
  normal,
  unacknowledged,          ///< active, nobody has seen it
  acknowledged,            ///< active, somebody works on it
  returned_unacknowledged, ///< over, nobody has seen it
  latched_unacknowledged,  ///< over, but kept until somebody resets it
  latched_acknowledged,
  shelved,                 ///< by a person, for a time, with a reason
  suppressed,              ///< by design: a rule of the configuration
  out_of_service,          ///< maintenance
};
std::string_view to_text(alarm_state s);

/// What the configuration says about a condition.
struct condition_rule {
  cause_kind kind;
  std::string priority;                ///< low, medium, high, highest; "" = by severity
  bool latched = false;
  duration on_delay{0}, off_delay{0};  ///< said only after so long open; over only after so long closed
  std::string cause, consequence, action, time_to_respond; ///< response text shown with the incident
};
/// Suppressed by design: while any open incident's subject and cause match `when`, alarms that match `what` are
/// suppressed. Globs over alarm keys "<cause kind> <subject>".
struct suppression_rule {
  std::string name, when, what;
};
struct alarm_rules {
  std::vector<condition_rule> conditions;
  std::vector<suppression_rule> suppressions;
  std::uint32_t chatter_count = 3;     ///< activations within `chatter_window` that make an alarm chatter
  duration chatter_window = 1min;
  duration stale_after = 24h;
  const condition_rule* condition(cause_kind kind) const;
};

/// "<cause kind> <subject>"
std::string alarm_key(const incident& i);

struct alarm {
  std::string key;
  std::string incident;      ///< id of the newest
  cause_kind kind;
  std::string subject;
  severity level;
  bool active = false, acknowledged = true, latched = false;
  std::string owner, comment;///< of the acknowledgement
  timestamp acknowledged_at = unset, acknowledged_until = never;
  timestamp active_since = unset, over_since = unset;
  timestamp shelved_until = unset; ///< unset = not shelved
  std::string shelved_by, shelved_reason;
  std::string out_of_service_by;   ///< glob of the order; empty = in service
  std::string suppressed_by;       ///< name of the rule; empty = not suppressed
  std::uint32_t activations = 0;   ///< in all
  std::vector<timestamp> recent;   ///< activations within the chatter window, at most 16
  bool chattering = false;
};
alarm_state state_of(const alarm& a);

/// What an operator or the time changed about an alarm.
struct alarm_change {
  timestamp at;
  std::string key, incident;
  alarm_state from, to;
  std::string why; ///< "incident opened", "acknowledged by ann", "shelving ended", …
};

/// All alarms of a node. Bounded by limits::alarms_max; normal ones that nothing is known of are forgotten first.
class alarm_table {
public:
  explicit alarm_table(alarm_rules rules);
  void apply(const incident& i, std::vector<alarm_change>& out);
  /// The refusal of a command that names what is not there, or that its state does not allow.
  result<void> apply(const operator_command& c, timestamp at, std::vector<alarm_change>& out);
  /// Fires every deadline strictly before `now`: acknowledgements and shelvings that end, out of service that ends.
  void advance(timestamp now, std::vector<alarm_change>& out);
  timestamp next_deadline() const;
  void set_rules(alarm_rules rules);

  const alarm* find(std::string_view key) const;
  const alarm* of_incident(std::string_view incident) const;
  /// Every alarm that is not normal, by key.
  std::vector<alarm> list() const;

  void save(writer& out) const;
  result<void> load(reader& in);

private:
  struct order { ///< out of service
    std::string glob, who, comment;
    timestamp until;
  };
  alarm_rules rules_;
  std::map<std::string, alarm, std::less<>> alarms_;
  std::map<std::string, std::string, std::less<>> by_incident_;
  std::vector<order> orders_;
};

} // namespace tocsin

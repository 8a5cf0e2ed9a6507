// The state of an alarm after ISA-18.2 / IEC 62682. An alarm is one condition of one subject; it
// outlives its incidents, so that what was shelved stays shelved when it comes again.
#pragma once

#include <functional>
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
  shelved,        ///< by a person, for a time, with a reason
  suppressed,     ///< by design: a rule of the configuration
  out_of_service, ///< maintenance
};
std::string_view to_text(alarm_state s);

/// What the configuration says about a condition.
struct condition_rule {
  cause_kind kind;
  std::string priority; ///< low, medium, high, highest; "" = by severity
  bool latched = false;
  duration on_delay{0};  ///< said only after so long open
  duration off_delay{0}; ///< over only after so long closed
  /// Response text, shown with the incident.
  std::string cause, consequence, action, time_to_respond;
};
/// Suppressed by design: while any open incident's subject and cause match `when`, alarms that
/// match `what` are suppressed. Globs over alarm keys "<cause kind> <subject>".
struct suppression_rule {
  std::string name, when, what;
};
struct alarm_rules {
  std::vector<condition_rule> conditions;
  std::vector<suppression_rule> suppressions;
  /// Activations within `chatter_window` that make an alarm chatter, 2 to limits::alarm_recent_max;
  /// it ends after a whole window without one. The usual test of 3 in a minute is for signals: an
  /// incident lasts a minute at least.
  std::uint32_t chatter_count = 3;
  duration chatter_window = 10min;
  duration stale_after = 24h;     ///< active for longer: nobody needs it, or nobody cares
  duration fleeting_below = 5min; ///< over within less, and before anybody acknowledged
  const condition_rule* condition(cause_kind kind) const;
};

/// Response texts for every condition there is; nothing is latched or delayed, priorities go by
/// severity.
std::vector<condition_rule> default_conditions();
/// low, medium, high or highest: what the rules say of the condition, else by severity (info low,
/// warning medium, critical high).
std::string_view priority_of(const alarm_rules& rules, cause_kind kind, severity level);

/// "<cause kind> <subject>"
std::string alarm_key(const incident& i);

struct alarm {
  std::string key;
  std::string incident; ///< id of the newest
  cause_kind kind;
  std::string subject;
  severity level;
  bool active = false, acknowledged = true, latched = false;
  std::string owner, comment; ///< of the acknowledgement
  timestamp acknowledged_at = unset, acknowledged_until = never;
  timestamp active_since = unset, over_since = unset;
  timestamp shelved_until = unset; ///< unset = not shelved
  std::string shelved_by, shelved_reason;
  std::string out_of_service_by; ///< glob of the order; empty = in service
  std::string suppressed_by;     ///< name of the rule; empty = not suppressed
  std::uint32_t activations = 0; ///< in all
  std::vector<timestamp> recent; ///< activations within the chatter window, at most 16
  bool chattering = false;
  /// When it was acknowledged: worse than this, and it is not any more.
  severity acknowledged_level = severity::info;
  std::vector<std::string> open; ///< ids of its open incidents; at most limits::alarm_incidents_max
};
/// The first of: out of service, suppressed, shelved, and what it would be without these.
alarm_state state_of(const alarm& a);
/// The state if it were neither shelved nor suppressed nor out of service.
alarm_state activity_state(const alarm& a);
/// Shelved, suppressed or out of service: nobody is told.
bool is_hidden(alarm_state s);

/// What a change means for those who count.
enum class alarm_event : std::uint8_t {
  other,
  activated,
  ended,
  moved, ///< ended because the incident has another cause now: its trouble goes on elsewhere
  acknowledged,
};

/// What an incident, an operator or the time changed about an alarm.
struct alarm_change {
  timestamp at;
  std::string key, incident;
  alarm_state from, to;
  std::string why; ///< "incident opened", "acknowledged by ann: comment", "shelving ended", …
  severity level = severity::warning;
  bool active = false; ///< after the change
  /// All but `other` are said even when the state stays: shelved, for example.
  alarm_event what = alarm_event::other;
};

/// What is out of service by order.
struct service_order {
  std::string glob; ///< over subjects
  std::string who, comment;
  timestamp until; ///< may be never
};

/// All alarms of a node. Bounded by limits::alarms_max: those that are normal are forgotten first,
/// then those that are over and only wait to be seen; when all others are active, shelved or
/// latched, a new one is left out and counted. What it says depends on the sequence of calls alone.
/// Times must not decrease.
class alarm_table {
public:
  explicit alarm_table(alarm_rules rules);
  /// Opened, changed or closed. When its cause changes, the old alarm is over and the
  /// acknowledgement goes along to the new one, unless that is worse.
  void apply(const incident& i, std::vector<alarm_change>& out);
  /// The refusal of a command that names what is not there (errc::missing), or that its state does
  /// not allow (errc::refused). Silences are none of its business (errc::invalid).
  result<void> apply(const operator_command& c, timestamp at, std::vector<alarm_change>& out);
  /// What apply would answer, when every deadline before `at` has been fired.
  result<void> accepts(const operator_command& c, timestamp at) const;
  /// Fires every deadline strictly before `now`: acknowledgements and shelvings that end, out of
  /// service that ends.
  void advance(timestamp now, std::vector<alarm_change>& out);
  timestamp next_deadline() const;
  void set_rules(alarm_rules rules);
  /// Says what other suppressions and latches change.
  void set_rules(alarm_rules rules, timestamp at, std::vector<alarm_change>& out);

  const alarm* find(std::string_view key) const;
  /// The alarm of an incident that is open, or that is the newest of its alarm.
  const alarm* of_incident(std::string_view incident) const;
  /// Every alarm that is not normal, by key.
  std::vector<alarm> list() const;
  const std::vector<service_order>& orders() const { return orders_; }
  std::uint64_t left_out() const { return left_out_; } ///< activations that found no room

  void save(writer& out) const;
  /// Refuses bytes of another version or that contradict themselves, and leaves the table as it
  /// was.
  result<void> load(reader& in);

private:
  using changes = std::vector<alarm_change>;
  using alarm_map = std::map<std::string, alarm, std::less<>>;

  enum class said { when_state_changes, always };
  /// Changes one alarm, keeps its deadline filed and its suppression right.
  void change(alarm& a, timestamp at, std::string why, said when, alarm_event what, changes& out,
              const std::function<void(alarm&)>& how);
  void activate(alarm& a, const incident& i, const alarm* before, changes& out);
  void worsen(alarm& a, const incident& i, changes& out);
  void end(alarm& a, const incident& i, bool moved, changes& out);
  void fire(alarm& a, timestamp at, changes& out);
  alarm* place_for(const incident& i, const std::string& key, changes& out);
  bool make_room(timestamp at, changes& out);
  void bind(alarm& a, const std::string& incident);
  void unbind(const alarm& a, const std::string& incident);

  timestamp due_of(const alarm& a) const;
  bool latches(cause_kind kind) const;
  std::string suppressor_of(const alarm& a) const;
  std::string order_over(std::string_view subject) const;
  /// One more or one less active alarm: rules may begin or cease to suppress.
  void count_trigger(const std::string& key, int more, timestamp at, changes& out);
  void review_suppression(timestamp at, const std::string& why, changes& out);
  void review_orders(timestamp at, const std::string& why, changes& out);

  result<const alarm*> target_of(const operator_command& c) const;
  void obey(const operator_command& c, alarm& a, timestamp at, changes& out);
  void rebuild();
  static result<alarm> load_alarm(reader& in, bool& bound);

  alarm_rules rules_;
  alarm_map alarms_;
  std::map<std::string, std::string, std::less<>> by_incident_;
  std::vector<service_order>
      orders_; ///< in the order they were given; the first that matches counts
  std::uint64_t left_out_ = 0;
  // Derived from the above.
  std::set<std::pair<timestamp, std::string>> deadlines_;
  std::vector<std::uint32_t>
      triggers_;         ///< active alarms that match `when`, for each suppression rule
  bool crowded_ = false; ///< nothing can be forgotten until something changes
};

} // namespace tocsin

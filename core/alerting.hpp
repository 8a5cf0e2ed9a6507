// Machine: who is told what about an incident, when, and why not. Holds the alarms, the silences, and for each route
// the groups of incidents that are told together.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/alarm.hpp"
#include "core/bytes.hpp"
#include "core/incident.hpp"
#include "core/labels.hpp"
#include "core/operator_command.hpp"
#include "core/route.hpp"
#include "core/rules.hpp"
#include "core/story.hpp"

namespace tocsin {

/// Too many notifications for a person: more than `start` within `window` begins a flood, fewer than `end` ends it.
/// While it lasts there is one digest every `digest_every` instead (ISA-18.2: 10 and 5 in 10 minutes).
struct flood_rule {
  std::uint32_t start = 10, end = 5; ///< start 0 = no flood mode
  duration window = 10min, digest_every = 1min;
};

struct receiver_rule {
  std::string name;
  severity least = severity::warning; ///< incidents below are not sent
  bool send_closed = true;
  flood_rule flood;
};

/// Who gets the report of the alarms, and when: at each beginning of a calendar.
struct report_rule {
  std::string receiver; ///< "" = nobody
  std::string when;     ///< name of a calendar of the routing
};

struct alerting_rules {
  std::vector<receiver_rule> receivers{{"default"}};
  routing_rules routing; ///< a root without id: every receiver is told everything, each incident by itself, at once
  alarm_rules alarms;
  report_rule report;
};

/// A copy for whoever looks at it from outside.
struct alarm_view {
  std::vector<alarm> alarms; ///< those that are not normal
  std::vector<silence> silences;
  std::vector<std::string> floods; ///< receivers in flood mode
};

/// What it says depends on the sequence of calls alone. Times must not decrease.
class alerting {
public:
  alerting(alerting_rules rules, std::shared_ptr<const rule_book> book);

  /// Time is known to have come to `at`: from here on alarms are counted and reports are due. The first call counts.
  void begin(timestamp at);
  /// An incident opened, changed or closed. Repeating a change says nothing twice.
  void apply(const incident& i, story& out);
  /// An order of a person, encoded. What cannot be obeyed any more is ignored: `refuses` has asked before.
  void obey(std::string_view order, timestamp at, story& out);
  /// Why an order would be refused now; nothing when it would be obeyed.
  result<void> accepts(const operator_command& c, timestamp now) const;
  /// Fires every deadline strictly before `now`.
  void advance(timestamp now, story& out);
  timestamp next_deadline() const;
  void set_rules(alerting_rules rules, std::shared_ptr<const rule_book> book);

  const alarm_table& alarms() const { return alarms_; }
  const alarm_kpi& figures() const { return kpi_; }
  std::vector<silence> silences() const; ///< those that ended lately, too
  /// Where this incident stands with every route that knows it: the decision in force.
  std::vector<decision> standing(std::string_view incident) const;
  /// The receivers that are in flood mode.
  std::vector<std::string> floods() const;

  void save(writer& out) const;
  result<void> load(reader& in);

private:
  /// What one route has told of one incident.
  struct member {
    bool told = false;
    severity level{}; ///< as told
    cause_kind because{};
    std::string subject;
    std::uint32_t revision = 0; ///< the last one told
    timestamp told_first = unset, told_last = unset;
    timestamp unacknowledged = unset;   ///< since when nobody has it, for escalation
    timestamp held_until = unset;       ///< its end, because the alarm came again
    std::vector<std::string> escalated; ///< receivers told beside the route's own
    std::optional<decision> decided;
  };
  struct group {
    std::string route, receiver;
    std::map<std::string, member> members; ///< by incident id
    timestamp first = unset;               ///< when it was made
    timestamp told = unset;                ///< last notification
    timestamp due = never;                 ///< its entry in `deadlines_`
    std::uint32_t sequence = 0;
    bool mute = false; ///< holds something that a mute alone keeps from being told
  };
  struct known {
    incident latest;
    label_set labels;
    timestamp opened = unset;
    std::set<std::string> groups;
  };
  struct flood {
    std::deque<timestamp> recent;
    bool on = false;
    timestamp due = never;
    std::uint32_t left_out = 0;
    std::map<std::string, std::pair<incident, std::string>> held; ///< by incident id; with its route
  };
  /// What a look at a group has found.
  struct outcome {
    std::vector<std::pair<std::string, std::string>> news; ///< incident id, reason
    timestamp next = never;
    bool mute = false;
  };

  void adopt_rules(alerting_rules rules);
  void join(const std::string& id, known& k, timestamp at);
  std::string told_by(const route_rule& route, const std::string& id, const known& k) const;
  void leave(const std::string& name, const std::string& id);
  void touch(const std::string& name, timestamp at);
  void file(const std::string& name, group& g, timestamp due);
  void review(timestamp at);
  void alarms_changed(std::vector<alarm_change>&& changes, timestamp at, story& out);
  void judge_self(const operator_command& c, timestamp at, story& out);
  void plan_report(timestamp after);
  void add_silence(const operator_command& c, timestamp at);
  void flush_due(timestamp at, story& out);

  const receiver_rule* receiver(std::string_view name) const;
  const route_rule& route_of(const group& g) const;
  void flush(const std::string& name, timestamp at, story& out);
  void look_at_open(const route_rule& route, known& k, member& m, group& g, timestamp at, outcome& found, story& out);
  timestamp repeat_at(const route_rule& route, const known& k, const member& m) const;
  bool look_at_closed(const route_rule& route, known& k, member& m, group& g, timestamp at, outcome& found, story& out);
  bool muted(const route_rule& route, const known& k, const member& m, const group& g, timestamp at, decision_kind& what,
             std::string& detail) const;
  const known* inhibited_by(const known& target, std::string& rule) const;
  bool same_alarm_open(const group& g, const known& k) const;
  const member* covering(const group& g, const known& k) const;
  duration off_delay(const known& k) const;
  void tell(const route_rule& route, const std::string& name, group& g, const outcome& found, timestamp at, story& out);
  void mark_told(group& g, const std::vector<std::pair<std::string, std::string>>& news, const notification& n,
                 timestamp at, story& out);
  void decide(const known& k, const group& g, member& m, timestamp at, decision_kind what, std::string detail, story& out);

  void escalate(const route_rule& route, const known& k, member& m, timestamp at, outcome& found, story& out);
  void tell_escalated(const group& g, const std::string& id, timestamp at, story& out);
  std::string response_to(cause_kind kind) const;
  void emit(notification n, story& out);
  void say(notification&& n, story& out);
  void fire_digest(const std::string& receiver_name, flood& f, timestamp at, story& out);

  static void save_group(writer& out, const group& g);
  bool load_group(reader& in, const std::string& name);
  void load_silence(reader& in);
  void load_flood(reader& in);

  alerting_rules rules_;
  std::shared_ptr<const rule_book> book_;
  alarm_table alarms_;
  alarm_kpi kpi_;
  timestamp report_at_ = never;
  std::map<std::string, known, std::less<>> incidents_;
  std::map<std::string, group> groups_;
  std::set<std::pair<timestamp, std::string>> deadlines_; ///< of groups
  std::map<std::string, silence> silences_;
  std::set<std::pair<timestamp, std::string>> silence_ends_;
  std::map<std::string, flood> floods_;
  timestamp now_ = unset;
};

} // namespace tocsin

// Machine: one segment (service and network). Correlates the symptoms of its daemons into incidents
// with a cause, members and one story each.
//
// Input only changes what is held; every word is said at a deadline, so that all that came at one
// moment is weighed together. What is awaited before an incident opens (`wait` is a rule):
//   heartbeat_lost                         wait
//   daemon_stopped                         a sixth of wait: nothing else can explain it
//   daemon_restarted, host_rebooted        wait; at once when they end a silence that was told
//   data_loss_* at severity critical       nothing: opened at the moment itself
//   other losses                           wait or one heartbeat period, whichever is longer (at
//   most
//                                          storm_window): each is measured once in a period, so the
//                                          others of a storm have spoken by then
//   clients_*, self_check, config_drift    nothing (drift is looked for at most once in wait)
//   inventory_missing, clock_skew          wait
//   sensor_anomaly, group_anomaly,
//   control_violation                      wait: one fault moves several channels
//   equipment_*, event_pattern, quality_low nothing
// heartbeat_late, and anything of severity info, is evidence and opens nothing.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/blame.hpp"
#include "core/bytes.hpp"
#include "core/effect.hpp"
#include "core/group_state.hpp"
#include "core/rules.hpp"

namespace tocsin {

/// What a group says: incidents, and symptoms that only a group can see (config_drift).
struct group_output {
  std::vector<incident> incidents;
  std::vector<symptom> symptoms;
};

struct group_status {
  std::string name;
  std::size_t members = 0, silent = 0;
  std::vector<incident> open;
};

class group {
public:
  /// `name`: "segment/<service>/<network>".
  group(std::string name, std::shared_ptr<const group_rules> rules);

  /// Applies one effect of a daemon or a change of sight. The driver has called advance(e.at)
  /// before.
  void apply(const effect& e, group_output& out);
  /// Fires every deadline strictly before `now`, each stamped with its own time.
  void advance(timestamp now, group_output& out);
  timestamp next_deadline() const { return next_; }

  void set_rules(std::shared_ptr<const group_rules> rules);
  /// Names for vantage points, by index, for titles and causes.
  /// `nested`: the first vantage point is the input that all others write; while it is blind, all are.
  void set_vantage_names(std::vector<std::string> names, bool nested = false);
  const std::string& name() const { return name_; }
  group_status status() const;

  void save(writer& out) const;
  static result<group> load(reader& in, std::shared_ptr<const group_rules> rules);

  // For the group table, which alone sees several groups.

  /// Members that nobody can see any more and that were heard through `vantage`, sorted.
  std::vector<std::string> unseen_through(std::uint8_t vantage) const;
  struct silence {
    std::size_t alive = 0;  ///< members heard through the vantage point when the silence began
    std::size_t silent = 0; ///< of them, silent since then
    timestamp from = never, to = unset; ///< first and last of their last signs of life
  };
  /// Who of those heard through `vantage`, and nowhere else, fell silent between `from` and `to`
  /// (within a heartbeat period of each other).
  silence silence_through(std::uint8_t vantage, timestamp from, timestamp to) const;
  /// Members heard through `vantage`, perhaps through others as well.
  std::size_t count_through(std::uint8_t vantage) const;
  /// Vantage points through which `subject` is heard; 0 when it is not known here.
  std::uint64_t heard_through(const std::string& subject) const;
  /// Whether `subject` fell silent together with one that was last heard at `heard`, not with the
  /// segment.
  bool fell_silent(const std::string& subject, timestamp heard) const;
  /// Closes the incidents about silence since `since` or later whose members cannot be seen any
  /// more: the incident `into` says it. Once sight is back, who is still silent is judged anew.
  void fold_silences(timestamp at, timestamp since, const std::string& into, group_output& out);
  /// The daemon belongs to another segment now.
  void forget(const std::string& subject, timestamp at);

private:
  using member_map = std::unordered_map<std::string, group_member>;
  struct silence_verdict {
    std::size_t silent = 0, alive = 0; ///< of `alive` when it began, so many fell silent together
    timestamp from = never, to = unset;
    bool segment = false;
  };

  // group.cpp: what is held
  group_member* member_of(const std::string& subject, bool make);
  member_trouble& trouble_of(group_member& m);
  void drop_if_idle(const std::string& subject);
  void describe(const member_seen& seen, timestamp at);
  void see(const sight_changed& sight, timestamp at);
  void take(const symptom& s);
  void hear_silence(const std::string& subject, group_member& m);
  void settle(const std::string& subject, group_member& m, symptom_family f, timestamp at);
  void plan(const std::string& subject, group_member& m, symptom_family f, timestamp at);
  duration delay_of(const held_symptom& s, const group_member& m) const;
  bool unwatched(const group_member& m) const;
  void schedule(appointment a);
  void cancel(const appointment& a);
  void perform(const appointment& a, group_output& out);
  void expect_repeat(const std::string& subject, const symptom& s);
  void expire(const appointment& a, group_output& out);

  // group_verdicts.cpp: what it means
  void judge(symptom_family f, const std::string& subject, timestamp at, group_output& out);
  void judge_liveness(const std::string& subject, group_member& m, timestamp at, group_output& out);
  void judge_loss(const std::string& subject, timestamp at, group_output& out);
  void blame(std::vector<std::string> together, bool storm, timestamp at, group_output& out);
  std::vector<std::string> named_with(const std::string& subject) const;
  void judge_alone(symptom_family f, const std::string& subject, group_member& m, timestamp at,
                   group_output& out);
  void judge_with_others(symptom_family f, const std::string& subject, group_member& m,
                         timestamp at, group_output& out);
  silence_verdict silence_around(const group_member& m) const;
  void segment_fell_silent(const silence_verdict& v, timestamp at, group_output& out);
  void look_for_drift(timestamp at, group_output& out);
  void drift(const std::string& subject, group_member& m, std::string majority, std::string own,
             std::string what, timestamp at, group_output& out);

  // group_incidents.cpp: how it is said
  open_incident* find(const std::string& id);
  open_incident& open(symptom_family f, cause because, timestamp since, timestamp at);
  void seat(open_incident& i, const std::string& subject, group_member& m, timestamp at);
  void join(open_incident& i, const std::string& subject, group_member& m, timestamp at);
  void leave(const std::string& subject, group_member& m, symptom_family f, timestamp at,
             const std::string& into, group_output* out);
  void review(open_incident& i, const std::string& changed, timestamp at);
  bool is_worse(const open_incident& i, const std::string& subject) const;
  bool somebody_worse(open_incident& i, const std::string& changed) const;
  void refresh(open_incident& i, timestamp at, group_output& out);
  bool weigh(open_incident& i);
  bool weigh_storm(open_incident& i);
  std::vector<std::string> peers_named(const held_symptom& s) const;
  void report(const std::string& subject, std::vector<loss_report>& reports) const;
  std::vector<loss_report> reports_of(const open_incident& i) const;
  double alone_probability(const std::string& subject, const held_symptom& s) const;
  void tell(open_incident& i, timestamp at, group_output& out);
  void close(open_incident& i, timestamp at, const std::string& into, group_output& out);
  evidence facts_of(const open_incident& i) const;
  incident view(const open_incident& i, incident_state state, timestamp at) const;

  std::string name_;
  timestamp next_ = never;
  std::shared_ptr<const group_rules> rules_;
  std::vector<std::string> vantage_names_;
  std::uint64_t blind_ = 0, sighted_ = 0; ///< a bit per vantage point
  bool nested_ = false;
  member_map members_;
  std::size_t seen_ = 0, stopped_ = 0;
  std::set<std::pair<timestamp, std::string>> silent_;              ///< by last sign of life
  std::set<std::string> lossy_;                                     ///< members with a loss symptom
  std::array<std::set<std::string>, symptom_family_count> pending_; ///< wait for a verdict
  std::map<std::string, std::size_t> versions_;
  std::map<double, std::size_t> reliabilities_;
  timestamp drift_at_ = never;
  std::map<std::string, open_incident> open_;
  std::string segment_, storm_; ///< open incidents about the segment as a whole
  std::array<std::string, symptom_kind_count> together_; ///< newest open incident others may join
  std::set<appointment> agenda_;
};

} // namespace tocsin

// The groups of a node and what they say together: takes effects in canonical order, gives
// incidents and notifications. The one place where a sight loss of a vantage point becomes one
// incident for all segments.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/alerting.hpp"
#include "core/group.hpp"
#include "core/host_join.hpp"
#include "core/sight_watch.hpp"
#include "core/story.hpp"

namespace tocsin {

/// What it says depends on the sequence of effects alone, not on how it is cut into calls. An
/// effect is answered once time has moved beyond it: everything of one moment is weighed together.
class group_table {
public:
  group_table(std::shared_ptr<const rule_book> rules, alerting_rules receivers);
  /// Effects must be in canonical order and not before the time already advanced to.
  void apply(const effects& sorted, story& out);
  /// Fires every deadline strictly before `now`, by time, then sight, then name of the group.
  void advance(timestamp now, story& out);
  timestamp next_deadline() const;
  void set_rules(std::shared_ptr<const rule_book> rules, alerting_rules receivers);
  /// `nested`: the first is the input that all others write, see partition_watch.
  void set_vantage_names(std::vector<std::string> names, bool nested = false);
  std::vector<group_status> status() const;
  /// Open incidents about our own sight; they belong to no group.
  std::vector<incident> sight_incidents() const { return sight_.open(); }
  const alerting& alerts() const { return alerting_; }
  void save(writer& out) const;
  result<void> load(reader& in);

private:
  struct slot {
    group machine;
    timestamp filed = never; ///< its entry in `deadlines_`
  };
  using slot_map = std::map<std::string, slot>;

  void apply_one(const effect& e, story& out);
  void sight_changes(std::uint8_t vantage, bool sighted, timestamp at);
  void tell_groups(std::uint8_t vantage, bool sighted, timestamp at);
  void fire_sight(timestamp at, story& out);
  void fire_group(const std::string& name, timestamp at, story& out);
  void suspect_our_sight(timestamp at, group_output& said, story& out);
  unseen_members unseen_through(std::uint8_t vantage) const;
  bool proves_sight(const effect& e, const group& g, std::uint64_t& through) const;
  std::vector<std::string> silent_on(const std::string& host, timestamp heard) const;
  void fold(timestamp at, timestamp since, const std::string& into, group_output& said);
  void moved(const std::string& subject, const std::string& segment, timestamp at);
  slot& group_of(const std::string& name);
  void file(const std::string& name, slot& s);
  void forward(group_output&& said, story& out);
  void say(incident i, story& out);

  std::shared_ptr<const rule_book> rules_;
  std::shared_ptr<const group_rules> group_rules_;
  std::vector<std::string> vantage_names_;
  bool nested_ = false;
  slot_map groups_;
  std::set<std::pair<timestamp, std::string>> deadlines_;
  sight_watch sight_;
  timestamp sight_at_ = never;
  host_join hosts_;
  alerting alerting_;
};

} // namespace tocsin

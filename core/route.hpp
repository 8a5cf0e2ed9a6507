// Who is told what: the tree of routes, what inhibits what, and silences, as in Alertmanager.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/calendar.hpp"
#include "core/matcher.hpp"

namespace tocsin {

/// Told when nobody acknowledged an incident of the route in time.
struct escalation_step {
  duration after;       ///< since the first notification of the incident by its route; > 0
  std::string receiver;
};

struct route_rule {
  std::string id;                    ///< "root", "root/0", "root/0/2": stable while the file's order is
  std::string receiver;              ///< inherited from the parent by config
  std::vector<matcher> matchers;     ///< empty = everything
  bool go_on = false;                ///< `continue`: siblings after this one are tried as well
  bool group_all = true;             ///< group_by: ['...'] or none given: every incident is a group of its own
  std::vector<std::string> group_by; ///< sorted
  duration group_wait = 0s, group_interval = 5min;
  duration repeat_interval = 4h;     ///< 0 = never repeated
  std::vector<std::string> mute, active; ///< names of calendars
  std::vector<escalation_step> escalation; ///< ascending by `after`
  std::vector<route_rule> routes;
};

/// Every route an incident with these labels takes, in order; the root when no child matches. Depth first, the first
/// match wins unless it goes on.
std::vector<const route_rule*> routes_of(const route_rule& root, const label_set& labels);
const route_rule* find_route(const route_rule& root, std::string_view id);

struct inhibit_rule {
  std::string name;
  std::vector<matcher> source, target;
  std::vector<std::string> equal; ///< labels that must be the same; a missing one is empty
};
/// True when an open incident with labels `source` mutes one with labels `target`. An incident that matches both
/// sides of a rule is not muted by another that does, too.
bool inhibits(const inhibit_rule& rule, const label_set& source, const label_set& target);

struct silence {
  std::string id;
  std::vector<matcher> matchers; ///< at least one
  timestamp starts, ends;        ///< [starts, ends)
  std::string creator, comment;
  bool active(timestamp t) const { return starts <= t && t < ends; }
  /// At some time both hold, and whatever `other` mutes then this one mutes, too: it has no matcher that the other
  /// lacks. By the text of the matchers; of regular expressions that mean the same nothing is known.
  bool overlaps(const silence& other) const;
};

/// The whole of the routing: configuration as data.
struct routing_rules {
  route_rule root;
  std::vector<inhibit_rule> inhibit;
  std::vector<named_calendar> calendars;
  const named_calendar* calendar(std::string_view name) const;
};
/// What holds when nobody configured routes: every receiver is told of every incident (its own `least` and
/// `send_closed` decide), each by itself, at once, never repeated. One child of the root per receiver.
route_rule default_routing(const std::vector<std::string>& receivers);

/// Name of the calendar that mutes this route at `t` (the mute calendar that holds, or "not " + the active ones when
/// none of them does); empty = it may speak.
std::string muted_by_calendar(const routing_rules& rules, const route_rule& route, timestamp t);
/// First moment after `t` at which muted_by_calendar may change; `never` when the route has no calendars.
timestamp next_calendar_change(const routing_rules& rules, const route_rule& route, timestamp t);

} // namespace tocsin

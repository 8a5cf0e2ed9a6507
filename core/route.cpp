// Walks the tree of routes; judges inhibition and calendars.
#include "core/route.hpp"

#include <algorithm>

namespace tocsin {

namespace {

void collect(const route_rule& r, const label_set& labels, std::vector<const route_rule*>& out) {
  const std::size_t before = out.size();
  for (const route_rule& child : r.routes) {
    if (!match_all(child.matchers, labels)) continue;
    collect(child, labels, out);
    if (!child.go_on) break;
  }
  if (out.size() == before) out.push_back(&r);
}

bool same(const std::vector<std::string>& names, const label_set& a, const label_set& b) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return value_of(a, name) == value_of(b, name);
  });
}

} // namespace

std::vector<const route_rule*> routes_of(const route_rule& root, const label_set& labels) {
  std::vector<const route_rule*> out;
  collect(root, labels, out);
  return out;
}

const route_rule* find_route(const route_rule& root, std::string_view id) {
  if (root.id == id) return &root;
  for (const route_rule& child : root.routes)
    if (const route_rule* found = find_route(child, id)) return found;
  return nullptr;
}

route_rule default_routing(const std::vector<std::string>& receivers) {
  route_rule root;
  root.id = "root";
  root.group_interval = root.repeat_interval = 0s;
  if (!receivers.empty()) root.receiver = receivers.front();
  for (const std::string& receiver : receivers) {
    route_rule one;
    one.id = "root/" + std::to_string(root.routes.size());
    one.receiver = receiver;
    one.go_on = true;
    one.group_interval = one.repeat_interval = 0s;
    root.routes.push_back(std::move(one));
  }
  return root;
}

bool inhibits(const inhibit_rule& rule, const label_set& source, const label_set& target) {
  if (!match_all(rule.source, source) || !match_all(rule.target, target)) return false;
  if (match_all(rule.target, source) && match_all(rule.source, target)) return false;
  return same(rule.equal, source, target);
}

const named_calendar* routing_rules::calendar(std::string_view name) const {
  const auto found = std::find_if(calendars.begin(), calendars.end(),
                                  [name](const named_calendar& c) { return c.name == name; });
  return found == calendars.end() ? nullptr : &*found;
}

std::string muted_by_calendar(const routing_rules& rules, const route_rule& route, timestamp t) {
  for (const std::string& name : route.mute)
    if (const named_calendar* c = rules.calendar(name); c && contains(*c, t)) return name;
  // A calendar that is not there must not keep anybody from being told.
  std::string missed;
  for (const std::string& name : route.active) {
    const named_calendar* c = rules.calendar(name);
    if (!c) continue;
    if (contains(*c, t)) return {};
    missed += (missed.empty() ? "not " : ", ") + name;
  }
  return missed;
}

timestamp next_calendar_change(const routing_rules& rules, const route_rule& route, timestamp t) {
  timestamp first = never;
  for (const auto* names : {&route.mute, &route.active})
    for (const std::string& name : *names)
      if (const named_calendar* c = rules.calendar(name))
        first = std::min(first, next_change(*c, t));
  return first;
}

bool silence::overlaps(const silence& other) const {
  if (ends <= other.starts || other.ends <= starts) return false;
  return std::ranges::all_of(matchers, [&](const matcher& mine) {
    return std::ranges::any_of(other.matchers, [&](const matcher& theirs) { return mine.text() == theirs.text(); });
  });
}

} // namespace tocsin

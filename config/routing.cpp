// Turns the routing of the file into what core judges by.
#include <algorithm>
#include <map>

#include "config/interval_text.hpp"
#include "config/routing_settings.hpp"
#include "config/time_zone_file.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

std::size_t count(const route_settings& r, std::size_t depth, std::size_t most) {
  if (depth > limits::route_depth_max) return 0;
  std::size_t n = 1;
  for (const route_settings& child : r.routes) {
    const std::size_t below = count(child, depth + 1, most);
    if (below == 0) return 0;
    n += below;
    if (n > most) return most + 1;
  }
  return n;
}

route_rule compile(const route_settings& s, std::string id) {
  route_rule out;
  out.id = std::move(id);
  out.receiver = s.receiver;
  out.matchers = read_matchers(s.matchers);
  out.go_on = s.go_on;
  out.group_all = s.group_by.empty() ||
                  std::find(s.group_by.begin(), s.group_by.end(), "...") != s.group_by.end();
  if (!out.group_all) {
    out.group_by = s.group_by;
    std::sort(out.group_by.begin(), out.group_by.end());
    out.group_by.erase(std::unique(out.group_by.begin(), out.group_by.end()), out.group_by.end());
  }
  out.group_wait = s.group_wait;
  out.group_interval = s.group_interval;
  out.repeat_interval = s.repeat_interval;
  out.mute = s.mute;
  out.active = s.active;
  out.escalation = s.escalation;
  for (std::size_t i = 0; i < s.routes.size(); ++i)
    out.routes.push_back(compile(s.routes[i], out.id + '/' + std::to_string(i)));
  return out;
}

template <class Read>
std::vector<int_range> read_all(const std::vector<std::string>& texts, Read read) {
  std::vector<int_range> out;
  for (const std::string& text : texts)
    for (const int_range& r : read(text)) out.push_back(r);
  return out;
}

class calendar_compiler {
public:
  named_calendar compile(const calendar_settings& s) {
    named_calendar out{s.name, {}};
    for (const interval_settings& i : s.intervals) out.intervals.push_back(compile(i));
    return out;
  }

private:
  time_interval compile(const interval_settings& s) {
    time_interval out;
    for (const times_settings& t : s.times) {
      const auto from = read_time_of_day(t.start), to = read_time_of_day(t.end);
      if (from && to && *from < *to) out.minutes.push_back({*from, *to});
    }
    out.weekdays = read_all(s.weekdays, read_weekdays);
    out.days_of_month = read_all(s.days_of_month, read_days_of_month);
    out.months = read_all(s.months, read_months);
    out.years = read_all(s.years, read_years);
    out.zone = zone(s.location);
    return out;
  }

  std::shared_ptr<const time_zone> zone(const std::string& name) {
    const auto [found, fresh] = zones_.try_emplace(name);
    if (fresh)
      if (auto read = load_time_zone(name))
        found->second = std::make_shared<const time_zone>(std::move(*read));
    return found->second;
  }

  std::map<std::string, std::shared_ptr<const time_zone>> zones_;
};

} // namespace

std::size_t count_routes(const route_settings& root, std::size_t most) {
  return count(root, 0, most);
}

std::vector<matcher> read_matchers(const std::vector<std::string>& texts) {
  std::vector<matcher> out;
  for (const std::string& text : texts)
    if (auto all = parse_matchers(text))
      std::move(all->begin(), all->end(), std::back_inserter(out));
  return out;
}

routing_rules compile(const routing_settings& s, const std::vector<std::string>& receivers) {
  routing_rules out;
  out.root = default_routing(receivers.empty() ? std::vector<std::string>{"default"} : receivers);
  if (s.given) {
    const std::size_t n = count_routes(s.route, limits::routes_max);
    if (n > 0 && n <= limits::routes_max) out.root = compile(s.route, "root");
  }
  for (std::size_t i = 0; i < s.inhibit.size(); ++i) {
    const inhibit_settings& rule = s.inhibit[i];
    out.inhibit.push_back({rule.name.empty() ? "inhibit/" + std::to_string(i) : rule.name,
                           read_matchers(rule.source_matchers), read_matchers(rule.target_matchers),
                           rule.equal});
  }
  calendar_compiler calendars;
  for (const calendar_settings& c : s.calendars) out.calendars.push_back(calendars.compile(c));
  return out;
}

} // namespace tocsin

// tocsin route: the tree of routes, and which of them an incident with given labels takes.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "actors/cli.hpp"
#include "config/label_knowledge.hpp"
#include "io/clock.hpp"

namespace tocsin::cli {

namespace {

using json = nlohmann::ordered_json;

/// One route that is taken, and what it does about the incident at that time.
struct step {
  const route_rule* route;
  std::string muted_by;
  std::optional<timestamp> muted_until; ///< nothing = for more than a year, or not muted
  bool below_least;                     ///< the receiver wants worse ones only
};

struct answer {
  timestamp at;
  label_set labels;
  std::vector<step> steps;
};

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& one : all) out += (out.empty() ? "" : ", ") + one;
  return out;
}

std::vector<std::string> texts_of(const std::vector<matcher>& all) {
  std::vector<std::string> out;
  for (const matcher& m : all) out.push_back(m.text());
  return out;
}

/// What the subject tells (host, service, labels of the inventory), and over it what was given.
result<label_set> read_labels(const std::vector<std::string>& texts, const settings& s) {
  label_set given;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == text.npos || !is_label_name(name))
      return fail(errc::malformed,
                  "'" + text + "' is not LABEL=VALUE; write for example severity=critical");
    given.emplace_back(name, text.substr(equals + 1));
  }
  std::sort(given.begin(), given.end());
  for (std::size_t i = 1; i < given.size(); ++i)
    if (given[i].first == given[i - 1].first)
      return fail(errc::invalid, "the label '" + given[i].first + "' is given twice");
  incident i{};
  i.because.subject = value_of(given, "subject");
  i.group = value_of(given, "group");
  label_set out;
  for (auto& label : labels_of(i, &s.rules)) {
    const bool made_up =
        label.first == "alertname" || label.first == "severity" || label.first == "incident";
    if (!made_up && value_of(given, label.first).empty()) out.push_back(std::move(label));
  }
  for (auto& label : given)
    if (!label.second.empty()) out.push_back(std::move(label));
  std::sort(out.begin(), out.end());
  return out;
}

/// A typing mistake in a test would make it pass for the wrong reason.
void warn_of_odd(const label_set& labels, const settings& s) {
  const label_knowledge known{s.rules.inventory};
  for (const auto& [name, value] : labels)
    if (const auto odd = known.unknown(name))
      std::fprintf(stderr, "tocsin: %s; %s\n", odd->text.c_str(), odd->remedy.c_str());
    else if (name == "alertname" && !parse_cause_kind(value))
      std::fprintf(stderr, "tocsin: no condition is called '%s'; see docs/operating.md\n",
                   value.c_str());
    else if (name == "severity" && !parse_severity(value))
      std::fprintf(stderr, "tocsin: severities are info, warning and critical, not '%s'\n",
                   value.c_str());
}

std::optional<timestamp> end_of_mute(const routing_rules& rules, const route_rule& route,
                                     timestamp t) {
  const timestamp limit = t + 366 * 24h;
  for (int changes = 0; changes < 10'000 && t < limit; ++changes) {
    t = next_calendar_change(rules, route, t);
    if (t < limit && muted_by_calendar(rules, route, t).empty()) return t;
  }
  return std::nullopt;
}

answer take(const settings& s, label_set labels, timestamp at) {
  answer out{at, std::move(labels), {}};
  const auto level = parse_severity(value_of(out.labels, "severity"));
  for (const route_rule* r : routes_of(s.routing.root, out.labels)) {
    step one{r, muted_by_calendar(s.routing, *r, at), {}, false};
    if (!one.muted_by.empty()) one.muted_until = end_of_mute(s.routing, *r, at);
    for (const receiver_settings& to : s.receivers)
      if (to.rule.name == r->receiver && level) one.below_least = *level < to.rule.least;
    out.steps.push_back(std::move(one));
  }
  return out;
}

std::string grouping(const route_rule& r, const label_set& labels) {
  if (r.group_all) return "every incident by itself";
  std::string out;
  for (const std::string& name : r.group_by)
    out += (out.empty() ? "" : ", ") + name + "=\"" + std::string{value_of(labels, name)} + '"';
  return out;
}

std::string repeats(const route_rule& r) {
  return r.repeat_interval == 0s ? "never" : to_text(r.repeat_interval);
}

std::string verdict(const step& s) {
  if (s.below_least) return "nothing: below its least severity";
  if (s.muted_by.empty()) return "told";
  return "muted by " + s.muted_by +
         (s.muted_until ? " until " + to_rfc3339(*s.muted_until) : " for more than a year");
}

void print(const answer& a) {
  std::printf("at %s\n", to_rfc3339(a.at).c_str());
  for (const step& s : a.steps) {
    const route_rule& r = *s.route;
    std::printf("%s -> %s: %s\n", r.id.c_str(), r.receiver.c_str(), verdict(s).c_str());
    std::printf("  group: %s\n", grouping(r, a.labels).c_str());
    std::printf("  group_wait %s, group_interval %s, repeat_interval %s\n",
                to_text(r.group_wait).c_str(), to_text(r.group_interval).c_str(),
                repeats(r).c_str());
    for (const escalation_step& e : r.escalation)
      std::printf("  after %s without an acknowledgement: %s\n", to_text(e.after).c_str(),
                  e.receiver.c_str());
  }
}

json timers_of(const route_rule& r) {
  json out{{"id", r.id}, {"receiver", r.receiver}};
  out["matchers"] = texts_of(r.matchers);
  out["continue"] = r.go_on;
  out["group_by"] = r.group_all ? std::vector<std::string>{"..."} : r.group_by;
  out["group_wait"] = to_text(r.group_wait);
  out["group_interval"] = to_text(r.group_interval);
  out["repeat_interval"] = to_text(r.repeat_interval);
  out["mute_time_intervals"] = r.mute;
  out["active_time_intervals"] = r.active;
  out["escalation"] = json::array();
  for (const escalation_step& e : r.escalation)
    out["escalation"].push_back({{"after", to_text(e.after)}, {"receiver", e.receiver}});
  return out;
}

json tree_of(const route_rule& r) {
  json out = timers_of(r);
  out["routes"] = json::array();
  for (const route_rule& child : r.routes) out["routes"].push_back(tree_of(child));
  return out;
}

json json_of(const answer& a, const std::set<std::string>& receivers) {
  json out{{"at", to_rfc3339(a.at)}, {"labels", json::object()}, {"routes", json::array()}};
  for (const auto& [name, value] : a.labels) out["labels"][name] = value;
  for (const step& s : a.steps) {
    json one = timers_of(*s.route);
    one["group"] = json::object();
    for (const std::string& name : s.route->group_by) one["group"][name] = value_of(a.labels, name);
    one["below_least"] = s.below_least;
    one["muted_by"] = s.muted_by.empty() ? json{} : json(s.muted_by);
    one["muted_until"] = s.muted_until ? json(to_rfc3339(*s.muted_until)) : json{};
    out["routes"].push_back(std::move(one));
  }
  out["receivers"] = receivers;
  return out;
}

void print_tree(const route_rule& r, const std::string& indent) {
  std::string line = indent + r.id + " -> " + r.receiver;
  if (!r.matchers.empty()) line += "  {" + joined(texts_of(r.matchers)) + '}';
  if (r.go_on) line += "  continue";
  line += r.group_all ? "" : "  by " + joined(r.group_by);
  line += "  wait " + to_text(r.group_wait) + ", interval " + to_text(r.group_interval) +
          ", repeat " + repeats(r);
  if (!r.mute.empty()) line += "  not in " + joined(r.mute);
  if (!r.active.empty()) line += "  only in " + joined(r.active);
  for (const escalation_step& e : r.escalation)
    line += "  after " + to_text(e.after) + " " + e.receiver;
  std::puts(line.c_str());
  for (const route_rule& child : r.routes) print_tree(child, indent + "  ");
}

std::set<std::string> split(const std::string& names) {
  std::set<std::string> out;
  for (std::size_t start = 0; start <= names.size();) {
    const std::size_t comma = std::min(names.find(',', start), names.size());
    if (comma > start) out.insert(names.substr(start, comma - start));
    start = comma + 1;
  }
  return out;
}

int wrong(const std::string& text) {
  std::fprintf(stderr, "tocsin: %s\n", text.c_str());
  return usage;
}

} // namespace

int route_show(const route_command& c) {
  if (c.output != "table" && c.output != "json")
    return wrong("-o is table or json, not '" + c.output + "'");
  const auto s = load_or_complain(c.config);
  if (!s) return usage;
  if (c.output == "json")
    std::puts(tree_of(s->routing.root).dump(2).c_str());
  else
    print_tree(s->routing.root, "");
  return done;
}

int route_test(const route_command& c) {
  if (c.output != "table" && c.output != "json")
    return wrong("-o is table or json, not '" + c.output + "'");
  timestamp at = std::chrono::floor<std::chrono::seconds>(wall_clock());
  if (!c.at.empty()) {
    const auto then = parse_rfc3339(c.at);
    if (!then) return wrong("--at: " + then.error().text);
    at = *then;
  }
  const auto s = load_or_complain(c.config);
  if (!s) return usage;
  auto labels = read_labels(c.labels, *s);
  if (!labels) return wrong(labels.error().text);
  warn_of_odd(*labels, *s);
  const answer a = take(*s, std::move(*labels), at);
  std::set<std::string> told;
  for (const step& one : a.steps) // without --at a test must not depend on when it runs
    if (!one.below_least && (c.at.empty() || one.muted_by.empty()))
      told.insert(one.route->receiver);
  if (c.output == "json")
    std::puts(json_of(a, told).dump(2).c_str());
  else
    print(a);
  if (!c.verify || split(*c.verify) == told) return done;
  const auto list = [](const std::set<std::string>& all) {
    return all.empty() ? std::string{"nobody"} : joined({all.begin(), all.end()});
  };
  std::fprintf(stderr, "tocsin: expected %s to be told, but it is %s\n",
               list(split(*c.verify)).c_str(), list(told).c_str());
  return problem;
}

} // namespace tocsin::cli

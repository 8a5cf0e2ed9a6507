// Routes: who they name, what they match, what can never be reached, timers that contradict each
// other.
#include <algorithm>
#include <map>

#include "config/checks.hpp"
#include "config/checks_calendars.hpp"
#include "config/label_knowledge.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

using keys::quote;

std::vector<std::string> texts_of(const std::vector<matcher>& all) {
  std::vector<std::string> out;
  for (const matcher& m : all) out.push_back(m.text());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

class routing_check {
public:
  routing_check(document& d, const given_keys& given, problem_list& problems)
      : text_(d.value.routing_text), labels_(d.value.rules.inventory), given_(given),
        problems_(problems) {
    for (const receiver_settings& r : d.value.receivers) receivers_.emplace(r.rule.name, r.rule);
    if (receivers_.empty()) receivers_.emplace("default", receiver_rule{"default"});
    for (const calendar_settings& c : text_.calendars) calendars_.emplace(c.name, false);
    report(d.value);
  }

  void run() {
    const auto first = given_.entries.lower_bound("route");
    text_.given = first != given_.entries.end() &&
                  (first->first == "route" || first->first.starts_with("route."));
    if (text_.given && fits()) root();
    inhibitions();
    if (!text_.given) return;
    for (std::size_t i = 0; i < text_.calendars.size(); ++i)
      if (const auto& name = text_.calendars[i].name; !name.empty() && !calendars_[name])
        problems_.warning(given_.of(indexed("time_intervals", i) + ".name"),
                          indexed("time_intervals", i) + ": no route uses " + quote(name),
                          "use it or remove it");
    for (const auto& [name, rule] : receivers_)
      if (!used_.contains(name))
        problems_.warning(given_.of("route"), "no route leads to the receiver " + quote(name),
                          "name it in a route, or remove it");
  }

private:
  void report(const settings& s) {
    if (s.report.receiver.empty() && s.report.when.empty()) return;
    const auto to = std::find_if(s.receivers.begin(), s.receivers.end(), [&](const auto& r) { return r.rule.name == s.report.receiver; });
    if (to == s.receivers.end() || to->kind != "mail")
      problems_.error(given_.of("report.receiver"), "report.receiver: " + quote(s.report.receiver) + " is no mail receiver",
                      "name one of kind mail");
    const auto when = calendars_.find(s.report.when);
    if (when == calendars_.end())
      problems_.error(given_.of("report.when"), "report.when: no entry of time_intervals is called " + quote(s.report.when),
                      "add one, for example monday from 07:00 to 07:01");
    else when->second = true;
  }
  bool fits() {
    const std::size_t n = count_routes(text_.route, limits::routes_max);
    if (n > 0 && n <= limits::routes_max) return true;
    problems_.error(
        given_.of("route"),
        n == 0
            ? "route is nested deeper than " + std::to_string(limits::route_depth_max) + " levels"
            : "route has more than " + std::to_string(limits::routes_max) + " routes in all",
        "merge some: one matcher can hold several values, as in host=~\"a|b\"");
    text_.route.routes.clear();
    return false;
  }

  void root() {
    for (const char* k : {"matchers", "continue", "mute_time_intervals", "active_time_intervals"})
      if (const std::string path = std::string{"route."} + k; given_.has(path))
        problems_.error(given_.key_of(path),
                        path + " has no meaning in the root, which takes what no route took",
                        "write it into a route below");
    if (text_.route.receiver.empty())
      problems_.error(given_.of("route"), "route.receiver is missing",
                      "name who is told when no other route matches");
    walk(text_.route, "route", {});
  }

  void walk(route_settings& r, const std::string& path, std::vector<matcher> around) {
    if (problems_.full()) return;
    const std::vector<matcher> own = matchers(r.matchers, path + ".matchers");
    receiver(r.receiver, path + ".receiver");
    groups(r, path);
    calendars(r.mute, path + ".mute_time_intervals");
    calendars(r.active, path + ".active_time_intervals");
    escalation(r, path);
    const bool was_possible = labels_.possible(around);
    around.insert(around.end(), own.begin(), own.end());
    if (was_possible && !pointless_ && !labels_.possible(around))
      problems_.warning(
          given_.of(path),
          path + " can never match: its matchers and those around it contradict each other",
          "change or remove it");
    severities(r, path, around);
    children(r, path, around);
  }

  /// The matchers of a list of texts, each judged where it stands.
  std::vector<matcher> matchers(std::vector<std::string>& texts, const std::string& path) {
    pointless_ = false;
    std::vector<matcher> out;
    for (std::size_t i = 0; i < texts.size() && out.size() <= limits::matchers_max; ++i)
      for (const matcher& m : read_matchers({texts[i]})) {
        if (const auto odd = labels_.pointless(m)) {
          pointless_ = true;
          problems_.warning(given_.of(indexed(path, i)), indexed(path, i) + ": " + odd->text,
                            odd->remedy);
        }
        out.push_back(m);
      }
    if (out.size() > limits::matchers_max) {
      problems_.error(given_.of(path),
                      path + " has more than " + std::to_string(limits::matchers_max) + " matchers",
                      "one matcher can hold several values, as in host=~\"a|b\"");
      texts.clear();
    }
    return out;
  }

  void receiver(const std::string& name, const std::string& path) {
    if (name.empty()) return; // said for the root already
    used_[name] = true;
    // What is inherited is said where it was written.
    if (receivers_.contains(name) || !given_.has(path)) return;
    std::vector<std::string> names;
    for (const auto& [known, rule] : receivers_) names.push_back(known);
    const auto near = keys::nearest(name, names);
    problems_.error(given_.of(path), path + ": there is no receiver " + quote(name),
                    near ? "did you mean '" + *near + "'?" : "add it to receivers");
  }

  void calendars(const std::vector<std::string>& names, const std::string& path) {
    for (std::size_t i = 0; i < names.size() && !problems_.full(); ++i) {
      const auto known = calendars_.find(names[i]);
      if (known != calendars_.end()) {
        known->second = true;
        continue;
      }
      std::vector<std::string> all;
      for (const auto& [name, is_used] : calendars_) all.push_back(name);
      const auto near = keys::nearest(names[i], all);
      problems_.error(given_.of(indexed(path, i)),
                      indexed(path, i) + ": there is no calendar " + quote(names[i]),
                      near ? "did you mean '" + *near + "'?" : "add it to time_intervals");
    }
  }

  void groups(const route_settings& r, const std::string& path) {
    const bool all = std::find(r.group_by.begin(), r.group_by.end(), "...") != r.group_by.end();
    if (all && r.group_by.size() > 1 && given_.has(path + ".group_by"))
      problems_.error(given_.of(path + ".group_by"),
                      path + ".group_by: '...' already means every label",
                      "write it alone, or the labels without it");
    for (std::size_t i = 0; i < r.group_by.size() && given_.has(path + ".group_by"); ++i)
      if (const auto wrong = labels_.unknown(r.group_by[i]); wrong && r.group_by[i] != "...")
        problems_.warning(given_.of(indexed(path + ".group_by", i)),
                          indexed(path + ".group_by", i) + ": " + wrong->text, wrong->remedy);
    timers(r, path);
  }

  void timers(const route_settings& r, const std::string& path) {
    const auto say = [&](const char* shorter, const char* longer, const std::string& text,
                         const char* remedy) {
      for (const char* k : {shorter, longer})
        if (given_.has(path + '.' + k)) {
          problems_.warning(given_.of(path + '.' + k), path + ": " + text, remedy);
          return;
        }
    };
    if (r.group_interval < r.group_wait)
      say("group_interval", "group_wait",
          "group_interval (" + to_text(r.group_interval) + ") is shorter than group_wait (" +
              to_text(r.group_wait) + ")",
          "a group would wait longer for its first notification than for later ones");
    if (r.repeat_interval > 0s && r.repeat_interval < r.group_interval)
      say("repeat_interval", "group_interval",
          "repeat_interval (" + to_text(r.repeat_interval) + ") is shorter than group_interval (" +
              to_text(r.group_interval) + ")",
          "it is repeated after group_interval at the earliest");
  }

  void escalation(const route_settings& r, const std::string& path) {
    for (std::size_t i = 0; i < r.escalation.size(); ++i) {
      const std::string step = indexed(path + ".escalation", i);
      receiver(r.escalation[i].receiver, step + ".receiver");
      if (i > 0 && given_.has(step) && r.escalation[i].after <= r.escalation[i - 1].after)
        problems_.error(given_.of(step + ".after"),
                        step + ".after (" + to_text(r.escalation[i].after) +
                            ") is not after the step before (" +
                            to_text(r.escalation[i - 1].after) + ")",
                        "order the steps by their time");
    }
  }

  void severities(const route_settings& r, const std::string& path,
                  const std::vector<matcher>& all) {
    const auto known = receivers_.find(r.receiver);
    const auto worst = labels_.worst(all);
    if (known == receivers_.end() || !worst || *worst >= known->second.least) return;
    problems_.warning(given_.of(path + ".receiver"),
                      path + ": " + quote(r.receiver) + " is told of nothing below " +
                          std::string{to_text(known->second.least)} +
                          ", and this route takes at most " + std::string{to_text(*worst)},
                      "lower its least, or name another receiver");
  }

  /// A child that is stopped by an earlier one which matches at least as much.
  void children(route_settings& r, const std::string& path, const std::vector<matcher>& around) {
    std::vector<std::pair<std::vector<std::string>, std::size_t>> stops;
    constexpr std::size_t stops_max = 200; // comparisons are quadratic
    for (std::size_t i = 0; i < r.routes.size() && !problems_.full(); ++i) {
      const std::string child = indexed(path + ".routes", i);
      const std::vector<std::string> mine = texts_of(read_matchers(r.routes[i].matchers));
      const auto by = std::find_if(stops.begin(), stops.end(), [&](const auto& s) {
        return std::includes(mine.begin(), mine.end(), s.first.begin(), s.first.end());
      });
      if (by != stops.end())
        problems_.warning(
            given_.of(child),
            child + " can never be reached: " + indexed(path + ".routes", by->second) +
                " in line " +
                std::to_string(given_.of(indexed(path + ".routes", by->second)).line) +
                " takes all of it",
            "put it before that one, or let that one continue");
      walk(r.routes[i], child, around);
      bool read_well = true; // else it seems to match more than is meant
      for (std::size_t k = 0; k < r.routes[i].matchers.size(); ++k)
        read_well = read_well && !given_.is_wrong(indexed(child + ".matchers", k));
      if (!r.routes[i].go_on && stops.size() < stops_max && read_well) stops.emplace_back(mine, i);
    }
  }

  void inhibitions() {
    std::map<std::string, std::size_t> first;
    for (std::size_t i = 0; i < text_.inhibit.size() && !problems_.full(); ++i) {
      inhibit_settings& rule = text_.inhibit[i];
      const std::string path = indexed("inhibit_rules", i);
      if (const auto [other, fresh] = first.emplace(rule.name, i); !fresh && !rule.name.empty())
        problems_.error(
            given_.of(path + ".name"), path + ".name: the name " + quote(rule.name) + " is taken",
            "choose another; the first is in line " +
                std::to_string(given_.of(indexed("inhibit_rules", other->second) + ".name").line));
      const std::vector<matcher> source = matchers(rule.source_matchers, path + ".source_matchers");
      const bool odd = pointless_;
      const std::vector<matcher> target = matchers(rule.target_matchers, path + ".target_matchers");
      if (!odd && !pointless_) sides(source, target, path);
      for (std::size_t k = 0; k < rule.equal.size(); ++k)
        if (const auto wrong = labels_.unknown(rule.equal[k]))
          problems_.warning(given_.of(indexed(path + ".equal", k)),
                            indexed(path + ".equal", k) + ": " + wrong->text, wrong->remedy);
        else if (rule.equal[k] == "incident")
          problems_.warning(given_.of(indexed(path + ".equal", k)),
                            path + " can never mute: no two incidents have the same 'incident'",
                            "compare other labels, as host or subject");
    }
  }

  void sides(const std::vector<matcher>& source, const std::vector<matcher>& target,
             const std::string& path) {
    for (const auto& [side, all] :
         {std::pair{".source_matchers", &source}, {".target_matchers", &target}})
      if (!labels_.possible(*all))
        problems_.warning(given_.of(path + side),
                          path + " can never mute: its" + (all == &source ? " source" : " target") +
                              " matchers contradict each other",
                          "change or remove it");
    if (!source.empty() && texts_of(source) == texts_of(target))
      problems_.warning(given_.of(path),
                        path + " can never mute: an incident that matches both sides is not muted "
                               "by another that does",
                        "let the sides differ, for example by severity");
  }

  routing_settings& text_;
  label_knowledge labels_;
  const given_keys& given_;
  problem_list& problems_;
  std::map<std::string, receiver_rule> receivers_;
  std::map<std::string, bool> calendars_; ///< name, and whether a route uses it
  std::map<std::string, bool> used_;
  bool pointless_ = false; ///< of the matchers read last
};

} // namespace

void check_routing(document& d, const given_keys& given, problem_list& problems) {
  check_labels(d.value.rules.inventory, given, problems);
  check_calendars(d.value.routing_text.calendars, given, problems);
  routing_check{d, given, problems}.run();
}

} // namespace tocsin

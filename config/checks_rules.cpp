// Orders between thresholds, globally and in every override; patterns against the inventory.
#include <unordered_map>

#include "config/checks.hpp"
#include "core/record.hpp"

namespace tocsin {

namespace {

/// Checks of one set of rules, reported where one of the keys involved was given.
class rules_check {
public:
  rules_check(const daemon_rules& r, std::string path, bool whole, const given_keys& given,
              problem_list& problems)
      : r_(r), path_(std::move(path)), whole_(whole), given_(given), problems_(problems) {}

  void run() {
    heartbeat();
    clients();
    if (!(r_.forecast.clear_probability < r_.forecast.raise_probability))
      say("forecast", {"clear_probability", "raise_probability"},
          "clear_probability is not below raise_probability",
          "keep a gap between them, else the forecast flaps");
    retransmission("retransmission_outbound", r_.retransmission_outbound);
    retransmission("retransmission_inbound", r_.retransmission_inbound);
  }

private:
  void heartbeat() {
    const heartbeat_rule& h = r_.heartbeat;
    if (h.mode == heartbeat_rule::mode_t::fixed && h.late_after >= h.lost_after)
      say("heartbeat", {"lost_after", "late_after", "mode"},
          "lost_after (" + to_text(h.lost_after) + ") is not longer than late_after (" +
              to_text(h.late_after) + ")",
          "make lost_after the longer one, or late_after 0s");
    if (h.misses_max < h.misses_min)
      say("heartbeat", {"misses_max", "misses_min"}, "misses_max is below misses_min",
          "write misses_min <= misses_max");
  }

  void clients() {
    const clients_rule& c = r_.clients;
    if (!(c.clear_below_percent < c.warning_percent))
      say("clients", {"clear_below_percent", "warning_percent"},
          "clear_below_percent is not below warning_percent",
          "write clear_below_percent < warning_percent < critical_percent");
    if (c.critical_percent != 0 && !(c.warning_percent < c.critical_percent))
      say("clients", {"critical_percent", "warning_percent"},
          "critical_percent is not above warning_percent",
          "write clear_below_percent < warning_percent < critical_percent, or critical_percent 0 "
          "for none");
  }

  void retransmission(const char* name, const retransmission_rule& r) {
    if (r.clear_below_percent > r.warning_percent)
      say(name, {"clear_below_percent", "warning_percent"},
          "clear_below_percent is above warning_percent",
          "write clear_below_percent <= warning_percent < critical_percent");
    if (r.critical_percent != 0 && !(r.warning_percent < r.critical_percent))
      say(name, {"critical_percent", "warning_percent"},
          "critical_percent is not above warning_percent",
          "write clear_below_percent <= warning_percent < critical_percent, or critical_percent 0 "
          "for none");
  }

  void say(const char* section, std::initializer_list<const char*> keys, std::string text,
           std::string remedy) {
    const std::string base = path_ + '.' + section;
    for (const char* k : keys) // a refused value has kept its default: nothing to compare
      if (given_.is_wrong(base + '.' + k) ||
          given_.is_wrong(std::string{"rules."} + section + '.' + k))
        return;
    for (const char* k : keys)
      if (given_.has(base + '.' + k)) {
        problems_.error(given_.of(base + '.' + k), base + ": " + text, std::move(remedy));
        return;
      }
    // An override that inherits the mistake is not to blame for it.
    if (whole_) problems_.error(given_.of(base), base + ": " + text, std::move(remedy));
  }

  const daemon_rules& r_;
  std::string path_;
  bool whole_;
  const given_keys& given_;
  problem_list& problems_;
};

} // namespace

void check_rules(const document& d, const given_keys& given, problem_list& problems) {
  rules_check{d.rules, "rules", true, given, problems}.run();
  std::unordered_map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < d.overrides.size(); ++i) {
    const std::string path = indexed("overrides", i);
    const override_settings& o = d.overrides[i];
    rules_check{o.rules, path + ".rules", false, given, problems}.run();
    if (o.match.empty()) continue;
    const auto [other, fresh] = first.emplace(o.match, i);
    if (!fresh)
      problems.error(given.of(path + ".match"),
                     path + ".match: the pattern is given twice, only the last would count",
                     "merge it with " + indexed("overrides", other->second));
  }
}

void check_equipment(const document& d, const given_keys& given, problem_list& problems) {
  constexpr std::size_t panes_max = 4096;
  equipment_rules r = d.value.equipment;
  for (std::size_t i = 0; i < r.windows.size(); ++i) {
    window_rule& w = r.windows[i];
    const std::string path = "equipment." + indexed("windows", i);
    if (w.kind != window_rule::kind_t::sliding) {
      if (given.has(path + ".slide"))
        problems.error(given.key_of(path + ".slide"), path + ".slide has no meaning for such a window", "remove it, or write kind: sliding");
      w.slide = w.size;
    } else if (w.size % w.slide != 0s) {
      problems.error(given.of(path), path + ": size is no multiple of slide", "write for example size: 1m and slide: 10s");
    }
  }
  r = completed(std::move(r));
  if (r.panes() > panes_max)
    problems.error(given.of("equipment.windows"), "equipment.windows need " + std::to_string(r.panes()) + " pieces of every channel",
                   "lengths with a greater common measure, at most " + std::to_string(panes_max) + " of it, lateness and correct included");
}

void check_inventory(const document& d, const given_keys& given, problem_list& problems) {
  std::unordered_map<std::string, std::size_t> first;
  std::vector<std::string> subjects;
  const auto& inventory = d.value.rules.inventory;
  for (std::size_t i = 0; i < inventory.size(); ++i) {
    if (inventory[i].host.empty()) continue;
    subjects.push_back(subject_of(inventory[i].host, inventory[i].service));
    const auto [other, fresh] = first.emplace(subjects.back(), i);
    if (fresh) continue;
    const std::string path = "inventory." + indexed("daemons", i);
    problems.error(
        given.of(path + ".host"), path + ": " + subjects.back() + " is given twice",
        "remove one; the first is in line " +
            std::to_string(given.of("inventory." + indexed("daemons", other->second)).line));
  }
  if (subjects.empty()) return;
  // Bounded work: with very many patterns only the first ones are tried.
  constexpr std::size_t comparisons_max = 20'000'000;
  const std::size_t patterns_max = comparisons_max / subjects.size();
  for (std::size_t i = 0; i < d.overrides.size() && i < patterns_max; ++i) {
    const std::string& match = d.overrides[i].match;
    if (match.empty()) continue;
    bool any = false;
    for (const std::string& subject : subjects)
      if (any = glob_match(match, subject); any) break;
    if (!any)
      problems.warning(given.of(indexed("overrides", i) + ".match"),
                       indexed("overrides", i) + ".match: " + keys::quote(match) +
                           " matches nothing in the inventory",
                       "check it against rvd/<host>/<service>");
  }
}

} // namespace tocsin

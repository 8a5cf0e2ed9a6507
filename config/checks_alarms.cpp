// Suppressions that cannot do anything: patterns that match no alarm there could be, or only each
// other.
#include <algorithm>
#include <array>
#include <unordered_map>

#include "config/checks.hpp"
#include "core/record.hpp"

namespace tocsin {

namespace {

constexpr std::array<std::string_view, 4> subject_starts{"rvd/", "segment/", "vantage/", "host/"};
constexpr std::size_t comparisons_max =
    20'000'000; ///< with very many patterns only the first ones are tried

/// True when some text that begins with `start` matches the pattern.
bool can_match(std::string_view pattern, std::string_view start) {
  const std::size_t star = pattern.find('*');
  const std::string_view head = pattern.substr(0, star);
  if (star == pattern.npos && pattern.size() <= start.size()) return false; // something must follow
  if (head.size() >= start.size()) {
    for (std::size_t i = 0; i < start.size(); ++i)
      if (head[i] != '?' && head[i] != start[i]) return false;
    return true;
  }
  // Once a '*' is reached within `start` the rest can follow, whatever it is.
  return glob_match(std::string{head} + '*', start);
}

bool can_match_any(std::string_view pattern, const condition_rule& c,
                   std::string_view subject_start) {
  return can_match(pattern, std::string{to_text(c.kind)} + ' ' + std::string{subject_start});
}

/// A pattern that names one sort of subject is meant for it, even when its '*' could stand for
/// more.
bool is_meant_for(std::string_view pattern, std::string_view subject_start) {
  for (std::string_view start : subject_starts)
    if (pattern.find(' ' + std::string{start}) != pattern.npos) return start == subject_start;
  return true;
}

/// An alarm of a daemon in the inventory, or of something that is no daemon.
bool matches_something(const std::string& pattern, const settings& v,
                       const std::vector<std::string>& daemons) {
  for (const condition_rule& c : v.alarms.conditions) {
    for (std::string_view start : subject_starts) {
      if (!is_meant_for(pattern, start) || !can_match_any(pattern, c, start)) continue;
      if (start != "rvd/" || daemons.empty()) return true;
      for (const std::string& subject : daemons)
        if (glob_match(pattern, std::string{to_text(c.kind)} + ' ' + subject)) return true;
    }
  }
  return false;
}

} // namespace

void check_alarms(const document& d, const given_keys& given, problem_list& problems) {
  const settings& v = d.value;
  std::vector<std::string> daemons;
  for (const expected_daemon& e : v.rules.inventory)
    if (!e.host.empty()) daemons.push_back(subject_of(e.host, e.service));
  const std::size_t cost = v.alarms.conditions.size() * (daemons.size() + subject_starts.size());
  const std::size_t most = comparisons_max / std::max<std::size_t>(cost, 1);
  std::unordered_map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < v.alarms.suppressions.size(); ++i) {
    const suppression_rule& r = v.alarms.suppressions[i];
    const std::string path = "suppressions[" + std::to_string(i) + ']';
    if (const auto [other, fresh] = first.emplace(r.name, i); !fresh && !r.name.empty())
      problems.error(given.of(path + ".name"),
                     path + ".name: " + keys::quote(r.name) + " is given twice",
                     "give each rule a name of its own");
    if (r.when == r.what && !r.when.empty())
      problems.warning(given.of(path + ".what"),
                       path + ": it suppresses nothing, because what matches `when` never is",
                       "write a `what` that matches other alarms");
    if (i >= most) continue;
    for (const auto& [name, pattern] : {std::pair{".when", &r.when}, {".what", &r.what}})
      if (!pattern->empty() && !given.is_wrong(path + name) &&
          !matches_something(*pattern, v, daemons))
        problems.warning(
            given.of(path + name),
            path + name + ": " + keys::quote(*pattern) + " matches no alarm there could be",
            daemons.empty()
                ? "check it against <kind> <subject>, as in 'clients_high rvd/<host>/<service>'"
                : "check the kind, and the subject against the inventory");
  }
}

} // namespace tocsin

// What the keys of equipment.watch must be to each other.
#include <algorithm>
#include <set>

#include "config/checks.hpp"
#include "core/equipment/group_watch.hpp"

namespace tocsin {

namespace {

bool is_window(const equipment_rules& r, duration size) {
  if (r.windows.empty()) return size == window_rule{}.size;
  return std::ranges::any_of(r.windows, [&](const window_rule& w) { return w.kind != window_rule::kind_t::session && w.size == size; });
}

} // namespace

void check_watch(const document& d, const given_keys& given, problem_list& problems) {
  const equipment_rules& r = d.value.equipment;
  const watch_rules& w = r.watch;
  const std::string base = "equipment.watch.";
  const auto need_window = [&](const std::string& path, duration size) {
    if (!is_window(r, size))
      problems.error(given.of(path), path + ": none of equipment.windows is " + to_text(size) + " long", "add one, or name the size of one that is there");
  };
  if (w.points.enabled) need_window(base + "points.window", w.points.window);
  for (std::size_t i = 0; i < w.charts.size(); ++i)
    if (w.charts[i].points == chart_rule::points_t::window) need_window(base + indexed("charts", i) + ".window", w.charts[i].window);
  std::set<std::string> groups;
  for (std::size_t i = 0; i < w.groups.size(); ++i)
    if (!w.groups[i].name.empty() && !groups.insert(w.groups[i].name).second)
      problems.error(given.of(base + indexed("groups", i) + ".name"), base + indexed("groups", i) + ".name is given twice", "name each group differently");
  for (std::size_t i = 0; i < w.signatures.size(); ++i) {
    const std::string path = base + indexed("signatures", i);
    const signature_rule& s = w.signatures[i];
    if (!s.group.empty() && !groups.contains(s.group))
      problems.error(given.of(path + ".group"), path + ".group: there is no group " + s.group, "name one of equipment.watch.groups");
    if (s.pattern.empty()) continue;
    if (const auto ok = check_fault_pattern(s.pattern); !ok) problems.error(given.of(path + ".pattern"), path + ".pattern: " + ok.error().text, "copy it from the evidence of an incident");
  }
}

} // namespace tocsin

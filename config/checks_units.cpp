// Rules of units that cannot work as they are written.
#include <algorithm>
#include <set>

#include "config/checks.hpp"

namespace tocsin {

namespace {

std::string in_equipment(const char* name, std::size_t i) { return std::string{"equipment."} + name + '[' + std::to_string(i) + ']'; }

template <class Rules>
void check_names(const Rules& all, const char* list, const given_keys& given, problem_list& problems) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!seen.insert(all[i].name).second)
      problems.error(given.of(in_equipment(list, i)), in_equipment(list, i) + ": the name '" + all[i].name + "' is given twice", "give each a name of its own");
}

} // namespace

void check_units(const document& d, const given_keys& given, problem_list& problems) {
  const equipment_rules& r = d.value.equipment;
  check_names(r.joins, "joins", given, problems);
  check_names(r.patterns, "patterns", given, problems);
  for (std::size_t i = 0; i < r.joins.size(); ++i) {
    const auto slash = r.joins[i].right.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == r.joins[i].right.size())
      problems.error(given.of(in_equipment("joins", i)), in_equipment("joins", i) + ".right is no channel", "write <unit>/<channel>, as in facility/temperature");
  }
  for (std::size_t i = 0; i < r.states.size(); ++i) {
    const auto& levels = r.states[i].levels;
    if (!std::ranges::is_sorted(levels, std::ranges::less_equal{}, &state_level::from) || std::ranges::adjacent_find(levels, {}, &state_level::from) != levels.end())
      problems.error(given.of(in_equipment("states", i)), in_equipment("states", i) + ".levels do not rise", "begin with the lowest `from`");
  }
  for (std::size_t i = 0; i < r.patterns.size(); ++i) {
    const pattern_rule& p = r.patterns[i];
    if (p.of.empty() || (p.kind == pattern_rule::kind_t::sequence && p.of.size() < 2))
      problems.error(given.of(in_equipment("patterns", i)), in_equipment("patterns", i) + ".of names too few", "a sequence needs two, the others one");
    if (p.of.size() > 16) problems.error(given.of(in_equipment("patterns", i)), in_equipment("patterns", i) + ".of names too many", "at most 16");
  }
  if (r.quality.clear < r.quality.least)
    problems.error(given.of("equipment.quality"), "equipment.quality.clear is below least", "make clear the greater one, else it flaps");
}

} // namespace tocsin

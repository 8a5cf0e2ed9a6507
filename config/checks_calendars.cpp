// What is wrong with time intervals and with the inventory's labels.
#include "config/checks_calendars.hpp"

#include <algorithm>
#include <map>

#include "config/interval_text.hpp"
#include "config/time_zone_file.hpp"
#include "core/matcher.hpp"

namespace tocsin {

namespace {

using keys::quote;

class interval_check {
public:
  interval_check(const given_keys& given, problem_list& problems)
      : given_(given), problems_(problems) {}

  void run(interval_settings& i, const std::string& path) {
    for (std::size_t k = 0; k < i.times.size(); ++k)
      times(i.times[k], path + ".times[" + std::to_string(k) + ']');
    const std::pair<const char*, std::vector<std::string>*> parts[] = {
        {".weekdays", &i.weekdays},
        {".days_of_month", &i.days_of_month},
        {".months", &i.months},
        {".years", &i.years}};
    bool any = !i.times.empty();
    for (const auto& [name, texts] : parts) {
      any = any || !texts->empty();
      if (texts->size() <= limits::interval_ranges_max) continue;
      problems_.error(given_.of(path + name),
                      path + name + " has more than " +
                          std::to_string(limits::interval_ranges_max) + " entries",
                      "write ranges");
      texts->clear();
    }
    if (!any)
      problems_.warning(given_.of(path),
                        path + " has no times, days, months or years: it always holds",
                        "add one, or remove it");
    zone(i.location, path + ".location");
  }

private:
  void times(const times_settings& t, const std::string& path) {
    const auto from = read_time_of_day(t.start), to = read_time_of_day(t.end);
    if (!from || !to || *from < *to) return;
    const bool night = *from > *to && *to > 0;
    problems_.error(given_.of(path),
                    path + ": end_time (" + t.end + ") is not after start_time (" + t.start + ")",
                    night
                        ? "a night is two entries: " + t.start + " to 24:00, and 00:00 to " + t.end
                        : "midnight at the end of the day is 24:00");
  }

  void zone(const std::string& name, const std::string& path) {
    if (given_.is_wrong(path)) return;
    const auto [known, fresh] = zones_.try_emplace(name);
    if (fresh) {
      if (const auto read = load_time_zone(name); !read)
        known->second =
            read.error().code == errc::missing ? near_time_zone(name) : read.error().text;
    }
    if (!known->second.empty())
      problems_.error(given_.of(path), path + ": there is no time zone " + quote(name),
                      known->second);
  }

  const given_keys& given_;
  problem_list& problems_;
  std::map<std::string, std::string> zones_; ///< and what is wrong with them
};

} // namespace

void check_calendars(std::vector<calendar_settings>& calendars, const given_keys& given,
                     problem_list& problems) {
  interval_check check{given, problems};
  std::map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < calendars.size() && !problems.full(); ++i) {
    const std::string path = "time_intervals[" + std::to_string(i) + ']';
    const auto [other, fresh] = first.emplace(calendars[i].name, i);
    if (!fresh && !calendars[i].name.empty())
      problems.error(
          given.of(path + ".name"),
          path + ".name: the name " + quote(calendars[i].name) + " is taken",
          "choose another; the first is in line " +
              std::to_string(
                  given.of("time_intervals[" + std::to_string(other->second) + "].name").line));
    auto& intervals = calendars[i].intervals;
    if (intervals.empty())
      problems.warning(given.of(path), path + " has no time_intervals: it never holds",
                       "add one, or remove it");
    for (std::size_t k = 0; k < intervals.size() && !problems.full(); ++k)
      check.run(intervals[k], path + ".time_intervals[" + std::to_string(k) + ']');
  }
}

void check_labels(const std::vector<expected_daemon>& inventory, const given_keys& given,
                  problem_list& problems) {
  for (std::size_t i = 0; i < inventory.size() && !problems.full(); ++i)
    for (const auto& [name, value] : inventory[i].labels) {
      const std::string path =
          "inventory.daemons[" + std::to_string(i) + "].labels." + name.substr(0, 64);
      if (std::find(own_labels.begin(), own_labels.end(), name) != own_labels.end())
        problems.warning(given.key_of(path),
                         path + ": incidents have a label " + quote(name) +
                             " of their own: routes do not see this one",
                         "choose another name");
      else if (!is_label_name(name))
        problems.warning(given.key_of(path),
                         path + ": " + quote(name) +
                             " is no name of a label: routes cannot match it",
                         "use letters, digits, '_', '.', ':' and '-', a letter or '_' first");
    }
}

} // namespace tocsin

// The figures themselves, from what was counted.
#include <algorithm>
#include <cmath>

#include "core/alarm_kpi.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {

constexpr std::uint32_t flood_begins_above = 10, flood_ends_below = 5; // in 10 minutes; ISA-18.2
constexpr std::uint32_t manageable = 1;                                // in 10 minutes; EEMUA 191
constexpr std::size_t periods_per_hour = 6;
constexpr std::size_t floods_named = 20, actors_named = 20, top_named = 10, standing_named = 50;
constexpr std::uint64_t top_judged_from = 100; // of fewer, ten are always a large share

/// Stops at the ends of time instead of overflowing.
timestamp start_of(std::int64_t period) {
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(alarm_kpi::period.count(), period, &ns))
    return period < 0 ? unset : never;
  return from_nanoseconds(ns);
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

void judge(kpi_rates& r) {
  r.checks = {{"average in 10 minutes", r.per_10min, 1, "", "EEMUA 191"},
              {"average in a day", r.per_day, 150, "", "ISA-18.2"},
              {"most in 10 minutes", static_cast<double>(r.peak_10min), 10, "", "ISA-18.2"},
              {"most in an hour", static_cast<double>(r.peak_hour), 15, "", "EEMUA 191"},
              {"periods with more than 10", 100 * r.above_10_share, 1, "%", "ISA-18.2"},
              {"time in flood", 100 * r.flood_share, 1, "%", "ISA-18.2"}};
}

/// Most frequent first; the same order every time.
void rank(std::vector<kpi_actor>& all, std::size_t most) {
  std::ranges::sort(all, [](const kpi_actor& a, const kpi_actor& b) {
    return a.count != b.count ? a.count > b.count : a.key < b.key;
  });
  if (all.size() > most) all.resize(most);
}

void rank(std::vector<kpi_standing>& all) {
  std::ranges::sort(all, [](const kpi_standing& a, const kpi_standing& b) {
    return a.since != b.since ? a.since < b.since : a.key < b.key;
  });
  if (all.size() > standing_named) all.resize(standing_named);
}

/// The smallest value that at least `p` of them do not exceed. `sorted` must not be empty.
duration nearest_rank(const std::vector<duration>& sorted, double p) {
  const auto n = static_cast<std::size_t>(std::ceil(p * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(n, 1, sorted.size()) - 1];
}

/// Some `count` of them, in a row, lie within one window.
bool chatters(const std::vector<timestamp>& ascending, const alarm_rules& rules) {
  const std::size_t n = std::max<std::uint32_t>(rules.chatter_count, 2);
  for (std::size_t i = n - 1; i < ascending.size(); ++i)
    if (later(ascending[i - (n - 1)], rules.chatter_window) > ascending[i]) return true;
  return false;
}

} // namespace

kpi_report alarm_kpi::make(timestamp now) const {
  now = std::max(now, now_);
  kpi_report r{};
  r.at = now;
  const timestamp begin = started_ == unset ? now : started_;
  r.from = std::max(begin, start_of(alarm_kpi::period_of(now) - static_cast<std::int64_t>(periods) + 1));
  r.detailed_from = std::max(r.from, forgotten_until_);
  r.observed_hours = to_seconds(std::max<duration>(between(r.from, now), period)) / 3600;
  r.activations = rates_of(activations_, now);
  r.activations.name = "activations";
  for (const auto& [n, c] : hidden_)
    if (n >= alarm_kpi::period_of(r.from)) r.hidden += c;
  for (const auto& [name, all] : receivers_) {
    r.receivers.push_back(rates_of(all, now));
    r.receivers.back().name = name;
  }
  std::vector<const episode*> all;
  for (const episode& e : episodes_)
    if (alarm_kpi::period_of(e.at) >= alarm_kpi::period_of(r.from)) all.push_back(&e);
  add_actors(r, all);
  add_response(r, all);
  add_standing(r);
  add_checks(r);
  return r;
}

kpi_rates alarm_kpi::rates_of(const counts& of, timestamp now) const {
  const timestamp begin = started_ == unset ? now : started_;
  const std::int64_t last = alarm_kpi::period_of(now);
  const std::int64_t first =
      std::max(alarm_kpi::period_of(begin), last - static_cast<std::int64_t>(periods) + 1);
  const auto all = static_cast<std::size_t>(last - first + 1);
  kpi_rates r;
  std::vector<std::uint32_t> in(all);
  for (auto it = of.lower_bound(first); it != of.end() && it->first <= last; ++it)
    in[static_cast<std::size_t>(it->first - first)] = it->second;
  std::size_t calm = 0, above = 0, flooded = 0;
  std::uint64_t hour = 0;
  bool flood = false;
  for (std::size_t i = 0; i < all; ++i) {
    r.count += in[i];
    r.peak_10min = std::max(r.peak_10min, in[i]);
    hour += in[i];
    if (i >= periods_per_hour) hour -= in[i - periods_per_hour];
    r.peak_hour = std::max(r.peak_hour,
                           static_cast<std::uint32_t>(std::min<std::uint64_t>(hour, UINT32_MAX)));
    calm += in[i] <= manageable;
    above += in[i] > flood_begins_above;
    const timestamp start = start_of(first + static_cast<std::int64_t>(i));
    if (!flood && in[i] > flood_begins_above) {
      flood = true;
      ++r.flood_count;
      r.floods.push_back({start, start, 0, 0});
    } else if (flood && in[i] < flood_ends_below) {
      flood = false;
    }
    if (!flood) continue;
    ++flooded;
    kpi_flood& f = r.floods.back();
    f.until = later(start, period);
    f.count += in[i];
    f.peak = std::max(f.peak, in[i]);
  }
  if (r.floods.size() > floods_named)
    r.floods.erase(r.floods.begin(), r.floods.end() - floods_named);
  const timestamp from = std::max(begin, start_of(first));
  const double hours = to_seconds(std::max<duration>(between(from, now), period)) / 3600;
  r.per_hour = static_cast<double>(r.count) / hours;
  r.per_day = 24 * r.per_hour;
  r.per_10min = r.per_hour / periods_per_hour;
  const auto whole = static_cast<double>(all);
  r.manageable_share = static_cast<double>(calm) / whole;
  r.above_10_share = static_cast<double>(above) / whole;
  r.flood_share = static_cast<double>(flooded) / whole;
  judge(r);
  return r;
}

void alarm_kpi::add_actors(kpi_report& r, const std::vector<const episode*>& all) const {
  struct actor {
    std::vector<timestamp> at;
    std::uint32_t fleeting = 0;
  };
  std::map<std::string_view, actor> actors;
  for (const episode* e : all) {
    actor& a = actors[*e->key];
    a.at.push_back(e->at);
    a.fleeting += !e->moved && e->over != never && e->acknowledged > e->over &&
                  between(e->at, e->over) < rules_.fleeting_below;
    ++r.priorities[e->priority];
  }
  const auto whole = static_cast<double>(all.size());
  for (const auto& [key, a] : actors) {
    const auto n = static_cast<std::uint32_t>(a.at.size());
    const kpi_actor one{std::string{key}, n, share(n, whole)};
    r.top.push_back(one);
    if (chatters(a.at, rules_)) r.chattering.push_back(one);
    if (a.fleeting > 0) r.fleeting.push_back({one.key, a.fleeting, share(a.fleeting, whole)});
  }
  r.chattering_count = static_cast<std::uint32_t>(r.chattering.size());
  r.fleeting_count = static_cast<std::uint32_t>(r.fleeting.size());
  rank(r.top, top_named);
  rank(r.chattering, actors_named);
  rank(r.fleeting, actors_named);
  std::uint64_t top = 0;
  for (const kpi_actor& a : r.top) top += a.count;
  r.top_share = share(static_cast<double>(top), whole);
}

void alarm_kpi::add_response(kpi_report& r, const std::vector<const episode*>& all) const {
  std::vector<duration> times;
  for (const episode* e : all) {
    if (e->acknowledged != never)
      times.push_back(between(e->at, e->acknowledged));
    else if (e->over != never && !e->moved)
      ++r.response.missed;
  }
  r.response.acknowledged = times.size();
  if (times.empty()) return;
  std::ranges::sort(times);
  r.response.median = nearest_rank(times, 0.5);
  r.response.p90 = nearest_rank(times, 0.9);
}

void alarm_kpi::add_standing(kpi_report& r) const {
  for (const auto& [key, s] : standing_) {
    const kpi_standing one{key, s.since, between(s.since, r.at), s.why};
    if (s.state == alarm_state::shelved) r.shelved.push_back(one);
    if (s.state == alarm_state::suppressed) r.suppressed.push_back(one);
    if (s.state == alarm_state::out_of_service) r.out_of_service.push_back(one);
    if (s.active_since == unset || is_hidden(s.state)) continue;
    if (const duration lasts = between(s.active_since, r.at); lasts > rules_.stale_after)
      r.stale.push_back({key, s.active_since, lasts, {}});
  }
  for (auto [list, number] : {std::pair{&r.stale, &r.stale_count},
                              {&r.shelved, &r.shelved_count},
                              {&r.suppressed, &r.suppressed_count},
                              {&r.out_of_service, &r.out_of_service_count}}) {
    *number = static_cast<std::uint32_t>(list->size());
    rank(*list);
  }
}

void alarm_kpi::add_checks(kpi_report& r) {
  std::uint64_t all = 0;
  for (std::uint64_t n : r.priorities) all += n;
  const auto whole = static_cast<double>(all);
  if (all >= top_judged_from)
    r.checks.push_back({"share of the ten most frequent", 100 * r.top_share, 5, "%", "ISA-18.2"});
  r.checks.push_back(
      {"chattering alarms", static_cast<double>(r.chattering_count), 0, "", "ISA-18.2"});
  r.checks.push_back({"fleeting alarms", static_cast<double>(r.fleeting_count), 0, "", "ISA-18.2"});
  r.checks.push_back({"stale alarms", static_cast<double>(r.stale_count), 4, "", "ISA-18.2"});
  r.checks.push_back({"priority high or highest",
                      100 * share(static_cast<double>(r.priorities[2] + r.priorities[3]), whole), 5,
                      "%", "EEMUA 191"});
  r.checks.push_back({"priority highest", 100 * share(static_cast<double>(r.priorities[3]), whole),
                      1, "%", "ISA-18.2"});
}

} // namespace tocsin

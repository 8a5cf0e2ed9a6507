// Counting what the report needs: activations by period and one by one, notifications, standing
// alarms.
#include "core/alarm_kpi.hpp"

#include <algorithm>

#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {

constexpr std::uint16_t alarm_kpi_version = 1;
constexpr std::size_t text_bytes_max = 4096;
constexpr std::array<std::string_view, 4> priority_names{"low", "medium", "high", "highest"};

std::uint8_t index_of_priority(std::string_view name) {
  const auto at = std::ranges::find(priority_names, name);
  return at == priority_names.end() ? 1 : static_cast<std::uint8_t>(at - priority_names.begin());
}

tl::unexpected<error> unreadable() {
  return fail(errc::malformed,
              "snapshot of the alarm figures contradicts itself; counting starts afresh");
}

} // namespace

std::int64_t alarm_kpi::period_of(timestamp t) {
  const std::int64_t length = period.count(), ns = to_nanoseconds(t);
  return ns / length - (ns % length < 0);
}

void alarm_kpi::observe(timestamp at) {
  if (at == unset || at == never) return;
  if (started_ == unset) started_ = at;
  now_ = std::max(now_, at);
}

void alarm_kpi::count(counts& in, timestamp at) {
  const std::int64_t n = period_of(at);
  in.erase(in.begin(), in.lower_bound(n - static_cast<std::int64_t>(periods) + 1));
  if (std::uint32_t& c = in[n]; c < UINT32_MAX) ++c;
}

void alarm_kpi::apply(const notification& n) {
  observe(n.at);
  if (receivers_.size() < limits::kpi_receivers_max || receivers_.contains(n.receiver))
    count(receivers_[n.receiver], n.at);
}

void alarm_kpi::apply(const alarm_change& c) {
  observe(c.at);
  if (standing_.size() >= limits::alarms_max && !standing_.contains(c.key)) return;
  standing& s = standing_[c.key];
  if (c.from != c.to || s.since == unset) s.since = c.at;
  // Shelved anew: the newest reason counts, since the first.
  if (c.from != c.to || (c.what == alarm_event::other && is_hidden(c.to))) s.why = c.why;
  s.state = c.to;
  const bool was_active = s.active_since != unset;
  if (c.active && !was_active) {
    s.active_since = c.at;
    s.episode = 0;
    if (is_hidden(c.to))
      count(hidden_, c.at);
    else
      begin_episode(s, c);
  }
  episode* newest = newest_of(s);
  if (!c.active && was_active) {
    s.active_since = unset;
    if (newest) {
      newest->over = c.at;
      newest->moved = c.what == alarm_event::moved;
    }
  }
  if (newest && c.what == alarm_event::acknowledged && newest->acknowledged == never)
    newest->acknowledged = c.at;
  if (c.to == alarm_state::normal && !c.active) standing_.erase(c.key);
}

void alarm_kpi::begin_episode(standing& s, const alarm_change& c) {
  count(activations_, c.at);
  const std::int64_t first = period_of(now_) - static_cast<std::int64_t>(periods) + 1;
  while (!episodes_.empty() && period_of(episodes_.front().at) < first) {
    episodes_.pop_front();
    ++forgotten_;
  }
  if (episodes_.size() >= limits::kpi_episodes_max) {
    forgotten_until_ = episodes_.front().at;
    episodes_.pop_front();
    ++forgotten_;
  }
  const auto kind = parse_cause_kind(std::string_view{c.key}.substr(0, c.key.find(' ')));
  const std::string_view priority =
      kind ? priority_of(rules_, *kind, c.level) : std::string_view{"medium"};
  episodes_.push_back({std::make_shared<const std::string>(c.key), c.at, never, never,
                       index_of_priority(priority), false});
  s.episode = forgotten_ + episodes_.size();
}

alarm_kpi::episode* alarm_kpi::newest_of(const standing& s) {
  return s.episode > forgotten_ ? &episodes_[s.episode - forgotten_ - 1] : nullptr;
}

void alarm_kpi::save(writer& out) const {
  out.put(alarm_kpi_version);
  for (timestamp t : {started_, now_, forgotten_until_}) out.put(t);
  const auto put_counts = [&out](const counts& all) {
    out.put(static_cast<std::uint32_t>(all.size()));
    for (const auto& [n, c] : all) {
      out.put(n);
      out.put(c);
    }
  };
  put_counts(activations_);
  put_counts(hidden_);
  out.put(static_cast<std::uint32_t>(receivers_.size()));
  for (const auto& [name, all] : receivers_) {
    out.put(std::string_view{name});
    put_counts(all);
  }
  out.put(forgotten_);
  out.put(static_cast<std::uint32_t>(episodes_.size()));
  for (const episode& e : episodes_) {
    out.put(std::string_view{*e.key});
    for (timestamp t : {e.at, e.over, e.acknowledged}) out.put(t);
    out.put(e.priority);
    out.put(static_cast<std::uint8_t>(e.moved));
  }
  out.put(static_cast<std::uint32_t>(standing_.size()));
  for (const auto& [key, s] : standing_) {
    out.put(std::string_view{key});
    out.put(s.state);
    out.put(s.since);
    out.put(s.active_since);
    out.put(std::string_view{s.why});
    out.put(s.episode);
  }
}

result<void> alarm_kpi::load(reader& in) {
  if (const auto v = in.get<std::uint16_t>(); in.ok() && v != alarm_kpi_version)
    return fail(errc::version, "snapshot of the alarm figures has version " + std::to_string(v) +
                                   ", not " + std::to_string(alarm_kpi_version) + "; counting starts afresh");
  alarm_kpi fresh{rules_};
  bool good = true;
  const auto get_size = [&](std::size_t most) {
    const auto n = in.get<std::uint32_t>();
    good = good && in.ok() && n <= most;
    return good ? n : 0u;
  };
  const auto get_counts = [&](counts& all) {
    for (auto n = get_size(periods); n > 0 && in.ok(); --n) {
      const auto number = in.get<std::int64_t>();
      const auto c = in.get<std::uint32_t>();
      good = good && c > 0 && (all.empty() || all.rbegin()->first < number);
      if (good) all.emplace_hint(all.end(), number, c);
    }
  };
  const auto get_text = [&] {
    std::string text = in.get_text();
    good = good && text.size() <= text_bytes_max;
    return text;
  };
  for (timestamp* t : {&fresh.started_, &fresh.now_, &fresh.forgotten_until_}) *t = in.get_time();
  good = (fresh.started_ == unset) == (fresh.now_ == unset) && fresh.started_ <= fresh.now_;
  get_counts(fresh.activations_);
  get_counts(fresh.hidden_);
  for (auto n = get_size(limits::kpi_receivers_max); n > 0 && good && in.ok(); --n)
    get_counts(fresh.receivers_[get_text()]);
  fresh.forgotten_ = in.get<std::uint64_t>();
  for (auto n = get_size(limits::kpi_episodes_max); n > 0 && good && in.ok(); --n) {
    episode e{std::make_shared<const std::string>(get_text())};
    for (timestamp* t : {&e.at, &e.over, &e.acknowledged}) *t = in.get_time();
    e.priority = in.get<std::uint8_t>();
    const auto moved = in.get<std::uint8_t>();
    e.moved = moved == 1;
    good = good && e.priority < priority_names.size() && moved <= 1 && e.over >= e.at &&
           e.acknowledged >= e.at && (fresh.episodes_.empty() || fresh.episodes_.back().at <= e.at);
    fresh.episodes_.push_back(std::move(e));
  }
  for (auto n = get_size(limits::alarms_max); n > 0 && good && in.ok(); --n) {
    const std::string key = get_text();
    standing s;
    const auto state = in.get<std::uint8_t>();
    s.state = static_cast<alarm_state>(state);
    s.since = in.get_time();
    s.active_since = in.get_time();
    s.why = get_text();
    s.episode = in.get<std::uint64_t>();
    good =
        good && state <= static_cast<std::uint8_t>(alarm_state::out_of_service) &&
        (s.episode <= fresh.forgotten_ || s.episode - fresh.forgotten_ <= fresh.episodes_.size());
    if (!good || !fresh.standing_.try_emplace(key, std::move(s)).second) return unreadable();
  }
  if (!in.ok() || !good) return unreadable();
  *this = std::move(fresh);
  return {};
}

} // namespace tocsin

#include "core/equipment/equipment.hpp"

#include <algorithm>

#include "core/rules.hpp"

namespace tocsin {

std::string_view to_text(point_detector kind) {
  constexpr std::string_view names[] = {"ewma_z",      "modified_z",  "spike", "shift",       "small_shift", "spread_up",
                                         "spread_down", "stuck",       "oscillation", "composite", "chart"};
  return names[static_cast<std::size_t>(kind)];
}

namespace {

timestamp start_of(std::int64_t pane, const pane_clock& clock) { return timestamp{pane * clock.pane}; }

/// Panes of a window rule.
std::int64_t panes_of(duration d, const pane_clock& clock) { return d / clock.pane; }

} // namespace

channel& equipment::add(const std::string& channel_name, const pane_clock& clock, const equipment_rules& rules) {
  channel& c = channels_.emplace_back(name_, channel_name, clock);
  c.set_context(context_for(c));
  c.watch(rules.watch);
  if (channels_.size() == 1)
    for (const group_watch_rule& g : rules.watch.groups)
      if (glob_match(g.equipment, name_)) groups_.emplace_back(name_, g, rules.watch);
  for (group_watch& g : groups_)
    if (const auto slot = g.add(channel_name)) c.seat({&g, *slot});
  return c;
}

const equipment_context& equipment::context_for(const channel& c) const {
  const std::string& name = c.name().channel;
  const auto dot = name.find('.');
  if (dot != std::string::npos)
    for (const equipment_context& known : contexts_)
      if (std::string_view{name}.substr(0, dot) == known.module) return known;
  return contexts_.front();
}

equipment_context* equipment::context_of(std::string_view module) {
  for (equipment_context& known : contexts_)
    if (known.module == module) return &known;
  if (contexts_.size() >= modules_max) return nullptr;
  contexts_.emplace_back().module = module;
  for (channel& c : channels_) c.set_context(context_for(c));
  return &contexts_.back();
}

/// A module's own work, or the whole unit's: then every module begins anew.
bool equipment::apply_context(const equipment_event& e) {
  equipment_context* c = context_of(e.module);
  if (!c) return false;
  context_since_.resize(contexts_.size(), unset);
  timestamp& since = context_since_[static_cast<std::size_t>(std::ranges::find_if(contexts_, [&](auto& k) { return &k == c; }) - contexts_.begin())];
  if (e.at < since) return false;
  since = e.at;
  if (e.kind == event_kind::maintenance) {
    for (equipment_context& each : contexts_)
      if (e.module.empty() || &each == c) ++each.epoch, ++each.changes;
    return true;
  }
  const bool other = c->recipe != e.recipe || c->step != e.step;
  c->recipe = e.recipe;
  c->step = e.step;
  c->lot = e.lot;
  c->wafer = e.wafer;
  c->changes += other;
  return true;
}

bool equipment::apply(const equipment_event& e, const equipment_rules& rules, equipment_effects& out) {
  if ((e.kind == event_kind::process || e.kind == event_kind::maintenance) && !apply_context(e)) {
    life_.count_late();
    return false;
  }
  return life_.apply(e, rules, out);
}

unit_activity equipment::activity() const {
  unit_activity a;
  for (const channel& c : channels_) {
    a.samples += c.samples();
    a.latest = std::max(a.latest, c.latest());
  }
  return a;
}

equipment_status equipment::status(const equipment_rules& rules) const {
  equipment_status s{name_, 0, 0, unset, {contexts_.begin(), contexts_.end()}, life_.status(rules), {}};
  for (const channel& c : channels_) {
    s.channels.push_back(c.status());
    s.samples += s.channels.back().samples;
    s.anomalies += s.channels.back().anomalies;
    s.last_at = std::max(s.last_at, s.channels.back().last_at);
  }
  return s;
}

channel::channel(std::string equipment, std::string name, const pane_clock& clock)
    : name_{std::move(equipment), std::move(name)}, panes_(std::max<std::size_t>(1, clock.held)), sketches_(clock.quantiles ? panes_.size() : 0) {}

bool channel::apply(timestamp at, double value, std::int64_t number, const pane_clock& clock, const equipment_rules& rules,
                    equipment_effects& out) {
  if (latest_ == unset) shift_ = value;
  if (clock.pane > 0s) {
    if (number < clock.closed - clock.correctable) return false;
    if (number != number_ && !(current_ = open(number))) return false;
    current_->of.add(value, shift_, to_seconds(at - start_of(number, clock)));
    if (!sketches_.empty()) sketches_[static_cast<std::size_t>(current_ - panes_.data())].add(value);
    if (number < clock.closed) correct(number, clock, rules, out);
  }
  if (!sessions_.empty() || latest_ == unset) extend_sessions(at, value, rules, out);
  // What comes late belongs into its windows, but is no news.
  ++samples_;
  if (at < latest_) return true;
  latest_ = at;
  last_value_ = value;
  const std::size_t before = out.anomalies.size();
  judge(at, value, rules, out);
  if (out.anomalies.size() > before) ++anomalies_, last_anomaly_ = at;
  return true;
}

/// Null: newer ones have taken its place.
channel::pane* channel::open(std::int64_t number) {
  pane& p = pane_of(number);
  number_ = p.number > number ? -1 : number;
  if (p.number > number) return nullptr;
  if (p.number != number) {
    p = {number, {}};
    if (!sketches_.empty()) sketches_[static_cast<std::size_t>(&p - panes_.data())].clear();
  }
  return &p;
}

void channel::judge(timestamp at, double value, const equipment_rules& rules, equipment_effects& out) {
  if (rules.ewma_z.enabled)
    if (const double z = ewma_.next(value, rules.ewma_z); z != 0)
      out.anomalies.push_back({&name_, at, point_detector::ewma_z, value, z, rules.ewma_z.limit, 0});
  if (rules.modified_z.enabled)
    if (const double z = modified_.next(value, rules.modified_z); z != 0)
      out.anomalies.push_back({&name_, at, point_detector::modified_z, value, z, rules.modified_z.limit, 0});
  if (watch_) watch_->next(at, value, *context_, out);
  for (const group_seat& g : groups_) g.group->next(g.slot, at, value, *context_, out);
}

aggregate channel::over(std::int64_t from, std::int64_t to, const pane_clock& clock) {
  aggregate all;
  for (std::int64_t n = from; n < to; ++n)
    if (const pane& p = pane_of(n); p.number == n) all.merge(p.of, static_cast<double>(n - from) * clock.seconds);
  return all;
}

void channel::say_quantiles(const quantile_sketch& all, const equipment_rules& rules, equipment_effects& out) {
  out.windows.back().quantiles = static_cast<std::uint32_t>(out.quantiles.size());
  out.shares = &rules.quantile_shares;
  all.append(rules.quantile_shares, out.quantiles);
}

void channel::say(const window_rule& w, std::int64_t from, std::int64_t to, bool complete, bool corrected, const pane_clock& clock,
                  const equipment_rules& rules, equipment_effects& out) {
  const aggregate a = over(from, to, clock);
  if (a.count == 0) return;
  out.windows.push_back({&name_, &w, start_of(from, clock), start_of(to, clock), a.count, a.least, a.most, a.mean(shift_), a.deviation(),
                         a.slope(), complete, corrected});
  if (sketches_.empty()) return;
  quantile_sketch all;
  for (std::int64_t n = from; n < to; ++n)
    if (const pane& p = pane_of(n); p.number == n) all.merge(sketches_[static_cast<std::size_t>(&p - panes_.data())]);
  say_quantiles(all, rules, out);
}

void channel::close(std::int64_t number, const pane_clock& clock, const equipment_rules& rules, equipment_effects& out) {
  const std::size_t before = out.windows.size();
  for (const window_rule& w : rules.windows) {
    if (w.kind == window_rule::kind_t::session) continue;
    if (number % panes_of(w.slide, clock) == 0) say(w, number - panes_of(w.size, clock), number, true, false, clock, rules, out);
  }
  for (std::size_t i = 0; i < sessions_.size(); ++i)
    if (session& s = sessions_[i]; s.first != unset && s.last + rules.windows[i].size < start_of(number, clock))
      say_session(i, true, rules, out);
  if (!watch_) return;
  for (std::size_t i = before; i < out.windows.size(); ++i) watch_->window(out.windows[i], *context_, out);
  if (watch_->raised_anything()) watch_->pass(start_of(number, clock), out);
}

void channel::watch(const watch_rules& rules) {
  if (rules.samples.enabled || rules.points.enabled || !rules.charts.empty()) watch_ = std::make_unique<channel_watch>(name_, rules);
}

void equipment::pass(timestamp latest, equipment_effects& out) {
  for (group_watch& g : groups_) g.pass(latest, out);
}

/// Windows that were said and cover a pane which has changed are said again.
void channel::correct(std::int64_t number, const pane_clock& clock, const equipment_rules& rules, equipment_effects& out) {
  for (const window_rule& w : rules.windows) {
    if (w.kind == window_rule::kind_t::session) continue;
    const std::int64_t slide = panes_of(w.slide, clock), size = panes_of(w.size, clock);
    for (std::int64_t end = (number / slide + 1) * slide; end <= number + size && end <= clock.closed; end += slide)
      say(w, end - size, end, true, true, clock, rules, out);
  }
}

void channel::finish(const pane_clock& clock, const equipment_rules& rules, equipment_effects& out) {
  for (const window_rule& w : rules.windows) {
    if (w.kind != window_rule::kind_t::tumbling) continue;
    const std::int64_t size = panes_of(w.size, clock), from = (clock.closed - 1) / size * size;
    if (from + size > clock.closed) say(w, from, from + size, false, false, clock, rules, out);
  }
  for (std::size_t i = 0; i < sessions_.size(); ++i)
    if (sessions_[i].first != unset) say_session(i, false, rules, out);
}

void channel::extend_sessions(timestamp at, double value, const equipment_rules& rules, equipment_effects& out) {
  const auto is_session = [](const window_rule& w) { return w.kind == window_rule::kind_t::session; };
  if (sessions_.empty() && !std::ranges::any_of(rules.windows, is_session)) return;
  sessions_.resize(rules.windows.size());
  if (!sketches_.empty()) session_sketches_.resize(sessions_.size());
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    const window_rule& w = rules.windows[i];
    session& s = sessions_[i];
    if (!is_session(w)) continue;
    if (s.first != unset && at > s.last + w.size) say_session(i, true, rules, out);
    if (s.first == unset) s = {at, at, {}};
    if (at + w.size < s.first) continue; // of a session that is over
    s.last = std::max(s.last, at);
    s.of.add(value, shift_, to_seconds(at - s.first));
    if (!session_sketches_.empty()) session_sketches_[i].add(value);
  }
}

void channel::say_session(std::size_t number, bool complete, const equipment_rules& rules, equipment_effects& out) {
  session& s = sessions_[number];
  out.windows.push_back({&name_, &rules.windows[number], s.first, s.last, s.of.count, s.of.least, s.of.most, s.of.mean(shift_), s.of.deviation(), s.of.slope(),
                         complete, false});
  s = {};
  if (session_sketches_.empty()) return;
  say_quantiles(session_sketches_[number], rules, out);
  session_sketches_[number].clear();
}

} // namespace tocsin

#include "core/equipment/equipment_table.hpp"

#include <algorithm>
#include <limits>

#include "core/rules.hpp"

namespace tocsin {

namespace {
constexpr std::size_t channels_max = 1'000'000, units_max = 100'000;
constexpr std::uint64_t spread = 0x9e3779b97f4a7c15ull; ///< Fibonacci hashing
} // namespace

equipment_table::equipment_table(std::shared_ptr<const equipment_rules> rules, equipment_keeper& keeper)
    : rules_(std::move(rules)), keeper_(keeper), slots_(1024), has_patterns_(!rules_->patterns.empty()),
      has_taps_(!rules_->states.empty() || !rules_->joins.empty() || !rules_->downtime.levels.empty()), joins_(rules_) {
  clock_.pane = rules_->pane();
  clock_.held = rules_->panes();
  clock_.correctable = clock_.pane > 0s ? rules_->correct / clock_.pane : 0;
  clock_.seconds = to_seconds(clock_.pane);
  clock_.quantiles = !rules_->quantile_shares.empty();
}

std::size_t equipment_table::place_of(std::uint64_t key_hash) const {
  return static_cast<std::size_t>(((key_hash | 1) * spread) >> 20) & (slots_.size() - 1);
}

/// Three stages, each where the last one's memory has come: the slot, the channel it points to, what the channel points to.
void equipment_table::look_ahead(std::uint64_t near_key, std::uint64_t middle_key, std::uint64_t far_key) const {
  __builtin_prefetch(&slots_[place_of(far_key)]);
  if (const slot& s = slots_[place_of(middle_key)]; s.key == (middle_key | 1)) s.at->prefetch();
  if (const slot& s = slots_[place_of(near_key)]; s.key == (near_key | 1)) s.at->prefetch_inner();
}

/// `at(i)`: position of the i-th of the samples.
template <class At>
void equipment_table::apply_all(const sample_batch& batch, std::size_t count, At&& at, cursor between, equipment_effects& out) {
  constexpr std::size_t near = 3, middle = 7, far = 14;
  source_ = batch.source;
  if (sources_.size() <= source_) sources_.resize(source_ + 1), look_due_.resize(source_ + 1, never);
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i + far < count) look_ahead(batch.samples[at(i + near)].key_hash, batch.samples[at(i + middle)].key_hash, batch.samples[at(i + far)].key_hash);
    const std::uint32_t position = at(i);
    if (position >= next) next = apply_between(batch, between, position, out);
    apply(batch.samples[position], out);
  }
  apply_between(batch, between, std::numeric_limits<std::uint32_t>::max() - 1, out);
}

/// Whatever lies before the sample at `position`; gives where the next thing lies.
std::uint32_t equipment_table::apply_between(const sample_batch& batch, cursor& at, std::uint32_t position, equipment_effects& out) {
  constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();
  for (;;) {
    const std::size_t events = at.events ? at.events->size() : batch.events.size();
    const std::uint32_t event = at.event < events ? at.events ? (*at.events)[at.event] : static_cast<std::uint32_t>(at.event) : nowhere;
    const std::uint32_t event_at = event == nowhere ? nowhere : batch.events[event].before;
    const std::uint32_t end_at = at.end < batch.ends.size() ? batch.ends[at.end].index : nowhere;
    const std::uint32_t shared_at = at.shared < batch.shared.size() ? batch.shared[at.shared].index : nowhere;
    const std::uint32_t first = std::min({event_at, end_at, shared_at});
    if (first > position) return first;
    if (end_at == first && !(event_at == first && event < batch.ends[at.end].event)) {
      pass(batch.ends[at.end++], out);
    } else if (event_at == first) {
      apply(batch.events[event], out);
      ++at.event;
    } else {
      const shared_reading& r = batch.shared[at.shared++];
      joins_.right(r.number, r.at, r.value);
    }
  }
}

void equipment_table::apply(const sample_batch& batch, equipment_effects& out) {
  apply_all(batch, batch.samples.size(), [](std::size_t i) { return static_cast<std::uint32_t>(i); }, {nullptr}, out);
}

void equipment_table::apply(const sample_batch& batch, const batch_part& part, equipment_effects& out) {
  apply_all(batch, part.samples.size(), [&](std::size_t i) { return part.samples[i]; }, {&part.events}, out);
}

void equipment_table::apply(const sample& s, equipment_effects& out) {
  ++totals_.samples;
  if (clock_.pane > 0s && (s.at < pane_from_ || s.at >= pane_to_)) {
    pane_number_ = s.at.time_since_epoch() / clock_.pane;
    pane_from_ = timestamp{pane_number_ * clock_.pane};
    pane_to_ = pane_from_ + clock_.pane;
  }
  channel* c = channel_of(s);
  if (!c) return;
  const std::size_t anomalies = out.anomalies.size();
  if (!c->apply(s.at, s.value, pane_number_, clock_, *rules_, out)) ++totals_.late;
  else if (c->taps() || (has_patterns_ && out.anomalies.size() > anomalies)) tap(*c, s, anomalies, out);
}

void equipment_table::tap(channel& c, const sample& s, std::size_t anomalies, equipment_effects& out) {
  equipment& unit = *unit_of(s.equipment);
  const bool in_order = s.at >= c.latest();
  if (channel_taps* w = c.taps()) {
    for (join_left* l : w->joins) joins_.left(*l, s.at, s.value, "", out.joins);
    for (channel_level& l : w->levels) {
      if (!in_order) break;
      const auto news = l.apply(s.at, s.value, unit.life().downtimes().expects_work());
      if (news == channel_level::news::fell)
        unit.life().downtimes().level_fell(c.name().channel, l.low_since(), s.at, rules_->downtime, out);
      else if (news == channel_level::news::rose)
        unit.life().downtimes().level_rose(s.at, rules_->downtime, out);
    }
    for (channel_state& each : w->states) {
      if (!in_order || !each.apply(s.at, s.value, c.name(), out.states) || !has_patterns_) continue;
      const state_change& said = out.states.back();
      const std::string detail = said.name + '/' + said.to;
      unit.life().occur({s.at, "change", c.name().channel, detail}, *rules_, out);
    }
  }
  if (has_patterns_) {
    for (; anomalies < out.anomalies.size(); ++anomalies) note(out.anomalies[anomalies], out);
    life_due_ = std::min(life_due_, unit.life().due());
  }
}

void equipment_table::note(const anomaly& a, equipment_effects& out) {
  unit_life& life = unit_of(a.of->equipment)->life();
  life.occur({a.at, "anomaly", to_text(a.found_by), a.of->channel}, *rules_, out);
  life_due_ = std::min(life_due_, life.due());
}

void equipment_table::apply(const equipment_event& e, equipment_effects& out) {
  equipment* unit = unit_of(e.equipment);
  if (!unit) {
    ++totals_.refused;
    return;
  }
  ++totals_.events;
  unit->source = source_;
  if (!unit->apply(e, *rules_, out)) {
    ++totals_.events_late;
    return;
  }
  if (!joins_.empty())
    for (join_left* l : joins_.lefts_of_event(unit->name(), "event:" + std::string{to_text(e.kind)})) joins_.left(*l, e.at, e.value, e.name, out.joins);
  life_due_ = std::min(life_due_, unit->life().due());
}

channel* equipment_table::find(const sample& s, std::size_t& place) {
  const std::uint64_t key = s.key_hash | 1;
  const std::size_t mask = slots_.size() - 1;
  for (place = place_of(key); slots_[place].key != 0; place = (place + 1) & mask) {
    if (slots_[place].key != key) continue;
    const channel_name& n = slots_[place].at->name();
    if (n.channel == s.channel && n.equipment == s.equipment) return slots_[place].at;
  }
  return nullptr;
}

channel* equipment_table::channel_of(const sample& s) {
  std::size_t place;
  if (channel* found = find(s, place)) return found;
  if (used_ >= channels_max) {
    ++totals_.refused;
    return nullptr;
  }
  if ((used_ + 1) * 2 > slots_.size()) {
    grow();
    find(s, place);
  }
  equipment* unit = unit_of(s.equipment);
  if (!unit) {
    ++totals_.refused;
    return nullptr;
  }
  unit->source = source_;
  look_due_[source_] = unset;
  if (has_patterns_ && unit->size() == 0) {
    unit->life().begin(s.at, *rules_);
    life_due_ = std::min(life_due_, unit->life().due());
  }
  slots_[place] = {s.key_hash | 1, &unit->add(std::string{s.channel}, clock_, *rules_)};
  if (has_taps_) add_taps(*slots_[place].at);
  ++used_;
  return slots_[place].at;
}

equipment* equipment_table::unit_of(std::string_view name) {
  if (const auto known = units_.find(name); known != units_.end()) return known->second;
  if (units_.size() >= units_max) return nullptr;
  equipment& unit = keeper_.adopt(equipment{std::string{name}});
  in_order_.push_back(&unit);
  return units_.emplace(unit.name(), &unit).first->second;
}

void equipment_table::add_taps(channel& c) {
  auto w = std::make_unique<channel_taps>();
  const std::string path = c.name().equipment + '/' + c.name().channel;
  for (const channel_state_rule& r : rules_->states)
    if (glob_match(r.channel, path)) w->states.emplace_back(r);
  for (const level_drop_rule& r : rules_->downtime.levels)
    if (glob_match(r.channel, path)) w->levels.emplace_back(r);
  w->joins = joins_.lefts_of(c.name().equipment, c.name().channel);
  if (!w->empty()) c.set_taps(std::move(w));
}

void equipment_table::grow() {
  std::vector<slot> old(slots_.size() * 2);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const slot& o : old) {
    if (o.key == 0) continue;
    std::size_t place = static_cast<std::size_t>((o.key * spread) >> 20) & mask;
    while (slots_[place].key != 0) place = (place + 1) & mask;
    slots_[place] = o;
  }
}

void equipment_table::advance(timestamp latest, equipment_effects& out) {
  if (clock_.pane == 0s || latest < pane_mark_) return;
  pane_mark_ = timestamp{(latest.time_since_epoch() / clock_.pane + 1) * clock_.pane};
  const std::int64_t until = (latest - rules_->lateness).time_since_epoch() / clock_.pane;
  if (!started_) clock_.closed = until;
  started_ = true;
  while (clock_.closed < until) {
    ++clock_.closed;
    for (equipment* e : in_order_)
      e->for_each([&](channel& c) { c.close(clock_.closed, clock_, *rules_, out); });
  }
  for (equipment* e : in_order_) e->pass(latest, out);
}

/// Windows first, then what else waited for the time.
void equipment_table::pass(const pane_end& mark, equipment_effects& out) {
  std::size_t anomalies = out.anomalies.size();
  advance(mark.latest, out);
  if (has_patterns_)
    for (; anomalies < out.anomalies.size(); ++anomalies) note(out.anomalies[anomalies], out); // of windows
  const timestamp sure = mark.latest - rules_->lateness;
  if (!joins_.empty()) {
    joins_.advance(sure, out.joins);
    totals_.joins_late = joins_.late();
  }
  if (sure > life_due_) {
    life_due_ = never;
    for (equipment* e : in_order_) {
      e->life().advance(sure, *rules_, out);
      life_due_ = std::min(life_due_, e->life().due());
    }
  }
  if (mark.of_source != unset) look_at_units(mark.of_source, out);
}

/// Silence is measured in the time of the source: while nobody of it has readings, nobody is blamed.
void equipment_table::look_at_units(timestamp now, equipment_effects& out) {
  source_clock& source = sources_[source_];
  if (source.now == unset || now - source.now > 2 * rules_->downtime.silence.check()) source.back = now;
  source.now = now;
  if (now < look_due_[source_]) return;
  timestamp due = never;
  for (equipment* e : in_order_) {
    if (e->source != source_) continue;
    downtime_watch& d = e->life().downtimes();
    if (d.due() <= now) d.look(e->activity(), source, rules_->downtime, out);
    due = std::min(due, d.due());
  }
  look_due_[source_] = due;
}

void equipment_table::finish(timestamp latest, equipment_effects& out) {
  if (!joins_.empty()) joins_.advance(never, out.joins);
  if (!started_) return;
  if (clock_.pane > 0s) advance(timestamp{(latest.time_since_epoch() / clock_.pane + 1) * clock_.pane} + rules_->lateness, out);
  for (equipment* e : in_order_)
    e->for_each([&](channel& c) { c.finish(clock_, *rules_, out); });
}

} // namespace tocsin

#include "core/equipment/equipment_table.hpp"


namespace tocsin {

namespace {
constexpr std::size_t channels_max = 1'000'000;
constexpr std::uint64_t spread = 0x9e3779b97f4a7c15ull; ///< Fibonacci hashing
} // namespace

equipment_table::equipment_table(std::shared_ptr<const equipment_rules> rules, equipment_keeper& keeper)
    : rules_(std::move(rules)), keeper_(keeper), slots_(1024) {
  clock_.pane = rules_->pane();
  clock_.held = rules_->panes();
  clock_.correctable = clock_.pane > 0s ? rules_->correct / clock_.pane : 0;
  clock_.seconds = to_seconds(clock_.pane);
}

void mark_ends(sample_batch& batch, duration pane, timestamp& latest) {
  batch.ends.clear();
  timestamp end = latest == unset || pane == 0s ? unset : timestamp{(latest.time_since_epoch() / pane + 1) * pane};
  for (std::uint32_t i = 0; i < batch.samples.size(); ++i) {
    const timestamp at = batch.samples[i].at;
    if (latest != unset && at <= latest) continue;
    latest = at;
    if (pane == 0s || at < end) continue;
    batch.ends.push_back({i, at}); // the first of all, too: from there every shard counts
    end = timestamp{(at.time_since_epoch() / pane + 1) * pane};
  }
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
void equipment_table::apply_all(const sample_batch& batch, std::size_t count, At&& at, equipment_effects& out) {
  constexpr std::size_t near = 3, middle = 7, far = 14;
  auto end = batch.ends.begin();
  for (std::size_t i = 0; i < count; ++i) {
    if (i + far < count) look_ahead(batch.samples[at(i + near)].key_hash, batch.samples[at(i + middle)].key_hash, batch.samples[at(i + far)].key_hash);
    const std::uint32_t position = at(i);
    for (; end != batch.ends.end() && end->index <= position; ++end) advance(end->latest, out);
    apply(batch.samples[position], out);
  }
  for (; end != batch.ends.end(); ++end) advance(end->latest, out);
}

void equipment_table::apply(const sample_batch& batch, equipment_effects& out) {
  apply_all(batch, batch.samples.size(), [](std::size_t i) { return static_cast<std::uint32_t>(i); }, out);
}

void equipment_table::apply(const sample_batch& batch, const std::vector<std::uint32_t>& positions, equipment_effects& out) {
  apply_all(batch, positions.size(), [&](std::size_t i) { return positions[i]; }, out);
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
  if (!c->apply(s.at, s.value, pane_number_, clock_, *rules_, out)) ++totals_.late;
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
  const std::string name{s.equipment};
  equipment*& unit = units_[name];
  if (!unit) {
    unit = &keeper_.adopt(equipment{name});
    in_order_.push_back(unit);
  }
  slots_[place] = {s.key_hash | 1, &unit->add(std::string{s.channel}, clock_, *rules_)};
  ++used_;
  return slots_[place].at;
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
  if (clock_.pane == 0s) return;
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

void equipment_table::finish(timestamp latest, equipment_effects& out) {
  if (!started_) return;
  if (clock_.pane > 0s) advance(timestamp{(latest.time_since_epoch() / clock_.pane + 1) * clock_.pane} + rules_->lateness, out);
  for (equipment* e : in_order_)
    e->for_each([&](channel& c) { c.finish(clock_, *rules_, out); });
}

} // namespace tocsin

#include "core/equipment/input_marks.hpp"

#include <algorithm>

#include "core/record.hpp"

namespace tocsin {

namespace {
constexpr duration tick = 1s;
}

std::size_t drop(sample_batch& batch, const std::vector<bool>& which) {
  // The events keep their places among what stays.
  std::uint32_t gone = 0, kept = 0;
  std::size_t event = 0;
  for (std::uint32_t i = 0; i < batch.samples.size(); ++i) {
    for (; event < batch.events.size() && batch.events[event].before <= i; ++event) batch.events[event].before -= gone;
    if (which[i]) ++gone;
    else batch.samples[kept++] = batch.samples[i];
  }
  for (; event < batch.events.size(); ++event) batch.events[event].before -= gone;
  batch.samples.resize(kept);
  return gone;
}

std::size_t drop_newer(sample_batch& batch, timestamp latest) {
  const auto newer = [latest](const auto& one) { return one.at > latest; };
  const std::size_t events = std::erase_if(batch.events, newer);
  if (std::ranges::none_of(batch.samples, newer)) return events;
  std::vector<bool> which;
  for (const sample& s : batch.samples) which.push_back(newer(s));
  return events + drop(batch, which);
}

input_marks::input_marks(const equipment_rules& rules) : pane_(rules.pane()) {
  for (const join_rule& j : rules.joins) {
    const auto slash = j.right.find('/');
    right_side r{j.right.substr(0, slash), slash == std::string::npos ? "" : j.right.substr(slash + 1), 0};
    r.key_hash = hash_key(r.equipment, r.channel);
    rights_.push_back(std::move(r));
  }
}

timestamp input_marks::end_of(timestamp at) const {
  const auto after = [at](duration every) { return timestamp{(at.time_since_epoch() / every + 1) * every}; };
  return pane_ > 0s ? std::min(after(tick), after(pane_)) : after(tick);
}

void input_marks::step(std::uint32_t index, std::uint32_t event, timestamp at, source_time& own, sample_batch& batch) {
  own.latest = at;
  latest_ = std::max(latest_, at);
  if (at < own.end && latest_ < end_) return;
  batch.ends.push_back({index, event, latest_, at});
  own.end = end_of(at);
  end_ = end_of(latest_);
}

void input_marks::mark(sample_batch& batch) {
  batch.ends.clear();
  batch.shared.clear();
  if (sources_.size() <= batch.source) sources_.resize(batch.source + 1);
  source_time& own = sources_[batch.source];
  std::uint32_t event = 0;
  for (std::uint32_t i = 0; i < batch.samples.size(); ++i) {
    for (; event < batch.events.size() && batch.events[event].before <= i; ++event)
      if (batch.events[event].at > own.latest) step(i, event, batch.events[event].at, own, batch);
    if (batch.samples[i].at > own.latest) step(i, event, batch.samples[i].at, own, batch);
  }
  for (; event < batch.events.size(); ++event)
    if (batch.events[event].at > own.latest)
      step(static_cast<std::uint32_t>(batch.samples.size()), event, batch.events[event].at, own, batch);
  if (!rights_.empty()) share(batch);
}

void input_marks::share(sample_batch& batch) const {
  for (std::uint32_t i = 0; i < batch.samples.size(); ++i) {
    const sample& s = batch.samples[i];
    for (std::uint32_t n = 0; n < rights_.size(); ++n)
      if (s.key_hash == rights_[n].key_hash && s.channel == rights_[n].channel && s.equipment == rights_[n].equipment)
        batch.shared.push_back({i, n, s.at, s.value});
  }
}

bool input_marks::pass(timestamp at, sample_batch& nothing) {
  if (latest_ == unset || at <= latest_) return false;
  latest_ = at;
  end_ = end_of(at);
  nothing.ends.push_back({0, 0, at, unset});
  return true;
}

} // namespace tocsin

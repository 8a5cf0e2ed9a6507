#include "core/equipment/quality.hpp"

#include <algorithm>

namespace tocsin {

namespace {
constexpr std::uint32_t windows_min = 3; ///< of a channel before it is known how many readings are usual
constexpr double learn = 0.03;           ///< of a window
constexpr std::uint32_t looked_at_max = 1000; ///< readings of a channel in a window; further ones are only counted
constexpr double usual_min = 4;          ///< readings in a window; channels with fewer say nothing about completeness
} // namespace

quality_watch::quality_watch(const quality_rule& rule, std::vector<std::string> sources) : rule_(rule), names_(std::move(sources)) {}

quality_watch::source& quality_watch::of(std::uint32_t number) {
  if (sources_.size() <= number) sources_.resize(number + 1);
  if (!sources_[number]) {
    sources_[number] = std::make_unique<source>();
    sources_[number]->now.source = number < names_.size() ? names_[number] : std::to_string(number);
  }
  return *sources_[number];
}

void quality_watch::look(sample_batch& batch, equipment_effects& out) {
  if (!rule_.enabled) return;
  source& s = of(batch.source);
  s.refused += batch.refused;
  std::vector<bool> left_out(rule_.filter ? batch.samples.size() : 0);
  std::size_t from = 0; // readings before it are in `good`, and left out when they are to be
  const auto count_until = [&](std::size_t i) {
    s.good += i - from;
    if (s.now.low && rule_.filter) std::fill(left_out.begin() + static_cast<std::ptrdiff_t>(from), left_out.begin() + static_cast<std::ptrdiff_t>(i), true);
    from = i;
  };
  const sample* const samples = batch.samples.data();
  const std::size_t count = batch.samples.size();
  const std::uint64_t* const keys = s.keys.data();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t hash = samples[i].key_hash, key = keys[place_of(hash)];
    if (key != (hash | 1) && key != 0) continue;
    count_until(i);
    look_at(s, place_of(hash), samples[i], batch.arrived, out);
  }
  count_until(count);
  s.good += batch.events.size();
  s.live = batch.arrived != unset && s.newest != unset && batch.arrived - s.newest <= rule_.timely + rule_.window;
  if (std::ranges::find(left_out, true) != left_out.end()) s.now.filtered += drop(batch, left_out);
}

[[gnu::noinline]] void quality_watch::look_at(source& s, std::size_t place, const sample& reading, timestamp arrived, equipment_effects& out) {
  if (s.end == unset) s.end = timestamp{(reading.at.time_since_epoch() / rule_.window + 1) * rule_.window};
  // A few windows without anything are said; after a longer gap it goes on with the present one.
  for (int n = 0; n < 3 && reading.at >= s.end; ++n) close(s, out);
  if (reading.at >= s.end) s.end = timestamp{(reading.at.time_since_epoch() / rule_.window + 1) * rule_.window};
  tracked& t = s.channels[place];
  const bool known = s.keys[place] != 0;
  s.keys[place] = reading.key_hash | 1;
  s.newest = std::max(s.newest, reading.at);
  if (t.received >= looked_at_max) {
    ++t.received;
    return;
  }
  ++s.seen;
  s.late += (arrived == unset ? s.newest : arrived) > reading.at + rule_.timely;
  if (known && t.at == reading.at) {
    ++s.twice;
    return;
  }
  ++t.received;
  if (known && t.value == reading.value) {
    ++t.same;
  } else {
    t.same = 0;
    t.varied = t.varied || known;
  }
  t.at = reading.at;
  t.value = reading.value;
}

void quality_watch::close(source& s, equipment_effects& out) {
  const auto share = [](double part, double of) { return of > 0 ? std::clamp(1 - part / of, 0.0, 1.0) : 1.0; };
  double came = 0, usual = 0, varied = 0, stuck = 0;
  for (std::size_t i = 0; i < tracked_max; ++i) {
    tracked& t = s.channels[i];
    if (s.keys[i] == 0) continue;
    varied += t.varied;
    stuck += t.varied && t.same >= rule_.stuck;
    if (t.windows > windows_min && t.usual >= usual_min) {
      came += std::min(static_cast<double>(t.received), t.usual);
      usual += t.usual;
    }
    // The first window is a part of one. Later a change is believed slowly.
    if (t.windows > 0) t.usual += std::max(1.0 / t.windows, learn) * (t.received - t.usual);
    ++t.windows;
    t.received = 0;
  }
  s.now.at = s.end;
  s.now.completeness = share(usual - came, usual);
  s.now.validity = share(static_cast<double>(s.refused), static_cast<double>(s.refused + s.good));
  s.now.timeliness = share(static_cast<double>(s.late), static_cast<double>(s.seen));
  s.now.uniqueness = share(static_cast<double>(s.twice), static_cast<double>(s.seen));
  s.now.liveness = share(stuck, varied);
  s.now.score = s.now.completeness * s.now.validity * s.now.timeliness * s.now.uniqueness * s.now.liveness;
  s.good = s.refused = s.seen = s.late = s.twice = 0;
  s.end += rule_.window;
  judge(s, out);
  out.qualities.push_back(s.now);
}

void quality_watch::judge(source& s, equipment_effects& out) {
  const bool was_low = s.now.low;
  s.now.low = s.now.score < (was_low ? rule_.clear : rule_.least);
  if (s.now.low == was_low) return;
  s.low.settle(s.now.at, "source/" + s.now.source, s.now.low, rule_.level,
            {{"score", s.now.score}, {"least", rule_.least}, {"completeness", s.now.completeness}, {"validity", s.now.validity},
             {"timeliness", s.now.timeliness}, {"uniqueness", s.now.uniqueness}, {"liveness", s.now.liveness}}, out.symptoms);
}

void quality_watch::pass(timestamp at, equipment_effects& out) {
  for (auto& s : sources_)
    if (s && s->live)
      for (int n = 0; n < 3 && s->end <= at; ++n) close(*s, out);
}

std::vector<source_quality> quality_watch::status() const {
  std::vector<source_quality> all;
  for (const auto& s : sources_)
    if (s) all.push_back(s->now);
  return all;
}

} // namespace tocsin

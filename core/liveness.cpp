// The gap model of heartbeats: see the header for its estimators.
#include "core/liveness.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin {

namespace {
constexpr double memory_beats =
    2048; // two days of 90 s beats: a link that got better is believed again
constexpr double missed_per_gap_max =
    6; // a pulled cable is one event, not a thousand independent losses
constexpr duration period_min = 1ms, period_max = 24h;
constexpr int candidates_fresh = 3;  // agreeing gaps that replace a period nobody has confirmed
constexpr int candidates_short = 4;  // ... a confirmed one by a shorter
constexpr int candidates_longer = 6; // ... by a longer, which lost beats could feign
} // namespace

beat_model::lesson beat_model::learn_odd(duration gap, duration raw) {
  const double period_s = to_seconds(period_), gap_s = to_seconds(gap);
  consider(raw);
  if (to_seconds(period_) != period_s) return {true, 0}; // another period was adopted
  const double k = std::round(gap_s / period_s);
  const double off_s = gap_s - k * period_s;
  if (k < 1 || std::abs(off_s) > 0.25 * period_s) return {gap > period_, 0};
  regular(off_s / k);
  missed_ += static_cast<float>(std::min(k - 1, missed_per_gap_max));
  return {true, static_cast<std::uint32_t>(std::min(k - 1, 4e9))};
}

void beat_model::consider(duration raw) {
  const double period_s = to_seconds(period_), raw_s = to_seconds(raw);
  if (std::abs(raw_s - period_s) <= 0.25 * period_s || raw < period_min || raw > period_max) {
    candidates_ = 0;
    return;
  }
  if (candidates_ > 0 && std::abs(raw_s - candidate_s_) <= 0.2 * candidate_s_) {
    ++candidates_;
    candidate_s_ += static_cast<float>((raw_s - candidate_s_) / 4);
  } else {
    candidates_ = 1;
    candidate_s_ = static_cast<float>(raw_s);
  }
  const int needed = learned_ < 4    ? candidates_fresh
                     : raw < period_ ? candidates_short
                                     : candidates_longer;
  if (candidates_ < needed) return;
  *this = beat_model{from_seconds(candidate_s_)};
  learned_ = 1;
}

std::uint32_t beat_model::misses_to_lost(const heartbeat_rule& rule) const {
  constexpr double week_s = 7 * 86400;
  const std::uint32_t least = std::max(rule.misses_min, 2u),
                      most = std::max(rule.misses_max, least);
  double alarms = rule.fleet * (week_s / to_seconds(period_));
  for (std::uint32_t m = 1; m < most; ++m) {
    // E[q^m] of a Beta(a, b): one factor (a + i) / (a + b + i) per beat.
    alarms *= (prior_missed + missed_ + m - 1) / (prior_beats + beats_ + missed_ + m - 1);
    if (m >= least && alarms <= rule.false_alarms_per_week) return m;
  }
  return most;
}

void beat_model::set_prior(duration prior) { *this = beat_model{prior}; }

void beat_model::save(writer& out) const {
  out.put(period_);
  for (float f : {jitter_s_, missed_, beats_, candidate_s_}) out.put(f);
  out.put(candidates_);
  out.put(learned_);
}

bool beat_model::load(reader& in) {
  period_ = in.get_duration();
  bool sane = period_ > duration{0};
  for (float* f : {&jitter_s_, &missed_, &beats_, &candidate_s_}) {
    *f = in.get<float>();
    sane = sane && *f >= 0 && *f < 1e9f;
  }
  candidates_ = in.get<std::uint8_t>();
  learned_ = in.get<std::uint8_t>();
  return sane && in.ok();
}

} // namespace tocsin

// What a daemon's heartbeats teach: its period, its jitter and how often one gets lost on the way.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/bytes.hpp"
#include "core/rules.hpp"
#include "core/time.hpp"

namespace tocsin {

/// Learns from the gaps between heartbeats. A gap of k periods counts as k - 1 missed beats, so
/// that one missing beat does not look like a longer period; a beat too many is left out.
///
/// Loss rate: mean of a Beta posterior, prior 0.05 of 50 beats (mean 0.001), over the last ~2,000
/// beats. Period: exponentially weighted mean of the residual per period, clipped (Huber), gain
/// 1/16. Slack: what a beat may be late before it counts as missed: 6 times the mean absolute
/// jitter, at least a tenth and at most half of the period.
class beat_model {
public:
  struct lesson {
    bool anchor_moves;    ///< this beat is on the rhythm: measure the next gap from it
    std::uint32_t missed; ///< beats that should have come in between
  };

  explicit beat_model(duration prior) : period_(prior > duration{0} ? prior : duration{90s}) {}

  /// `gap`: since the last beat on the rhythm; `raw`: since the last beat of any kind.
  lesson learn(duration gap, duration raw) {
    const duration off = gap - period_;
    if (gap == raw && off <= period_ / 4 && off >= -period_ / 4) {
      candidates_ = 0;
      regular(to_seconds(off));
      return {true, 0};
    }
    return learn_odd(gap, raw);
  }

  duration period() const { return period_; }
  double jitter_s() const { return jitter_s_; }
  double loss_rate() const { return (prior_missed + missed_) / (prior_beats + beats_ + missed_); }
  duration slack() const {
    const auto jitter = duration{static_cast<std::int64_t>(6e9 * static_cast<double>(jitter_s_))};
    return std::clamp(jitter, period_ / 10, period_ / 2);
  }
  /// Smallest m with fleet * beats per week * E[q^m] <= false alarms per week, within the rule's
  /// bounds. q^m is the chance that a living daemon stays unheard for m beats; its mean over what
  /// we know of q, not the power of the mean: a daemon that lost nothing so far may still be on a
  /// bad link.
  std::uint32_t misses_to_lost(const heartbeat_rule& rule) const;
  /// A configured period that changed is a new prior; nothing learned about another one is kept.
  void set_prior(duration prior);

  void save(writer& out) const;
  bool load(reader& in); ///< false when the values cannot be ours

private:
  static constexpr double prior_missed = 0.05, prior_beats = 50;
  lesson learn_odd(duration gap, duration raw);
  void regular(double off_s) {
    constexpr auto keep =
        static_cast<float>(1 - 1 / 2048.0); // two days of 90 s beats are remembered
    const double clip = 3.0 * jitter_s_ + 0.02 * to_seconds(period_);
    const double e = std::clamp(off_s, -clip, clip);
    double gain = 1.0 / 16;
    if (learned_ < 14) [[unlikely]]
      gain = 1.0 / (learned_++ + 2.0);
    period_ += duration{static_cast<std::int64_t>(e * gain * 1e9)};
    jitter_s_ += static_cast<float>(gain * (std::abs(e) - jitter_s_));
    beats_ = beats_ * keep + 1;
    missed_ *= keep;
  }
  void consider(duration raw);

  duration period_;
  float jitter_s_ = 0;
  float missed_ = 0, beats_ = 0; ///< decaying counts
  float candidate_s_ = 0;        ///< another period that recent gaps agree on
  std::uint8_t candidates_ = 0, learned_ = 0;
};

} // namespace tocsin

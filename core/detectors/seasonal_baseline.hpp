// Expected value by the time within a period (a day by default), learnt bucket by bucket.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "core/detectors/state.hpp"
#include "core/time.hpp"

namespace tocsin::detectors {

/// Distance of a short mean of x from what was usual at this time of the period: the least distance to the buckets of
/// now, before and after, so that a pattern that comes a little early or late is no news. Each bucket is a mean of x with
/// gain max(1/visits, learn) per row (seasonal exponential smoothing, Winters 1960, without trend). In the unit of x.
/// 10 ns per event; 4 bytes a bucket and another for its visits.
template <std::size_t Buckets>
struct seasonal_baseline {
  std::int64_t period_ns;
  double learn, smooth;
  double recent = 0;
  std::uint32_t n = 0;
  std::array<float, Buckets> level{};
  std::array<std::uint8_t, Buckets> visits{};

  explicit seasonal_baseline(duration period = 24h, double gain_per_row = 0.2, double smooth_half_life = 2)
      : period_ns(std::max<std::int64_t>(period.count(), 1)), learn(gain_per_row), smooth(alpha_of_half_life(smooth_half_life)) {}

  std::size_t bucket_of(timestamp at) const {
    const std::int64_t into = to_nanoseconds(at) % period_ns;
    const double share = static_cast<double>(into < 0 ? into + period_ns : into) / static_cast<double>(period_ns);
    return std::min(static_cast<std::size_t>(share * static_cast<double>(Buckets)), Buckets - 1);
  }
  /// 0 while the bucket of now was never seen.
  double next(timestamp at, double x) {
    recent += (n == 0 ? 1 : smooth) * (x - recent);
    n = 1;
    const std::size_t b = bucket_of(at);
    double away = 0;
    if (visits[b] != 0) {
      away = INFINITY;
      for (std::size_t each : {b, (b + 1) % Buckets, (b + Buckets - 1) % Buckets})
        if (visits[each] != 0) away = std::min(away, std::fabs(recent - level[each]));
    }
    if (visits[b] != UINT8_MAX) ++visits[b];
    level[b] += static_cast<float>(gain(visits[b], learn) * (x - level[b]));
    return away;
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.recent, self.n, self.level, self.visits); }
};

} // namespace tocsin::detectors

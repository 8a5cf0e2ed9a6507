// Seasonal baseline: what is left of a value when the usual pattern of the day is taken away, as far as there is one.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "core/detectors/ew_moments.hpp"
#include "core/time.hpp"

namespace tocsin::detectors {

/// residual = x - w (level of the bucket of now - slow mean), 48 buckets over the period, those of a day once for
/// working days and once for weekends; each an exponential mean (seasonal smoothing, Winters 1960, without trend).
/// w = sqrt(1 - E1/E0), E1 and E0 the mean squared errors of the bucket and of the slow mean: a stream without a season
/// keeps its values. 20 ns per event.
struct seasonal_baseline {
  static constexpr std::size_t buckets = 48;
  static constexpr double learn = 0.1;      ///< least gain of a bucket's mean, per row that falls into it
  static constexpr double remember = 0.001; ///< gain of the errors and of the slow mean, per row
  static constexpr std::int64_t day = 86'400'000'000'000;
  std::int64_t period;                      ///< nanoseconds; 0: no season, the residual is the value
  ew_moments slow{};
  double error_bucket = 0, error_mean = 0, origin = 0;
  std::uint32_t judged = 0;
  std::array<float, 2 * buckets> level{}; ///< above `origin`
  std::array<std::uint8_t, 2 * buckets> visits{};

  explicit seasonal_baseline(duration of = 24h) : period(std::max<std::int64_t>(of.count(), 0)) {}

  std::size_t bucket_of(timestamp at) const {
    const std::int64_t ns = to_nanoseconds(at), turns = floor_divide(ns, period);
    const std::int64_t rest = ns % period; // turns * period could overflow
    const double share = static_cast<double>(rest < 0 ? rest + period : rest) / static_cast<double>(period);
    const std::size_t bucket = std::min(static_cast<std::size_t>(share * buckets), buckets - 1);
    if (period != day) return bucket;
    const std::int64_t weekday = (turns % 7 + 11) % 7; // 1970-01-01 was a Thursday; Sunday is 0
    return bucket + (weekday == 0 || weekday == 6 ? buckets : 0);
  }
  double next(timestamp at, double x) {
    if (period == 0) return x;
    if (slow.n == 0) origin = x;
    const std::size_t b = bucket_of(at);
    double residual = x;
    if (visits[b] != 0) {
      const double usual = origin + static_cast<double>(level[b]);
      const double from_usual = x - usual, from_mean = x - slow.mean;
      if (judged != UINT32_MAX) ++judged;
      const double a = gain(judged, remember);
      error_bucket += a * (from_usual * from_usual - error_bucket);
      error_mean += a * (from_mean * from_mean - error_mean);
      const double explained = error_mean > 0 ? 1 - error_bucket / error_mean : 0;
      if (explained > 0) residual -= std::sqrt(explained) * (usual - slow.mean);
    }
    if (visits[b] != UINT8_MAX) ++visits[b];
    level[b] += static_cast<float>(gain(visits[b], learn) * (x - origin - static_cast<double>(level[b])));
    slow.add(x, remember);
    return residual;
  }
  template <class Self>
  static void fields(Self& self, auto&& each) {
    each(self.slow, self.error_bucket, self.error_mean, self.origin, self.judged, self.level, self.visits);
  }

private:
  static std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
};
static_assert(sizeof(seasonal_baseline) == 544);

} // namespace tocsin::detectors

#include "core/detectors/group_baseline.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin {

namespace {

constexpr std::size_t side = 20;  ///< rows on each side of a possible jump
constexpr std::size_t block = 10; ///< rows of a block mean

/// A scale that a channel which never moved gets: beyond rounding, below any change that matters.
double least_scale(double mean) { return 1e-9 * (std::abs(mean) + 1e-3); }

struct moments {
  double mean = 0, variance = 0;
};

moments moments_of(const std::vector<double>& x, std::size_t from, std::size_t to) {
  moments m;
  for (std::size_t i = from; i < to; ++i) m.mean += x[i];
  m.mean /= static_cast<double>(to - from);
  for (std::size_t i = from; i < to; ++i) m.variance += (x[i] - m.mean) * (x[i] - m.mean);
  m.variance /= static_cast<double>(to - from);
  return m;
}

/// The row after the last jump of one channel that leaves enough rows to learn from.
std::size_t regime_begin(const std::vector<double>& x, const baseline_options& o) {
  const std::size_t n = x.size();
  std::size_t begin = 0;
  for (std::size_t i = side; i + side <= n && i + side / 2 + o.regime_rows <= n; ++i) {
    const auto before = moments_of(x, i - side, i), after = moments_of(x, i, i + side);
    const double deviation = std::sqrt((before.variance + after.variance) / 2) +
                             1e-6 * std::abs(before.mean) + least_scale(before.mean);
    if (std::abs(before.mean - after.mean) > o.regime_jump * deviation) begin = i + side / 2;
  }
  return begin;
}

double drift_of(const std::vector<double>& x, std::size_t begin, std::size_t lag_rows) {
  const std::size_t blocks = (x.size() - begin) / block;
  const std::size_t lag = std::min(lag_rows / block, blocks / 2);
  if (lag == 0) return 0;
  std::vector<double> means(blocks);
  for (std::size_t b = 0; b < blocks; ++b)
    means[b] = moments_of(x, begin + b * block, begin + (b + 1) * block).mean;
  double sum = 0;
  for (std::size_t b = lag; b < blocks; ++b)
    sum += (means[b] - means[b - lag]) * (means[b] - means[b - lag]);
  return sum / static_cast<double>(blocks - lag);
}

} // namespace

group_baseline baseline_of(const table& learnt, const baseline_options& options) {
  group_baseline out;
  std::vector<std::vector<double>> channels;
  for (std::size_t c = 0; c < learnt.columns; ++c) {
    channels.push_back(learnt.column(c));
    out.begin = std::max(out.begin, regime_begin(channels.back(), options));
  }
  for (const auto& x : channels) {
    const auto m = moments_of(x, out.begin, x.size());
    const double drift = drift_of(x, out.begin, options.drift_lag);
    out.mean.push_back(m.mean);
    out.scale.push_back(std::sqrt(m.variance + options.drift_weight * drift) + least_scale(m.mean));
  }
  return out;
}

void fill_missing(table& learnt) {
  for (std::size_t c = 0; c < learnt.columns; ++c) {
    double last = 0;
    for (std::size_t i = c; i < learnt.values.size(); i += learnt.columns)
      if (std::isfinite(learnt.values[i])) {
        last = learnt.values[i];
        break;
      }
    for (std::size_t i = c; i < learnt.values.size(); i += learnt.columns) {
      if (std::isfinite(learnt.values[i])) last = learnt.values[i];
      learnt.values[i] = last;
    }
  }
}

} // namespace tocsin

#include "core/detectors/seasonal.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/statistics/order.hpp"

namespace tocsin {

namespace {

result<void> check(std::span<const double> series, std::size_t period) {
  if (period < 2) return fail(errc::invalid, "season: a period is at least 2 points");
  if (series.size() < 2 * period)
    return fail(errc::invalid, "season: " + std::to_string(series.size()) +
                                   " points, two periods are " + std::to_string(2 * period));
  for (std::size_t i = 0; i < series.size(); ++i)
    if (!std::isfinite(series[i]))
      return fail(errc::invalid,
                  "season: point " + std::to_string(i) + " is not finite; fill it first");
  return {};
}

using numbers = std::vector<double>;

/// Tricube weights by distance. Points are a whole distance apart and most windows are equally wide: kept from fit to fit.
class tricube {
public:
  /// Of distances 0, 1, … up to the width h.
  const numbers& of(double h) {
    if (h == h_) return weights_;
    h_ = h;
    weights_.assign(static_cast<std::size_t>(h) + 1, 0.0);
    for (std::size_t r = 0; r < weights_.size(); ++r) {
      const double u = static_cast<double>(r) / h, v = 1 - u * u * u;
      weights_[r] = static_cast<double>(r) <= 0.001 * h ? 1.0 : u <= 0.999 ? v * v * v : 0.0;
    }
    total_ = 2 * std::accumulate(weights_.begin(), weights_.end(), 0.0) - weights_[0];
    return weights_;
  }
  double total() const { return total_; } ///< of both sides
  numbers scratch;

private:
  double h_ = -1, total_ = 0;
  numbers weights_;
};

/// Loess of y at position x, a whole number, from points first..last (0-based, inclusive) with a window of `length`.
/// NaN when all weights are 0.
double loess_at(const numbers& y, const numbers& robust, double x, std::size_t first,
                std::size_t last, std::size_t length, tricube& weights) {
  const double n = static_cast<double>(y.size());
  const double left = x - static_cast<double>(first), right = static_cast<double>(last) - x;
  double h = std::max(left, right);
  if (length > y.size()) h += static_cast<double>((length - y.size()) / 2);
  const numbers& near = weights.of(std::max(h, 0.0));
  if (robust.empty() && left == right && h == left) { // the line's slope does not count in the middle
    const auto middle = static_cast<std::size_t>(x);
    double sum = near[0] * y[middle];
    for (std::size_t r = 1; r < near.size(); ++r) sum += near[r] * (y[middle - r] + y[middle + r]);
    return sum / weights.total();
  }
  numbers& w = weights.scratch;
  w.assign(last - first + 1, 0.0);
  double sum = 0, moment = 0;
  for (std::size_t j = first; j <= last; ++j) {
    const auto r = static_cast<std::size_t>(std::abs(static_cast<double>(j) - x));
    if (r < near.size()) w[j - first] = near[r] * (robust.empty() ? 1.0 : robust[j]);
    sum += w[j - first];
  }
  if (!(sum > 0)) return std::nan("");
  for (std::size_t j = first; j <= last; ++j)
    moment += (w[j - first] /= sum) * static_cast<double>(j);
  double spread = 0;
  for (std::size_t j = first; j <= last; ++j) {
    const double d = static_cast<double>(j) - moment;
    spread += w[j - first] * d * d;
  }
  const bool tilt = h > 0 && std::sqrt(spread) > 0.001 * (n - 1);
  double out = 0;
  for (std::size_t j = first; j <= last; ++j) {
    const double d = static_cast<double>(j) - moment;
    out += w[j - first] * (tilt ? (x - moment) / spread * d + 1 : 1.0) * y[j];
  }
  return out;
}

numbers loess(const numbers& y, const numbers& robust, std::size_t length) {
  const std::size_t n = y.size(), half = (length + 1) / 2;
  if (n < 2) return y;
  numbers out(n);
  tricube weights;
  std::size_t first = 0, last = std::min(length, n) - 1;
  for (std::size_t i = 0; i < n; ++i) {
    if (length < n && i + 1 > half && last != n - 1) {
      ++first;
      ++last;
    }
    const double fit = loess_at(y, robust, static_cast<double>(i), first, last, length, weights);
    out[i] = std::isfinite(fit) ? fit : y[i];
  }
  return out;
}

/// Every phase smoothed on its own, and continued by one period on both sides.
numbers smooth_phases(const numbers& y, const numbers& robust, std::size_t period,
                      std::size_t length) {
  numbers out(y.size() + 2 * period);
  tricube weights;
  for (std::size_t phase = 0; phase < period; ++phase) {
    numbers part, weight;
    for (std::size_t i = phase; i < y.size(); i += period) {
      part.push_back(y[i]);
      if (!robust.empty()) weight.push_back(robust[i]);
    }
    const std::size_t k = part.size();
    const numbers inside = loess(part, weight, length);
    const double before = loess_at(part, weight, -1, 0, std::min(length, k) - 1, length, weights);
    const double after =
        loess_at(part, weight, static_cast<double>(k), k > length ? k - length : 0, k - 1, length,
                 weights);
    out[phase] = std::isfinite(before) ? before : inside.front();
    for (std::size_t m = 0; m < k; ++m) out[(m + 1) * period + phase] = inside[m];
    out[(k + 1) * period + phase] = std::isfinite(after) ? after : inside.back();
  }
  return out;
}

numbers moving_average(const numbers& x, std::size_t length) {
  numbers out(x.size() - length + 1);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += x[i];
    if (i >= length) sum -= x[i - length];
    if (i + 1 >= length) out[i + 1 - length] = sum / static_cast<double>(length);
  }
  return out;
}

numbers minus(const numbers& a, const numbers& b) {
  numbers out(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] - b[i];
  return out;
}

/// Bisquare weights of the remainder.
numbers robust_weights(const numbers& remainder) {
  numbers size(remainder.size());
  std::transform(remainder.begin(), remainder.end(), size.begin(),
                 [](double r) { return std::abs(r); });
  const double most = 6 * median(size);
  for (double& r : size)
    r = r <= 0.001 * most ? 1.0 : r <= 0.999 * most ? std::pow(1 - r / most * (r / most), 2) : 0.0;
  return size;
}

} // namespace

result<decomposition> classic_decomposition(std::span<const double> series, std::size_t period) {
  if (auto good = check(series, period); !good) return tl::make_unexpected(good.error());
  const std::size_t n = series.size(), half = period / 2;
  decomposition out;
  out.trend.assign(n, std::nan(""));
  for (std::size_t i = half; i + half < n; ++i) {
    double sum = 0;
    for (std::size_t j = i - half; j <= i + half; ++j)
      sum += series[j] * (period % 2 == 0 && (j == i - half || j == i + half) ? 0.5 : 1.0);
    out.trend[i] = sum / static_cast<double>(period);
  }
  numbers phase(period, 0.0), count(period, 0.0);
  for (std::size_t i = half; i + half < n; ++i) {
    phase[i % period] += series[i] - out.trend[i];
    count[i % period] += 1;
  }
  double mean = 0;
  for (std::size_t p = 0; p < period; ++p)
    mean += (phase[p] /= count[p]) / static_cast<double>(period);
  for (std::size_t i = 0; i < n; ++i) {
    out.season.push_back(phase[i % period] - mean);
    out.remainder.push_back(series[i] - out.trend[i] - out.season[i]);
  }
  return out;
}

result<decomposition> stl_decomposition(std::span<const double> series, std::size_t period,
                                        stl_options o) {
  if (auto good = check(series, period); !good) return tl::make_unexpected(good.error());
  if (o.low_pass == 0) o.low_pass = period + 1 + period % 2;
  if (o.trend == 0 && o.seasonal >= 3) {
    const double least =
        1.5 * static_cast<double>(period) / (1 - 1.5 / static_cast<double>(o.seasonal));
    o.trend = static_cast<std::size_t>(std::ceil(least));
    o.trend += 1 - o.trend % 2;
  }
  for (std::size_t smoother : {o.seasonal, o.trend, o.low_pass})
    if (smoother < 3 || smoother % 2 == 0)
      return fail(errc::invalid, "season: a smoother of " + std::to_string(smoother) +
                                     " points; it must be odd and at least 3");
  const numbers y(series.begin(), series.end());
  decomposition out{numbers(y.size(), 0.0), {}, {}};
  numbers robust;
  for (std::size_t round = 0; round <= o.outer; ++round) {
    for (std::size_t i = 0; i < o.inner; ++i) {
      const numbers phases = smooth_phases(minus(y, out.trend), robust, period, o.seasonal);
      const numbers low =
          loess(moving_average(moving_average(moving_average(phases, period), period), 3), {},
                o.low_pass);
      const auto begin = phases.begin() + static_cast<std::ptrdiff_t>(period);
      out.season = minus(numbers(begin, begin + static_cast<std::ptrdiff_t>(y.size())), low);
      out.trend = loess(minus(y, out.season), robust, o.trend);
    }
    out.remainder = minus(minus(y, out.trend), out.season);
    if (round < o.outer) robust = robust_weights(out.remainder);
  }
  return out;
}

} // namespace tocsin

#include "core/detectors/group_change_point.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/statistics/order.hpp"

namespace tocsin {

namespace {
/// One channel cannot outvote all others without end.
constexpr double difference_most = 30;

double deviation_of(const std::vector<double>& x, double& mean) {
  mean = 0;
  for (double v : x) mean += v;
  mean /= static_cast<double>(x.size());
  double sum = 0;
  for (double v : x) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(x.size()));
}
} // namespace

group_change_point::group_change_point(const table& learnt, change_point_options options)
    : options_(options), channels_(learnt.columns) {
  for (auto& pair : options_.windows) {
    pair.recent = std::max<std::size_t>(1, pair.recent);
    pair.previous = std::max<std::size_t>(1, pair.previous);
    rows_ = std::max(rows_, pair.recent + options_.gap + pair.previous);
  }
  ring_.assign(rows_ * channels_, 0.0);
  since_ = options_.refractory;
  learn_units(learnt);
}

void group_change_point::learn_units(const table& learnt) {
  const std::size_t pairs = options_.windows.size();
  std::vector<std::vector<double>> differences(pairs * channels_);
  // Before there are enough rows, the first one stands for all before it.
  for (std::size_t i = 0; i < rows_; ++i) push(learnt.row(0));
  for (std::size_t i = 0; i < learnt.rows(); ++i) {
    push(learnt.row(i));
    for (std::size_t p = 0; p < pairs; ++p) {
      const auto& pair = options_.windows[p];
      if (i + 1 < pair.recent + options_.gap + pair.previous) continue;
      for (std::size_t c = 0; c < channels_; ++c)
        differences[p * channels_ + c].push_back(std::abs(window_difference(c, pair)));
    }
  }
  unit_.assign(differences.size(), 0.0);
  for (std::size_t c = 0; c < channels_; ++c) {
    double mean = 0;
    const double deviation = deviation_of(learnt.column(c), mean);
    for (std::size_t p = 0; p < pairs; ++p) {
      const auto& pair = options_.windows[p];
      const double white = deviation * std::sqrt(1.0 / static_cast<double>(pair.recent) +
                                                 1.0 / static_cast<double>(pair.previous));
      const double least = options_.noise_floor * white + 1e-9 * (std::abs(mean) + 1e-3);
      const auto& seen = differences[p * channels_ + c];
      // With few differences their quantile says nothing: three times the least, then.
      unit_[p * channels_ + c] =
          seen.size() > 10 ? std::max(least, quantile(seen, options_.quantile)) : 3 * least;
    }
  }
}

void group_change_point::push(std::span<const double> values) {
  for (std::size_t c = 0; c < channels_; ++c) ring_[c * rows_ + next_] = values[c];
  next_ = next_ + 1 == rows_ ? 0 : next_ + 1;
}

double group_change_point::window_difference(std::size_t channel,
                                             const change_point_options::pair& pair) const {
  const double* x = ring_.data() + channel * rows_;
  // The mean of `count` rows that end `ago` rows before the next one.
  const auto mean = [&](std::size_t ago, std::size_t count) {
    const std::size_t from = (next_ + 2 * rows_ - ago - count) % rows_;
    const std::size_t whole = std::min(count, rows_ - from);
    const double sum = std::accumulate(x + from, x + from + whole, 0.0);
    return std::accumulate(x, x + (count - whole), sum) / static_cast<double>(count);
  };
  return mean(0, pair.recent) - mean(pair.recent + options_.gap, pair.previous);
}

bool group_change_point::next(std::span<const double> values) {
  push(values);
  double sum = 0;
  for (std::size_t i = 0; i < unit_.size(); ++i) {
    const double d = window_difference(i % channels_, options_.windows[i / channels_]);
    sum += std::pow(std::min(difference_most, std::abs(d) / unit_[i]), options_.norm);
  }
  difference_ = std::pow(sum, 1 / options_.norm);
  if (since_ < options_.refractory) ++since_;
  if (difference_ <= options_.limit) {
    if (++below_ >= options_.clear) above_ = false;
    return false;
  }
  below_ = 0;
  // While a change lasts, only one that grows beyond it is another.
  const bool another = !above_ || difference_ > top_;
  above_ = true;
  if (!another || since_ < options_.refractory) return false;
  top_ = difference_;
  since_ = 0;
  return true;
}

void group_change_point::save(writer& out) const {
  put_vector(out, ring_);
  put_vector(out, unit_);
  for (std::size_t n : {next_, since_, below_}) out.put(static_cast<std::uint64_t>(n));
  out.put(difference_);
  out.put(top_);
  out.put(above_);
}

bool group_change_point::load(reader& in) {
  if (!get_vector(in, ring_) || !get_vector(in, unit_)) return false;
  next_ = in.get<std::uint64_t>();
  since_ = in.get<std::uint64_t>();
  below_ = in.get<std::uint64_t>();
  difference_ = in.get<double>();
  top_ = in.get<double>();
  above_ = in.get<bool>();
  return in.ok() && ring_.size() == rows_ * channels_ &&
         unit_.size() == options_.windows.size() * channels_ && next_ < rows_;
}

} // namespace tocsin

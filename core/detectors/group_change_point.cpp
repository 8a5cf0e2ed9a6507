#include "core/detectors/group_change_point.hpp"

#include <algorithm>
#include <cmath>

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
  options_.recent = std::max<std::size_t>(1, options_.recent);
  options_.previous = std::max<std::size_t>(1, options_.previous);
  rows_ = options_.recent + options_.gap + options_.previous;
  ring_.assign(rows_ * channels_, 0.0);
  since_ = options_.refractory;
  learn_units(learnt);
}

void group_change_point::learn_units(const table& learnt) {
  std::vector<std::vector<double>> differences(channels_);
  // Before there are enough rows, the first one stands for all before it.
  for (std::size_t i = 0; i < rows_; ++i) push(learnt.row(0));
  for (std::size_t i = 0; i < learnt.rows(); ++i) {
    push(learnt.row(i));
    if (i + 1 < rows_) continue;
    for (std::size_t c = 0; c < channels_; ++c)
      differences[c].push_back(std::abs(window_difference(c)));
  }
  const double white = std::sqrt(1.0 / static_cast<double>(options_.recent) +
                                 1.0 / static_cast<double>(options_.previous));
  for (std::size_t c = 0; c < channels_; ++c) {
    double mean = 0;
    const double least =
        deviation_of(learnt.column(c), mean) * white + 1e-9 * (std::abs(mean) + 1e-3);
    // With few differences their quantile says nothing: three deviations of white noise, then.
    unit_.push_back(differences[c].size() > 10
                        ? std::max(least, quantile(differences[c], options_.quantile))
                        : 3 * least);
  }
}

void group_change_point::push(std::span<const double> values) {
  std::copy(values.begin(), values.end(),
            ring_.begin() + static_cast<std::ptrdiff_t>(next_ * channels_));
  next_ = next_ + 1 == rows_ ? 0 : next_ + 1;
}

double group_change_point::window_difference(std::size_t channel) const {
  double older = 0, newer = 0;
  std::size_t at = next_; // the oldest row
  for (std::size_t i = 0; i < rows_; ++i) {
    const double v = ring_[at * channels_ + channel];
    if (i < options_.previous)
      older += v;
    else if (i >= options_.previous + options_.gap)
      newer += v;
    at = at + 1 == rows_ ? 0 : at + 1;
  }
  return newer / static_cast<double>(options_.recent) -
         older / static_cast<double>(options_.previous);
}

bool group_change_point::next(std::span<const double> values) {
  push(values);
  double sum = 0;
  for (std::size_t c = 0; c < channels_; ++c)
    sum += std::pow(std::min(difference_most, std::abs(window_difference(c)) / unit_[c]),
                    options_.norm);
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
  return in.ok() && ring_.size() == rows_ * channels_ && unit_.size() == channels_ && next_ < rows_;
}

} // namespace tocsin

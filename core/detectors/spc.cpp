#include "core/detectors/spc.hpp"

#include <algorithm>
#include <cmath>

#include "core/statistics/order.hpp"

namespace tocsin {

std::uint16_t shewhart_chart::next(double point) {
  if (!std::isfinite(point)) {
    size_ = 0;
    return 0;
  }
  std::copy_backward(z_.begin(), z_.end() - 1, z_.end());
  z_[0] = (point - limits_.centre) / limits_.deviation;
  size_ = std::min<std::uint32_t>(size_ + 1, memory);
  return patterns() & rules_;
}

std::uint16_t shewhart_chart::patterns() const {
  const auto all = [this](std::size_t n, auto&& holds) {
    if (size_ < n) return false;
    for (std::size_t i = 0; i < n; ++i)
      if (!holds(i)) return false;
    return true;
  };
  // Of the newest n points, at least `least` beyond `limit` on the side of the newest one, which is
  // one of them.
  const auto most_of = [this](std::size_t n, std::size_t least, double limit) {
    if (size_ < least || std::abs(z_[0]) <= limit) return false;
    std::size_t beyond = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(n, size_); ++i)
      beyond += z_[i] * (z_[0] > 0 ? 1 : -1) > limit ? 1 : 0;
    return beyond >= least;
  };
  const auto rises = [this](std::size_t i) { return z_[i] > z_[i + 1]; };
  const auto falls = [this](std::size_t i) { return z_[i] < z_[i + 1]; };
  const auto above = [this](std::size_t i) { return z_[i] > 0; };
  const auto below = [this](std::size_t i) { return z_[i] < 0; };
  std::uint16_t out = 0;
  const auto set = [&out](bool holds, spc_rule rule) { out |= holds ? bit(rule) : 0; };
  set(std::abs(z_[0]) > 3, spc_rule::beyond_3);
  set(all(9, above) || all(9, below), spc_rule::run_of_9);
  set(all(8, above) || all(8, below), spc_rule::run_of_8);
  set(size_ >= 6 && (all(5, rises) || all(5, falls)), spc_rule::steady_6);
  const auto in_turn = [&](bool up) {
    return all(13, [&](std::size_t i) { return (i % 2 == 0) == up ? rises(i) : falls(i); });
  };
  set(size_ >= 14 && (in_turn(true) || in_turn(false)), spc_rule::alternating_14);
  set(most_of(3, 2, 2), spc_rule::two_of_3);
  set(most_of(5, 4, 1), spc_rule::four_of_5);
  set(all(15, [this](std::size_t i) { return std::abs(z_[i]) < 1; }), spc_rule::fifteen_within);
  set(all(8, [this](std::size_t i) { return std::abs(z_[i]) > 1; }), spc_rule::eight_outside);
  return out;
}

void shewhart_chart::save(writer& out) const {
  for (double z : z_) out.put(z);
  out.put(size_);
}

bool shewhart_chart::load(reader& in) {
  for (double& z : z_) z = in.get<double>();
  size_ = in.get<std::uint32_t>();
  return in.ok() && size_ <= memory;
}

bool ewma_chart::next(double point) {
  if (std::isfinite(point)) z_ += weight_ * ((point - limits_.centre) / limits_.deviation - z_);
  return std::abs(z_) > width_ * std::sqrt(weight_ / (2 - weight_));
}

int cusum_chart::next(double point) {
  if (!std::isfinite(point)) return 0;
  const double z = (point - limits_.centre) / limits_.deviation;
  high_ = std::max(0.0, high_ + z - k_);
  low_ = std::max(0.0, low_ - z - k_);
  const int signal = high_ > h_ ? 1 : low_ > h_ ? -1 : 0;
  if (signal != 0) high_ = low_ = 0;
  return signal;
}

void cusum_chart::save(writer& out) const {
  out.put(high_);
  out.put(low_);
}

bool cusum_chart::load(reader& in) {
  high_ = in.get<double>();
  low_ = in.get<double>();
  return in.ok();
}

namespace {
/// Median and MAD find the odd points; mean and deviation of the others need a third as many points for the same
/// certainty (reweighting: Rousseeuw and Leroy, "Robust Regression and Outlier Detection", 1987).
chart_limits limits_of(const std::vector<double>& points) {
  const double middle = median(points);
  const double spread =
      std::max(median_absolute_deviation(points), 1e-9 * (std::abs(middle) + 1e-3));
  double n = 0, mean = 0, sum = 0;
  for (const double x : points) {
    if (std::abs(x - middle) > 4 * spread) continue;
    const double from = x - mean;
    mean += from / ++n;
    sum += from * (x - mean);
  }
  const double deviation = n > 2 ? std::sqrt(sum / (n - 1)) : 0;
  return {mean, std::max(deviation, 1e-9 * (std::abs(mean) + 1e-3))};
}
} // namespace

result<const chart_limits*> context_limits::add(const std::string& context, double point) {
  if (!std::isfinite(point))
    return fail(errc::invalid, "chart of " + context + ": the point is not finite");
  auto found = contexts_.find(context);
  if (found == contexts_.end()) {
    if (contexts_.size() >= contexts_most)
      return fail(errc::too_large, "chart of " + context + ": " + std::to_string(contexts_most) +
                                       " contexts are known; forget some");
    found = contexts_.emplace(context, entry{}).first;
  }
  entry& e = found->second;
  if (e.known) return &e.limits;
  e.points.push_back(point);
  if (e.points.size() >= learn_) {
    e.limits = limits_of(e.points);
    e.known = true;
    e.points = {};
  }
  return nullptr;
}

} // namespace tocsin

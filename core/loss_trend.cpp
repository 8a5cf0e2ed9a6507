// Theil-Sen slope and Mann-Kendall test over a window of interval rates.
#include "core/loss_trend.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin {

void rate_window::save(writer& out) const {
  out.put(size_);
  for (std::size_t i = 0; i < size_; ++i)
    out.put(values_[(next_ + capacity - size_ + i) % capacity]);
}

bool rate_window::load(reader& in) {
  clear();
  const auto size = in.get<std::uint8_t>();
  if (size > capacity) return false;
  for (std::size_t i = 0; i < size; ++i) values_[i] = in.get<std::uint16_t>();
  size_ = size;
  next_ = static_cast<std::uint8_t>(size % capacity);
  return in.ok();
}

namespace {
constexpr std::size_t newest = 6;
using values = std::array<double, rate_window::capacity>;

double weight(double k) { return k * (k - 1) * (2 * k + 5); }

/// Mann-Kendall: standard score of the number of rising pairs less falling ones.
double kendall(values x, std::size_t n) {
  int s = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) s += (x[j] > x[i]) - (x[j] < x[i]);
  std::sort(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n));
  double ties = 0;
  for (std::size_t i = 0; i < n;) {
    std::size_t j = i;
    while (j < n && x[j] == x[i]) ++j;
    ties += weight(static_cast<double>(j - i));
    i = j;
  }
  const double variance = (weight(static_cast<double>(n)) - ties) / 18;
  return s > 0 && variance > 0 ? (s - 1) / std::sqrt(variance) : 0;
}

double theil_sen(const double* x, std::size_t n) {
  std::array<double, newest*(newest - 1) / 2> slopes{};
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j)
      slopes[pairs++] = (x[j] - x[i]) / static_cast<double>(j - i);
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(pairs / 2);
  std::nth_element(slopes.begin(), middle, slopes.begin() + static_cast<std::ptrdiff_t>(pairs));
  return *middle;
}
} // namespace

loss_trend trend_of(const rate_window& rates) {
  constexpr double z_one_percent = 2.326, jump_share = 0.6;
  const std::size_t n = rates.size();
  if (n < 2) return {};
  values x{};
  for (std::size_t i = 0; i < n; ++i) x[i] = rates.percent(i);
  const std::size_t recent = std::min(n, newest);
  const double* const tail = x.data() + (n - recent);
  loss_trend t{theil_sen(tail, recent), false};
  if (n < newest || t.slope <= 0 || kendall(x, n) <= z_one_percent) return t;
  double jump = 0;
  for (std::size_t i = 1; i < recent; ++i) jump = std::max(jump, tail[i] - tail[i - 1]);
  t.rising = jump <= jump_share * (tail[recent - 1] - tail[0]);
  return t;
}

} // namespace tocsin

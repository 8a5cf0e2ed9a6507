// Is a loss rate rising, and when does it reach a level? Robust slope and a rank test on a short
// window.
#pragma once

#include <array>
#include <cstdint>

#include "core/bytes.hpp"

namespace tocsin {

/// The last interval rates, in thousandths of a percent, oldest first once read through `at`.
class rate_window {
public:
  static constexpr std::size_t capacity = 12; ///< 18 minutes of 90 s intervals

  void push(double percent) {
    const double milli = percent * 1000;
    values_[next_] = milli >= 65535 ? 65535 : static_cast<std::uint16_t>(milli + 0.5);
    next_ = static_cast<std::uint8_t>(next_ + 1u == capacity ? 0 : next_ + 1);
    if (size_ < capacity) ++size_;
  }
  void clear() { size_ = next_ = 0; }
  std::size_t size() const { return size_; }
  double percent(std::size_t i) const {
    return values_[(next_ + capacity - size_ + i) % capacity] / 1000.0;
  }

  void save(writer& out) const;
  bool load(reader& in);

private:
  std::array<std::uint16_t, capacity> values_{};
  std::uint8_t size_ = 0, next_ = 0;
};

struct loss_trend {
  double slope = 0; ///< percent per interval over the newest 6: median of pairwise slopes (Theil
                    ///< 1950, Sen 1968)
  /// Over the window by Mann-Kendall (one-sided, p < 0.01, corrected for ties) and still so in the
  /// newest 6, where no single jump makes most of the rise: a step is not a trend.
  bool rising = false;
};

loss_trend trend_of(const rate_window& rates);

} // namespace tocsin

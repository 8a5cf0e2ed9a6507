// The two detectors of single values whose baseline is the channel's own recent past.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/equipment/rules.hpp"

namespace tocsin {

/// Exponentially weighted z-score. O(1) per value, 24 bytes.
struct ewma_z {
  double mean = 0, variance = 0;
  std::uint64_t count = 0;

  /// The z-score when it is beyond the limit, else 0. The value counts from then on.
  double next(double value, const ewma_z_rule& rule) {
    if (count == 0) mean = value;
    const double e = value - mean;
    double found = 0;
    if (count >= rule.learn && variance > 0 && e * e > rule.limit * rule.limit * variance) found = e / std::sqrt(variance);
    const double step = rule.weight * e;
    mean += step;
    variance = (1 - rule.weight) * (variance + e * step);
    ++count;
    return found;
  }
};

/// Modified z-score over the 31 values before, kept sorted: a branchless rank and one memmove per value. 512 bytes.
class windowed_modified_z {
public:
  static constexpr std::size_t size = 31, middle = size / 2;

  double next(double value, const modified_z_rule& rule) {
    double found = 0;
    if (count_ == size) {
      found = judge(value, rule);
      replace(values_[at_], value);
    } else {
      insert(value);
    }
    values_[at_] = value;
    at_ = at_ + 1 == size ? 0 : at_ + 1;
    return found;
  }

private:
  double judge(double value, const modified_z_rule& rule) const {
    const double median = sorted_[middle], scaled = 0.6745 * std::fabs(value - median);
    // Fifteen values lie strictly between the eighth and the last but seventh: the MAD is not less than that.
    const double least = std::min(median - sorted_[middle - 8], sorted_[middle + 8] - median);
    if (scaled <= rule.limit * least) return 0;
    const double mad = deviation(median);
    if (mad <= 0 || scaled <= rule.limit * mad) return 0;
    return (value < median ? -scaled : scaled) / mad;
  }
  /// The sixteenth smallest distance from the median: both halves are sorted by it already.
  double deviation(double median) const {
    std::size_t low = middle, high = middle + 1;
    double d = 0;
    for (std::size_t i = 0; i <= middle; ++i) {
      const double left = low < size ? median - sorted_[low] : HUGE_VAL;
      const double right = high < size ? sorted_[high] - median : HUGE_VAL;
      if (left <= right) {
        d = left;
        --low; // below 0 it wraps around, past `size`
      } else {
        d = right;
        ++high;
      }
    }
    return d;
  }
  std::size_t rank(double value) const {
    std::size_t r = 0;
    for (std::size_t i = 0; i < size; ++i) r += sorted_[i] < value;
    return r;
  }
  void insert(double value) {
    std::size_t r = 0;
    for (std::size_t i = 0; i < count_; ++i) r += sorted_[i] < value;
    std::memmove(&sorted_[r + 1], &sorted_[r], (count_ - r) * sizeof(double));
    sorted_[r] = value;
    ++count_;
  }
  void replace(double old, double value) {
    std::size_t from = rank(old), to = rank(value);
    if (to > from) {
      --to;
      std::memmove(&sorted_[from], &sorted_[from + 1], (to - from) * sizeof(double));
    } else {
      std::memmove(&sorted_[to + 1], &sorted_[to], (from - to) * sizeof(double));
    }
    sorted_[to] = value;
  }
  std::array<double, size + 1> sorted_{};
  std::array<double, size> values_{};
  std::uint32_t count_ = 0, at_ = 0;
};

} // namespace tocsin

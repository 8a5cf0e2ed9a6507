// A series held in memory: rows of channels over time, as the analyses take it.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "core/statistics/vectors.hpp"
#include "core/time.hpp"

namespace tocsin {

struct series {
  std::string name; ///< of the file, for messages
  std::vector<std::string> channels;
  std::vector<timestamp> at; ///< one for each row, never falling
  table rows;                ///< a missing value is not a number
  std::vector<std::vector<std::string>> texts; ///< of the text columns that were asked for: column, row

  /// Whether every value of a row is a finite number.
  bool complete(std::size_t row) const {
    for (const double v : rows.row(row))
      if (!std::isfinite(v)) return false;
    return true;
  }
};

/// The bound on the values of one series: 400 MB.
inline constexpr std::size_t series_values_max = 50'000'000;

} // namespace tocsin

// Rows of numbers: a table, and vectors in and out of snapshots.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/bytes.hpp"

namespace tocsin {

/// Rows of `columns` values each, one after the other.
struct table {
  std::size_t columns = 0;
  std::vector<double> values;

  std::size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
  std::span<const double> row(std::size_t i) const {
    return std::span(values).subspan(i * columns, columns);
  }
  void push(std::span<const double> row) { values.insert(values.end(), row.begin(), row.end()); }
  std::vector<double> column(std::size_t c) const {
    std::vector<double> out;
    out.reserve(rows());
    for (std::size_t i = c; i < values.size(); i += columns) out.push_back(values[i]);
    return out;
  }
};

inline void put_vector(writer& out, const std::vector<double>& values) {
  out.put(static_cast<std::uint64_t>(values.size()));
  for (double v : values) out.put(v);
}

/// False, and an empty vector, when the bytes end before the numbers do.
inline bool get_vector(reader& in, std::vector<double>& values) {
  const auto n = in.get<std::uint64_t>();
  values.clear();
  for (std::uint64_t i = 0; i < n && in.ok(); ++i) values.push_back(in.get<double>());
  if (!in.ok()) values.clear();
  return in.ok();
}

} // namespace tocsin

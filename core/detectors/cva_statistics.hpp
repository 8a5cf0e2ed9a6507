// The statistics of a canonical vector: of its state and of its residual, of the row and smoothed
// over several spans.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "core/bytes.hpp"
#include "core/statistics/vectors.hpp"

namespace tocsin {

/// T = |state|^2 and Q = |residual|^2 of the row; EWMA of T and of Q about their usual values;
/// MEWMA (Lowry et al., Technometrics 34:46-53, 1992) of the state and of the residual.
class cva_statistics {
public:
  static constexpr std::array<double, 3> square_weights{0.2, 0.05, 0.02};
  static constexpr std::array<double, 3> vector_weights{0.3, 0.1, 0.03};
  static constexpr std::size_t count = 2 + 2 * square_weights.size() + 2 * vector_weights.size();
  using values = std::array<double, count>;

  cva_statistics() = default;
  cva_statistics(std::size_t states, std::size_t variates, double usual_t, double usual_q);

  const values& next(const double* canonical);
  const values& last() const { return last_; }
  /// Which smoothing a statistic has: an index of vector_weights, or none for those of the row.
  static std::size_t smoothing_of(std::size_t statistic);
  static bool of_residual(std::size_t statistic) { return statistic % 2 == 1; }

  void save(writer& out) const;
  bool load(reader& in);

private:
  std::size_t states_ = 0, variates_ = 0;
  double usual_t_ = 0, usual_q_ = 0;
  std::array<double, 2 * square_weights.size()> squares_{};
  std::vector<double> vectors_; ///< one canonical vector for each of vector_weights
  values last_{};
};

} // namespace tocsin

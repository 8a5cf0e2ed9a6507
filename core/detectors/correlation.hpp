// Do two quantities go together, and could it be chance?
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "core/statistics/vectors.hpp"

namespace tocsin {

struct correlation {
  double coefficient = 0; ///< -1 to 1
  double p_value = 1;     ///< two-sided, Student's t with n - 2 degrees of freedom
  std::size_t pairs = 0;  ///< that had two finite values
};

/// Product-moment correlation (Pearson 1895). Error invalid: other sizes, fewer than 3 pairs, one
/// does not vary.
result<correlation> pearson(std::span<const double> x, std::span<const double> y);
/// Pearson's of the ranks (Spearman 1904), ties share their mean rank. Errors as above.
result<correlation> spearman(std::span<const double> x, std::span<const double> y);

/// q-values that control the expected share of false discoveries (Benjamini and Hochberg, J. R.
/// Statist. Soc. B 57:289-300, 1995): in the order of `p_values`, which are clipped to 0..1.
std::vector<double> false_discovery_q(std::span<const double> p_values);

struct parameter_correlation {
  std::size_t first = 0, second = 0; ///< columns
  correlation linear, rank;
  double q_value = 1; ///< of the rank correlation, among all pairs that could be tested
};

/// Every pair of columns, strongest rank correlation first; pairs that cannot be tested are left
/// out. Error too_large for more than 500 columns.
result<std::vector<parameter_correlation>> correlate_parameters(const table& rows);

} // namespace tocsin

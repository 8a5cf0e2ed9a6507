// Which parameters differ between wafers that pass and wafers that fail, by how much, and does it
// last?
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "core/statistics/vectors.hpp"

namespace tocsin {

struct rank_sum {
  double u = 0;       ///< pairs in which the first sample's value is larger; ties count half
  double auc = 0.5;   ///< u / (n1 n2): probability that the first sample's value is larger
  double p_value = 1; ///< two-sided, normal approximation with ties and continuity correction
};

/// Mann and Whitney 1947. Values that are not finite are left out. Error invalid: a sample is
/// empty.
result<rank_sum> mann_whitney(std::span<const double> first, std::span<const double> second);

struct yield_finding {
  std::size_t parameter = 0; ///< column
  rank_sum test;             ///< of failed against passed: auc above 0.5 = larger where it failed
  double q_value = 1;        ///< Benjamini-Hochberg, among the parameters that could be tested
  double auc_early = 0.5, auc_late = 0.5; ///< in the first and second half of the rows
  bool stable = false; ///< both halves on the side of the whole, each at least half as far from 0.5
};

/// `rows` in the order of time, `failed` one for each. Smallest p-value first; parameters that
/// could not be tested are left out. A p-value alone says little: look at q_value, the distance of
/// auc from 0.5, and stable. Error invalid: other sizes, or no pass or no fail.
result<std::vector<yield_finding>> correlate_yield(const table& rows,
                                                   const std::vector<bool>& failed);

} // namespace tocsin

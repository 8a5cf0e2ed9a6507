#include "core/detectors/correlation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/statistics/distributions.hpp"
#include "core/statistics/order.hpp"

namespace tocsin {

namespace {
constexpr std::size_t columns_most = 500;

struct finite_pairs {
  std::vector<double> x, y;
};

result<finite_pairs> pairs_of(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size())
    return fail(errc::invalid, "correlation: " + std::to_string(x.size()) + " values with " +
                                   std::to_string(y.size()));
  finite_pairs out;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (std::abs(x[i]) < 1e100 && std::abs(y[i]) < 1e100) {
      out.x.push_back(x[i]);
      out.y.push_back(y[i]);
    }
  if (out.x.size() < 3)
    return fail(errc::invalid,
                "correlation: " + std::to_string(out.x.size()) + " pairs, at least 3 are needed");
  return out;
}

result<correlation> product_moment(const std::vector<double>& x, const std::vector<double>& y) {
  const double n = static_cast<double>(x.size());
  const double mx = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double my = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double sxx = 0, syy = 0, sxy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sxx += (x[i] - mx) * (x[i] - mx);
    syy += (y[i] - my) * (y[i] - my);
    sxy += (x[i] - mx) * (y[i] - my);
  }
  // Below rounding of the mean, what varies is the arithmetic.
  const auto still = [n](double s, double m) { return !(s > n * 1e-26 * m * m) || !(s > 0); };
  if (still(sxx, mx) || still(syy, my))
    return fail(errc::invalid, "correlation: one of the two does not vary");
  correlation out;
  out.pairs = x.size();
  out.coefficient = std::clamp(sxy / std::sqrt(sxx) / std::sqrt(syy), -1.0, 1.0);
  const double left = (1 - out.coefficient) * (1 + out.coefficient);
  out.p_value =
      left > 0 ? 2 * student_tail(std::abs(out.coefficient) * std::sqrt((n - 2) / left), n - 2) : 0;
  return out;
}
} // namespace

result<correlation> pearson(std::span<const double> x, std::span<const double> y) {
  auto pairs = pairs_of(x, y);
  if (!pairs) return tl::make_unexpected(pairs.error());
  return product_moment(pairs->x, pairs->y);
}

result<correlation> spearman(std::span<const double> x, std::span<const double> y) {
  auto pairs = pairs_of(x, y);
  if (!pairs) return tl::make_unexpected(pairs.error());
  return product_moment(ranks(pairs->x), ranks(pairs->y));
}

std::vector<double> false_discovery_q(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return p_values[a] < p_values[b]; });
  std::vector<double> out(p_values.size(), 1.0);
  double least = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    const double p = std::clamp(p_values[order[i]], 0.0, 1.0);
    least = std::min(least, p * static_cast<double>(order.size()) / static_cast<double>(i + 1));
    out[order[i]] = least;
  }
  return out;
}

result<std::vector<parameter_correlation>> correlate_parameters(const table& rows) {
  if (rows.columns > columns_most)
    return fail(errc::too_large, "correlation: " + std::to_string(rows.columns) + " columns, " +
                                     std::to_string(columns_most) + " at most; choose some");
  // Ranks depend on which rows a pair has in common; where nothing is missing they are the same for all pairs.
  std::vector<std::vector<double>> columns, ranked;
  for (std::size_t c = 0; c < rows.columns; ++c) {
    columns.push_back(rows.column(c));
    const auto known = [](double v) { return std::abs(v) < 1e100; };
    ranked.push_back(std::all_of(columns[c].begin(), columns[c].end(), known) && columns[c].size() >= 3
                         ? ranks(columns[c])
                         : std::vector<double>{});
  }
  std::vector<parameter_correlation> out;
  std::vector<double> p_values;
  for (std::size_t a = 0; a < rows.columns; ++a)
    for (std::size_t b = a + 1; b < rows.columns; ++b) {
      const bool whole = !ranked[a].empty() && !ranked[b].empty();
      const auto linear =
          whole ? product_moment(columns[a], columns[b]) : pearson(columns[a], columns[b]);
      const auto rank =
          whole ? product_moment(ranked[a], ranked[b]) : spearman(columns[a], columns[b]);
      if (!linear || !rank) continue;
      out.push_back({a, b, *linear, *rank, 1});
      p_values.push_back(rank->p_value);
    }
  const auto q = false_discovery_q(p_values);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].q_value = q[i];
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::abs(a.rank.coefficient) > std::abs(b.rank.coefficient);
  });
  return out;
}

} // namespace tocsin

#include "core/detectors/yield_correlation.hpp"

#include <algorithm>
#include <cmath>

#include "core/detectors/correlation.hpp"
#include "core/statistics/distributions.hpp"
#include "core/statistics/order.hpp"

namespace tocsin {

namespace {
/// Of the rows from `begin` to `end`: the column's values where it failed and where it passed.
result<rank_sum> test_part(const std::vector<double>& column, const std::vector<bool>& failed,
                           std::size_t begin, std::size_t end) {
  std::vector<double> bad, good;
  for (std::size_t i = begin; i < end; ++i) (failed[i] ? bad : good).push_back(column[i]);
  return mann_whitney(bad, good);
}

bool lasts(double whole, double part) {
  return (whole - 0.5) * (part - 0.5) > 0 && std::abs(part - 0.5) >= 0.5 * std::abs(whole - 0.5);
}
} // namespace

result<rank_sum> mann_whitney(std::span<const double> first, std::span<const double> second) {
  std::vector<double> both;
  for (double v : first)
    if (std::isfinite(v)) both.push_back(v);
  const double n1 = static_cast<double>(both.size());
  for (double v : second)
    if (std::isfinite(v)) both.push_back(v);
  const double n = static_cast<double>(both.size()), n2 = n - n1;
  if (!(n1 > 0) || !(n2 > 0))
    return fail(errc::invalid, "rank sum test: a sample has no finite value");
  const auto rank = ranks(both);
  double sum = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(n1); ++i) sum += rank[i];
  rank_sum out;
  out.u = sum - n1 * (n1 + 1) / 2;
  out.auc = out.u / (n1 * n2);
  const double variance = n1 * n2 / 12 * (n + 1 - tie_term(both) / (n * (n - 1)));
  if (!(variance > 0)) return out; // all values equal
  const double away = std::max(out.u, n1 * n2 - out.u) - n1 * n2 / 2 - 0.5;
  out.p_value = std::min(1.0, 2 * normal_tail(away / std::sqrt(variance)));
  return out;
}

result<std::vector<yield_finding>> correlate_yield(const table& rows,
                                                   const std::vector<bool>& failed) {
  if (rows.rows() != failed.size())
    return fail(errc::invalid, "yield correlation: " + std::to_string(rows.rows()) + " rows, " +
                                   std::to_string(failed.size()) + " results");
  const auto fails = std::count(failed.begin(), failed.end(), true);
  if (fails == 0 || static_cast<std::size_t>(fails) == failed.size())
    return fail(errc::invalid, "yield correlation: " + std::to_string(fails) + " of " +
                                   std::to_string(failed.size()) +
                                   " failed; both kinds are needed");
  std::vector<yield_finding> out;
  std::vector<double> p_values;
  const std::size_t half = failed.size() / 2;
  for (std::size_t c = 0; c < rows.columns; ++c) {
    const auto column = rows.column(c);
    const auto whole = test_part(column, failed, 0, failed.size());
    if (!whole) continue;
    yield_finding f{c, *whole, 1, 0.5, 0.5, false};
    const auto early = test_part(column, failed, 0, half),
               late = test_part(column, failed, half, failed.size());
    if (early) f.auc_early = early->auc;
    if (late) f.auc_late = late->auc;
    f.stable = early && late && lasts(whole->auc, f.auc_early) && lasts(whole->auc, f.auc_late);
    out.push_back(f);
    p_values.push_back(whole->p_value);
  }
  const auto q = false_discovery_q(p_values);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].q_value = q[i];
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.test.p_value < b.test.p_value; });
  return out;
}

} // namespace tocsin

#include <algorithm>
#include <cmath>

#include "core/analysis/analyses.hpp"
#include "core/statistics/order.hpp"

namespace tocsin {

namespace {
constexpr double uneven_share = 0.1; ///< a step this far from the usual one is uneven

struct spacing {
  double seconds = 0; ///< the usual step
  std::size_t uneven = 0;
};

spacing spacing_of(const series& of) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < of.at.size(); ++i) steps.push_back(to_seconds(of.at[i] - of.at[i - 1]));
  spacing out{median(steps), 0};
  for (const double s : steps) out.uneven += std::abs(s - out.seconds) > uneven_share * out.seconds ? 1 : 0;
  return out;
}

/// Rows of a period; at least 2.
result<std::size_t> period_of(const series& of, const season_options& options, const spacing& steps) {
  if (options.rows != 0) return options.rows;
  if (!(steps.seconds > 0))
    return fail(errc::invalid, of.name + ": rows have no times to measure " + to_text(options.length) + " by; give --period as a number of rows");
  const double rows = to_seconds(options.length) / steps.seconds;
  const double whole = std::round(rows);
  if (!(whole >= 2))
    return fail(errc::invalid, of.name + ": a period of " + to_text(options.length) + " is shorter than two rows, which are " +
                                   to_text(from_seconds(steps.seconds)) + " apart; give a longer one");
  if (std::abs(rows - whole) > 0.02 * whole)
    return fail(errc::invalid, of.name + ": a period of " + to_text(options.length) + " is no whole number of rows, which are " +
                                   to_text(from_seconds(steps.seconds)) + " apart; give --period as a number of rows");
  return static_cast<std::size_t>(whole);
}

/// Fills holes by straight lines, ends by the nearest value; the number of holes, or all when nothing is known.
std::size_t fill_holes(std::vector<double>& values) {
  std::size_t holes = 0, last = values.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      ++holes;
      continue;
    }
    const std::size_t begin = last == values.size() ? 0 : last + 1;
    for (std::size_t k = begin; k < i; ++k)
      values[k] = last == values.size() ? values[i] : std::lerp(values[last], values[i], static_cast<double>(k - last) / static_cast<double>(i - last));
    last = i;
  }
  if (last != values.size())
    for (std::size_t k = last + 1; k < values.size(); ++k) values[k] = values[last];
  return holes;
}

double variance_of(const std::vector<double>& a, const std::vector<double>& b) {
  double n = 0, mean = 0, sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = b.empty() ? a[i] : a[i] + b[i];
    if (!std::isfinite(x)) continue;
    const double from = x - mean;
    mean += from / ++n;
    sum += from * (x - mean);
  }
  return n > 1 ? sum / n : 0;
}

double strength(const std::vector<double>& part, const std::vector<double>& remainder) {
  const double both = variance_of(part, remainder);
  return both > 0 ? std::max(0.0, 1 - variance_of(remainder, {}) / both) : 0;
}
} // namespace

result<season_answer> season_report(const series& of, season_options options) {
  const spacing steps = spacing_of(of);
  const auto period = period_of(of, options, steps);
  if (!period) return tl::make_unexpected(period.error());
  if (of.at.size() / 2 < *period)
    return fail(errc::invalid, of.name + ": " + std::to_string(of.at.size()) + " rows are less than two periods of " + std::to_string(*period) +
                                   " rows; give a shorter period or a longer series");
  season_answer out;
  report& said = out.said;
  said.analysis = "season";
  said.count("rows", of.at.size());
  said.count("period_rows", *period);
  said.fact("method", std::string{options.classic ? "classic" : options.robust ? "stl, robust" : "stl"});
  said.columns = {"channel", "season_strength", "trend_strength", "season_height", "highest_at_row", "lowest_at_row", "remainder_deviation", "holes"};
  for (std::size_t c = 0; c < of.channels.size(); ++c) {
    auto values = of.rows.column(c);
    out.parts.emplace_back();
    const std::size_t holes = fill_holes(values);
    if (2 * holes > values.size()) {
      said.note(of.channels[c] + " is left out: " + std::to_string(holes) + " of " + std::to_string(values.size()) + " values are missing");
      continue;
    }
    stl_options stl;
    if (options.robust) stl.inner = 2, stl.outer = 15;
    auto parts = options.classic ? classic_decomposition(values, *period) : stl_decomposition(values, *period, stl);
    if (!parts) return fail(parts.error().code, of.name + ": " + of.channels[c] + ": " + parts.error().text);
    // The usual shape of the last period: a season may change, and the newest counts.
    const auto from = parts->season.end() - static_cast<std::ptrdiff_t>(*period);
    const auto [low, high] = std::minmax_element(from, parts->season.end());
    const std::size_t first = parts->season.size() - *period;
    const auto phase = [&](auto at) { return cell((first + static_cast<std::size_t>(at - from)) % *period); };
    said.findings.push_back({of.channels[c], strength(parts->season, parts->remainder), strength(parts->trend, parts->remainder), *high - *low, phase(high),
                             phase(low), median_absolute_deviation(parts->remainder), cell(holes)});
    out.parts.back() = std::move(*parts);
  }
  if (said.findings.empty()) return fail(errc::invalid, of.name + ": more than half of every channel is missing; nothing can be taken apart");
  if (steps.uneven > 0)
    said.note(std::to_string(steps.uneven) + " of " + std::to_string(of.at.size() - 1) + " steps of time are uneven; the period is counted in rows");
  said.note("strengths are 0 (none) to 1; season_height and the rows of a period (from 0) are those of the last period");
  return out;
}

} // namespace tocsin

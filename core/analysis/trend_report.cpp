#include <algorithm>
#include <cmath>

#include "core/analysis/analyses.hpp"
#include "core/detectors/correlation.hpp"
#include "core/detectors/trend.hpp"

namespace tocsin {

namespace {
constexpr std::size_t points_most = 2000, points_least = 10;

struct points {
  std::vector<double> x, y; ///< x in `per` since the first row
  std::size_t values = 0;   ///< that the points are made of
};

/// Means of equal blocks when there are too many rows: a trend lasts longer than a block, noise does not.
points points_of(const series& of, std::size_t channel, duration per) {
  const double unit = to_seconds(per);
  points all;
  for (std::size_t i = 0; i < of.at.size(); ++i) {
    const double v = of.rows.row(i)[channel];
    if (!(std::abs(v) < 1e100)) continue;
    all.x.push_back(to_seconds(of.at[i] - of.at.front()) / unit);
    all.y.push_back(v);
  }
  all.values = all.y.size();
  if (all.values <= points_most) return all;
  const std::size_t block = (all.values + points_most - 1) / points_most;
  points out;
  out.values = all.values;
  for (std::size_t i = 0; i + block <= all.values; i += block) {
    double x = 0, y = 0;
    for (std::size_t k = i; k < i + block; ++k) {
      x += all.x[k] / static_cast<double>(block);
      y += all.y[k] / static_cast<double>(block);
    }
    out.x.push_back(x);
    out.y.push_back(y);
  }
  return out;
}

struct channel_trend {
  std::size_t channel = 0, values = 0;
  line_fit line;
  robust_line robust;
  rank_trend rank;
  double corrected = 1, q = 1;
};

result<channel_trend> trend_of(const points& p, std::size_t channel) {
  if (p.y.size() < points_least)
    return fail(errc::invalid, std::to_string(p.y.size()) + " values; at least " + std::to_string(points_least) + " are needed");
  auto line = linear_regression(p.x, p.y);
  if (!line) return tl::make_unexpected(line.error());
  auto robust = theil_sen(p.x, p.y);
  if (!robust) return tl::make_unexpected(robust.error());
  auto rank = mann_kendall(p.y);
  if (!rank) return tl::make_unexpected(rank.error());
  std::vector<double> rest(p.y.size());
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = p.y[i] - robust->slope * p.x[i];
  return channel_trend{channel, p.values, *line, *robust, *rank, corrected_p_value(*rank, rest), 1};
}
} // namespace

result<report> trend_report(const series& of, duration per) {
  if (per <= duration::zero()) return fail(errc::invalid, "trend: slopes per " + to_text(per) + "; give a span above 0, such as 1h");
  if (of.at.empty() || of.at.front() == of.at.back())
    return fail(errc::invalid, of.name + ": no time passes from the first row to the last; a trend needs rows at different times in a column named time");
  report out{.analysis = "trend"};
  out.count("rows", of.at.size());
  out.fact("slope_per", to_text(per));
  out.columns = {"channel", "values", "slope", "slope_error", "theil_sen", "tau", "p", "p_corrected", "q", "trend"};
  std::vector<channel_trend> found;
  std::vector<double> p_values;
  std::string left_out;
  bool blocks = false;
  for (std::size_t c = 0; c < of.channels.size(); ++c) {
    const points p = points_of(of, c, per);
    blocks = blocks || p.values > p.y.size();
    auto t = trend_of(p, c);
    if (!t) {
      out.note(of.channels[c] + " is left out: " + t.error().text);
      continue;
    }
    p_values.push_back(t->corrected);
    found.push_back(std::move(*t));
  }
  if (found.empty())
    return fail(errc::invalid, of.name + ": no channel can be tested; " + (out.notes.empty() ? std::string{"there is none"} : out.notes.front()));
  const auto q = false_discovery_q(p_values);
  for (std::size_t i = 0; i < found.size(); ++i) found[i].q = q[i];
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.q < b.q || (a.q == b.q && a.corrected < b.corrected); });
  std::size_t sure = 0;
  for (const auto& t : found) {
    const bool counts = t.q <= q_value_most;
    sure += counts ? 1 : 0;
    out.findings.push_back({of.channels[t.channel], cell(t.values), t.line.slope, t.line.slope_error, t.robust.slope, t.rank.tau, t.rank.p_value, t.corrected,
                            t.q, std::string{!counts ? "none sure" : t.rank.tau > 0 ? "rises" : "falls"}});
  }
  out.count("trends", sure);
  if (sure == 0) out.note("no channel has a trend that would not come by chance (q-value above 0.05 everywhere)");
  if (blocks) out.note("channels of more than 2000 values are tested on means of equal blocks");
  out.note("p is Mann-Kendall's and takes the rows as independent; p_corrected and q allow for rows that follow the one before");
  return out;
}

} // namespace tocsin

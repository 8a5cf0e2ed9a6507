#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "core/analysis/analyses.hpp"
#include "core/detectors/spc.hpp"

namespace tocsin {

namespace {
struct rule_name {
  std::uint32_t bit;
  const char* name;
};
constexpr std::uint32_t ewma_beyond = 1 << 16, cusum_above = 1 << 17, cusum_below = 1 << 18;
constexpr std::array<rule_name, 12> rule_names{{{bit(spc_rule::beyond_3), "a point beyond 3 deviations"},
                                                {bit(spc_rule::run_of_9), "nine in a row on one side"},
                                                {bit(spc_rule::steady_6), "six in a row rising or falling"},
                                                {bit(spc_rule::alternating_14), "fourteen in a row up and down in turn"},
                                                {bit(spc_rule::two_of_3), "two of three beyond 2 deviations on one side"},
                                                {bit(spc_rule::four_of_5), "four of five beyond 1 deviation on one side"},
                                                {bit(spc_rule::fifteen_within), "fifteen in a row within 1 deviation"},
                                                {bit(spc_rule::eight_outside), "eight in a row beyond 1 deviation on either side"},
                                                {bit(spc_rule::run_of_8), "eight in a row on one side"},
                                                {ewma_beyond, "EWMA beyond its limit"},
                                                {cusum_above, "CUSUM above its limit"},
                                                {cusum_below, "CUSUM below its limit"}}};

/// One chart of whichever kind was asked for, with bits of the rules that a point breaks.
class any_chart {
public:
  any_chart(const std::string& rules, chart_limits limits) {
    if (rules == "ewma") ewma_.emplace(limits);
    else if (rules == "cusum") cusum_.emplace(limits);
    else shewhart_.emplace(limits, rules == "nelson" ? nelson : western_electric);
  }
  std::uint32_t next(double point) {
    if (shewhart_) return shewhart_->next(point);
    if (ewma_) return ewma_->next(point) ? ewma_beyond : 0;
    const int side = cusum_->next(point);
    return side > 0 ? cusum_above : side < 0 ? cusum_below : 0;
  }

private:
  std::optional<shewhart_chart> shewhart_;
  std::optional<ewma_chart> ewma_;
  std::optional<cusum_chart> cusum_;
};

struct subgroup {
  std::size_t first = 0, last = 0; ///< rows
  std::string context;
};

/// Whole subgroups in the order of the rows; rows of those that a change of context cut off are counted.
std::vector<subgroup> subgroups_of(const series& of, std::size_t size, std::size_t& cut_off) {
  std::vector<subgroup> out;
  const auto context_of = [&of](std::size_t row) { return of.texts.empty() ? std::string{} : of.texts[0][row]; };
  for (std::size_t i = 0; i < of.at.size();) {
    const std::string context = context_of(i);
    std::size_t end = i + 1;
    while (end < of.at.size() && end - i < size && context_of(end) == context) ++end;
    if (end - i == size) out.push_back({i, end - 1, context});
    else cut_off += end - i;
    i = end;
  }
  return out;
}

double mean_of(const series& of, const subgroup& s, std::size_t channel) {
  double sum = 0, n = 0;
  for (std::size_t i = s.first; i <= s.last; ++i)
    if (const double v = of.rows.row(i)[channel]; std::isfinite(v)) sum += v, ++n;
  return n > 0 ? sum / n : std::nan("");
}

struct breach {
  std::size_t finding = 0; ///< its row in the report
  std::size_t ended = 0;   ///< point after the newest one, of the context
};

struct context_chart {
  std::unique_ptr<any_chart> chart;
  chart_limits limits;
  std::size_t points = 0;
  std::map<std::uint32_t, breach> open; ///< rules that the point before broke
};

struct tally {
  std::size_t judged = 0, broken = 0;
};

/// All charts of one channel; findings that follow each other become one with a count.
result<tally> judge_channel(const series& of, std::size_t channel, const std::vector<subgroup>& points, const spc_options& options, report& said) {
  context_limits limits(options.learn);
  std::map<std::string, context_chart> charts;
  tally out;
  for (const subgroup& s : points) {
    const double value = mean_of(of, s, channel);
    context_chart& c = charts[s.context];
    ++c.points;
    if (!std::isfinite(value)) {
      if (c.chart) c.chart->next(value);
      continue;
    }
    if (!c.chart) {
      const auto learnt = limits.add(s.context, value);
      if (!learnt) return tl::make_unexpected(learnt.error());
      if (*learnt == nullptr) continue;
      c.limits = **learnt;
      c.chart = std::make_unique<any_chart>(options.rules, c.limits);
    }
    const std::uint32_t broken = c.chart->next(value);
    ++out.judged;
    out.broken += broken != 0 ? 1 : 0;
    for (const auto& [bits, name] : rule_names) {
      if ((broken & bits) == 0) continue;
      const auto before = c.open.find(bits);
      if (before != c.open.end() && before->second.ended == c.points) {
        auto& points_so_far = std::get<std::int64_t>(said.findings[before->second.finding].back());
        ++points_so_far;
        before->second.ended = c.points + 1;
        continue;
      }
      c.open[bits] = {said.findings.size(), c.points + 1};
      said.findings.push_back({cell(s.first), to_rfc3339(of.at[s.first]), of.channels[channel], s.context, value, c.limits.centre, c.limits.deviation,
                               (value - c.limits.centre) / c.limits.deviation, std::string{name}, std::int64_t{1}});
    }
  }
  return out;
}
} // namespace

result<report> spc_report(const series& of, const spc_options& options) {
  static const std::set<std::string> known{"western_electric", "nelson", "ewma", "cusum"};
  if (!known.contains(options.rules)) return fail(errc::invalid, "rules '" + options.rules + "' are not known; western_electric, nelson, ewma and cusum are");
  if (options.subgroup == 0) return fail(errc::invalid, "a subgroup of 0 rows makes no point; give 1 or more");
  report out{.analysis = "spc"};
  std::size_t cut_off = 0;
  const auto points = subgroups_of(of, options.subgroup, cut_off);
  std::map<std::string, std::size_t> contexts;
  for (const auto& s : points) ++contexts[s.context];
  std::size_t learnt = 0;
  for (const auto& [name, n] : contexts) learnt += n > options.learn ? 1 : 0;
  out.count("rows", of.at.size());
  out.count("subgroup", options.subgroup);
  out.fact("rules", options.rules);
  out.count("points", points.size());
  out.count("contexts", contexts.size());
  if (learnt == 0)
    return fail(errc::invalid, of.name + ": " + std::to_string(points.size()) + " points in " + std::to_string(contexts.size()) + " contexts; limits are learnt from the first " +
                                   std::to_string(options.learn) + " points of a context, and none has more: give a longer series, a smaller --subgroup, or a smaller --learn");
  out.columns = {"row", "at", "channel", "context", "value", "centre", "deviation", "z", "rule", "points"};
  std::size_t judged = 0, broken = 0;
  for (std::size_t c = 0; c < of.channels.size(); ++c) {
    const auto one = judge_channel(of, c, points, options, out);
    if (!one) return fail(one.error().code, of.name + ": " + of.channels[c] + ": " + one.error().text);
    judged += one->judged;
    broken += one->broken;
  }
  out.count("points_judged", judged);
  out.count("points_that_break_a_rule", broken);
  std::stable_sort(out.findings.begin(), out.findings.end(),
                   [](const auto& a, const auto& b) { return std::get<std::int64_t>(a[0]) < std::get<std::int64_t>(b[0]); });
  if (out.findings.empty()) out.note("no point breaks a rule");
  out.keep(options.most);
  if (cut_off > 0) out.note(std::to_string(cut_off) + " rows make no whole subgroup before their context or the series ends; they are not judged");
  if (learnt < contexts.size())
    out.note(std::to_string(contexts.size() - learnt) + " of " + std::to_string(contexts.size()) + " contexts have no more than the " + std::to_string(options.learn) +
             " points their limits are learnt from; they are not judged");
  if (options.learn < 100)
    out.note("limits learnt from " + std::to_string(options.learn) + " points are uncertain by " + std::to_string(static_cast<int>(std::lround(71 / std::sqrt(static_cast<double>(options.learn))))) +
             " %; --learn 100 gives fewer false alarms");
  return out;
}

} // namespace tocsin

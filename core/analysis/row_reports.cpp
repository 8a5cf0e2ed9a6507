#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>

#include "core/analysis/analyses.hpp"
#include "core/statistics/order.hpp"

namespace tocsin {

namespace {
constexpr std::size_t named_most = 3; ///< channels that carry a row

/// Rows with all values; how many were left out.
table complete_rows(const series& of, std::size_t& left_out) {
  table out{of.rows.columns, {}};
  for (std::size_t i = 0; i < of.at.size(); ++i)
    if (of.complete(i)) out.push(of.rows.row(i));
  left_out = of.at.size() - out.rows();
  return out;
}

result<void> comparable(const series& normal, const series& judged) {
  if (normal.channels == judged.channels) return {};
  std::size_t i = 0;
  while (i < std::min(normal.channels.size(), judged.channels.size()) && normal.channels[i] == judged.channels[i]) ++i;
  const auto name = [i](const series& s) { return i < s.channels.size() ? "'" + s.channels[i] + "'" : std::string{"none"}; };
  return fail(errc::invalid, judged.name + " has other channels than " + normal.name + ": channel " + std::to_string(i + 1) + " is " + name(judged) + " instead of " +
                                 name(normal) + "; give both the same, in the same order (--columns chooses)");
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, share < 0.0995 ? "%.2g %%" : "%.0f %%", 100 * share);
  return text;
}

std::string carried_by(const std::vector<contribution>& shares, const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(named_most, shares.size()) && shares[i].share >= 0.05; ++i)
    out += (i == 0 ? "" : ", ") + names[shares[i].channel] + " " + percent(shares[i].share);
  return out;
}

/// The rows with the largest measure first.
std::vector<std::size_t> worst(std::size_t rows, std::size_t most, const std::function<double(std::size_t)>& measure) {
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(most, rows));
  std::partial_sort(order.begin(), end, order.end(), [&](auto a, auto b) { return measure(a) > measure(b) || (measure(a) == measure(b) && a < b); });
  order.erase(end, order.end());
  return order;
}

result<table> training_rows(const series& normal, report& said) {
  std::size_t left_out = 0;
  table rows = complete_rows(normal, left_out);
  const std::size_t least = std::max<std::size_t>(10, 2 * normal.channels.size());
  if (rows.rows() < least)
    return fail(errc::invalid, normal.name + ": " + std::to_string(rows.rows()) + " complete rows to learn " + std::to_string(normal.channels.size()) +
                                   " channels from; at least " + std::to_string(least) + " are needed: give more rows, or fewer channels with --columns");
  said.count("trained_on", rows.rows());
  if (left_out > 0) said.note(std::to_string(left_out) + " rows of " + normal.name + " with missing values were left out");
  return rows;
}

double share_of(const table& rows, const std::function<bool(std::span<const double>)>& beyond) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < rows.rows(); ++i) n += beyond(rows.row(i)) ? 1 : 0;
  return static_cast<double>(n) / static_cast<double>(std::max<std::size_t>(rows.rows(), 1));
}
} // namespace

result<scored_answer> components_report(const series& normal, const series& judged, pca_options options, std::size_t most) {
  if (auto same = comparable(normal, judged); !same) return tl::make_unexpected(same.error());
  scored_answer out;
  report& said = out.said;
  said.analysis = "components";
  const auto rows = training_rows(normal, said);
  if (!rows) return tl::make_unexpected(rows.error());
  const auto model = pca::train(*rows, options);
  if (!model) return fail(model.error().code, normal.name + ": " + model.error().text);
  const double t2_limit = model->t2_limit_f(), spe_limit = model->spe_limit_jackson();
  const double explained = std::accumulate(model->eigenvalues().begin(), model->eigenvalues().end(), 0.0);
  const double moving = static_cast<double>(model->loadings().size() / model->components());
  said.count("channels", normal.channels.size());
  said.count("components", model->components());
  said.fact("variance_explained", explained / moving);
  said.fact("t2_limit", t2_limit);
  said.fact("spe_limit", spe_limit);
  const auto beyond = [&](std::span<const double> row) {
    const auto d = model->distance(row);
    return d.t2 > t2_limit || (spe_limit > 0 && d.spe > spe_limit);
  };
  const double usual = share_of(*rows, beyond);
  said.fact("alarms_while_training", usual);
  std::size_t alarms = 0, t2_alarms = 0, spe_alarms = 0, used = 0;
  for (std::size_t i = 0; i < judged.at.size(); ++i) {
    out.rows.emplace_back();
    if (!std::any_of(judged.rows.row(i).begin(), judged.rows.row(i).end(), [](double v) { return std::isfinite(v); })) continue;
    ++used;
    const auto d = model->distance(judged.rows.row(i));
    row_score& s = out.rows.back();
    s = {d.t2 / t2_limit, spe_limit > 0 ? d.spe / spe_limit : 0, false};
    s.alert = s.score > 1 || s.second > 1;
    t2_alarms += s.score > 1 ? 1 : 0;
    spe_alarms += s.second > 1 ? 1 : 0;
    alarms += s.alert ? 1 : 0;
  }
  if (used == 0) return fail(errc::invalid, judged.name + ": no row has a value; nothing can be judged");
  const double n = static_cast<double>(used);
  said.count("rows", used);
  said.count("alarms", alarms);
  said.fact("alarm_share", static_cast<double>(alarms) / n);
  said.fact("t2_alarm_share", static_cast<double>(t2_alarms) / n);
  said.fact("spe_alarm_share", static_cast<double>(spe_alarms) / n);
  said.columns = {"row", "at", "t2_in_limits", "spe_in_limits", "alert", "t2_carried_by", "spe_carried_by"};
  for (const std::size_t i : worst(out.rows.size(), most, [&](auto r) { return std::max(out.rows[r].score, out.rows[r].second); })) {
    const row_score& s = out.rows[i];
    said.findings.push_back({cell(i), to_rfc3339(judged.at[i]), s.score, s.second, s.alert, carried_by(model->t2_contributions(judged.rows.row(i)), judged.channels),
                             carried_by(model->spe_contributions(judged.rows.row(i)), judged.channels)});
  }
  if (&normal == &judged) said.note("the rows judged are those the model was trained on; --input judges others");
  if (usual > 3 * 2 * options.alpha)
    said.note("the training rows exceed the limits more often than " + percent(2 * options.alpha) +
              ": they are not normally distributed, or not all normal; expect as many false alarms");
  said.note("the limits are made for a share of " + percent(options.alpha) + " of normal rows each; a value that is missing counts as its mean");
  return out;
}

namespace {
/// The channel whose value is furthest from the middle of the training rows, in robust deviations.
std::string most_unusual(std::span<const double> row, const std::vector<double>& middle, const std::vector<double>& deviation, const std::vector<std::string>& names) {
  std::size_t at = 0;
  double largest = -1;
  for (std::size_t c = 0; c < row.size(); ++c) {
    const double z = deviation[c] > 0 ? std::abs(row[c] - middle[c]) / deviation[c] : row[c] == middle[c] ? 0 : 1e9;
    if (z > largest) largest = z, at = c;
  }
  if (largest < 0) return "";
  char text[32];
  std::snprintf(text, sizeof text, largest >= 1e9 ? " was fixed" : " %+.1f deviations", (row[at] - middle[at]) / (deviation[at] > 0 ? deviation[at] : 1));
  return names[at] + text;
}
} // namespace

result<scored_answer> forest_report(const series& normal, const series& judged, forest_options options, double share, std::size_t most) {
  if (auto same = comparable(normal, judged); !same) return tl::make_unexpected(same.error());
  scored_answer out;
  report& said = out.said;
  said.analysis = "forest";
  const auto rows = training_rows(normal, said);
  if (!rows) return tl::make_unexpected(rows.error());
  const auto forest = isolation_forest::train(*rows, options);
  if (!forest) return fail(forest.error().code, normal.name + ": " + forest.error().text);
  // Each half is scored by trees of the other: trees give rows they have seen lower scores.
  std::vector<double> unseen;
  for (const std::size_t odd : {0u, 1u}) {
    table half{rows->columns, {}};
    for (std::size_t i = odd; i < rows->rows(); i += 2) half.push(rows->row(i));
    const auto other = isolation_forest::train(half, options);
    if (!other) return fail(other.error().code, normal.name + ": " + other.error().text);
    for (std::size_t i = 1 - odd; i < rows->rows(); i += 2) unseen.push_back(other->score(rows->row(i)));
  }
  const double limit = quantile(unseen, 1 - share);
  said.count("channels", normal.channels.size());
  said.count("trees", options.trees);
  said.fact("limit", limit);
  std::size_t used = 0, alarms = 0;
  for (std::size_t i = 0; i < judged.at.size(); ++i) {
    out.rows.emplace_back();
    if (!judged.complete(i)) continue;
    ++used;
    out.rows.back() = {forest->score(judged.rows.row(i)), 0, false};
    out.rows.back().alert = out.rows.back().score > limit;
    alarms += out.rows.back().alert ? 1 : 0;
  }
  if (used == 0) return fail(errc::invalid, judged.name + ": no row is complete; nothing can be judged");
  said.count("rows", used);
  said.count("alarms", alarms);
  said.fact("alarm_share", static_cast<double>(alarms) / static_cast<double>(used));
  std::vector<double> middle, deviation;
  for (std::size_t c = 0; c < rows->columns; ++c) {
    const auto column = rows->column(c);
    middle.push_back(median(column));
    deviation.push_back(median_absolute_deviation(column));
  }
  said.columns = {"row", "at", "score", "alert", "most_unusual_channel"};
  for (const std::size_t i : worst(out.rows.size(), most, [&](auto r) { return out.rows[r].score; }))
    if (judged.complete(i))
      said.findings.push_back({cell(i), to_rfc3339(judged.at[i]), out.rows[i].score, out.rows[i].alert, most_unusual(judged.rows.row(i), middle, deviation, judged.channels)});
  if (used < judged.at.size()) said.note(std::to_string(judged.at.size() - used) + " rows of " + judged.name + " with missing values have score 0");
  said.note("scores are 0 to 1, about 0.5 for a row like all others; " + percent(share) + " of rows like the training rows are beyond the limit");
  return out;
}

} // namespace tocsin

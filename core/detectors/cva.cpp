#include "core/detectors/cva.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin {

namespace {
constexpr std::size_t rows_least = 50, rows_per_variate = 3;
} // namespace

result<cva> cva::train(const table& rows, cva_options options) {
  if (rows.rows() < rows_least)
    return fail(errc::invalid, "training series: " + std::to_string(rows.rows()) +
                                   " rows, at least " + std::to_string(rows_least) + " are needed");
  for (std::size_t i = 0; i < rows.values.size(); ++i)
    if (!std::isfinite(rows.values[i]) || std::abs(rows.values[i]) > 1e100)
      return fail(errc::invalid, "training series: row " + std::to_string(i / rows.columns) +
                                     ", column " + std::to_string(i % rows.columns) +
                                     " is not a number; leave the row out");
  cva out;
  out.columns_ = rows.columns;
  out.model_ = fit_cva(rows, options.lags, options.states, options.ridge);
  if (out.model_.used.empty())
    return fail(errc::invalid, "training series: no column moves, there is nothing to learn");
  const std::size_t needed = rows_per_variate * out.model_.variates();
  if (rows.rows() < needed)
    return fail(errc::invalid, "training series: " + std::to_string(rows.rows()) + " rows for " +
                                   std::to_string(out.model_.used.size()) +
                                   " moving columns, at least " + std::to_string(needed) +
                                   " are needed");
  out.limits_ =
      limits_of(rows, out.model_, options.states,
                {options.budget, std::max<std::size_t>(1, options.series), options.ridge});
  out.prepare();
  return out;
}

void cva::prepare() {
  const std::size_t m = model_.variates();
  statistics_ = cva_statistics(model_.states, m, limits_.usual_t, limits_.usual_q);
  past_.assign(m, 0.0);
  canonical_.assign(m, 0.0);
  smoothed_past_.assign(m * cva_statistics::vector_weights.size(), 0.0);
  seen_ = deciding_ = 0;
  verdict_ = {};
}

void cva::restart() { prepare(); }

row_verdict cva::next(std::span<const double> values) {
  if (values.size() != columns_) return {verdict_.score, verdict_.alert, false};
  const std::size_t p = model_.used.size(), m = model_.variates();
  std::copy_backward(past_.begin(), past_.end() - static_cast<std::ptrdiff_t>(p), past_.end());
  model_.standardise(values, past_.data());
  model_.complete(values, past_.data());
  if (++seen_ < model_.lags) return verdict_;
  model_.project(past_.data(), canonical_.data());
  const auto& now = statistics_.next(canonical_.data());
  for (std::size_t i = 0; i < cva_statistics::vector_weights.size(); ++i)
    for (std::size_t j = 0; j < m; ++j) {
      double& s = smoothed_past_[i * m + j];
      s += cva_statistics::vector_weights[i] * (past_[j] - s);
    }
  double score = 0;
  for (std::size_t i = 0; i < now.size(); ++i)
    if (const double ratio = now[i] / limits_.limit[i]; ratio > score) {
      score = ratio;
      deciding_ = i;
    }
  verdict_ = {score, score > 1, score > 1 && !verdict_.alert};
  return verdict_;
}

std::vector<contribution> cva::contributions() const {
  const std::size_t p = model_.used.size(), m = model_.variates();
  const std::size_t span = cva_statistics::smoothing_of(deciding_);
  const double* from = span < cva_statistics::vector_weights.size()
                           ? smoothed_past_.data() + span * m
                           : past_.data();
  std::vector<double> vector(m), share(p, 0.0);
  model_.project(from, vector.data());
  const bool residual = cva_statistics::of_residual(deciding_);
  double sum = 0;
  for (std::size_t j = 0; j < m; ++j) {
    double back = 0;
    for (std::size_t i = residual ? model_.states : 0; i < (residual ? m : model_.states); ++i)
      back += model_.weights[i * m + j] * vector[i];
    share[j % p] += from[j] * back;
  }
  for (double& s : share) sum += s = std::abs(s);
  std::vector<contribution> out;
  for (std::size_t c = 0; c < p; ++c)
    out.push_back({model_.used[c], sum > 0 ? share[c] / sum : 0.0});
  std::stable_sort(out.begin(), out.end(),
                   [](const contribution& a, const contribution& b) { return a.share > b.share; });
  return out;
}

void cva::save(writer& out) const {
  for (std::size_t n : {columns_, model_.lags, model_.states, model_.used.size()})
    out.put(static_cast<std::uint64_t>(n));
  for (std::size_t c : model_.used) out.put(static_cast<std::uint64_t>(c));
  for (const auto* v : {&model_.mean, &model_.scale, &model_.weights, &model_.precision})
    put_vector(out, *v);
  out.put(limits_.usual_t);
  out.put(limits_.usual_q);
  for (double v : limits_.limit) out.put(v);
  statistics_.save(out);
  for (const auto* v : {&past_, &smoothed_past_}) put_vector(out, *v);
  for (std::size_t n : {seen_, deciding_}) out.put(static_cast<std::uint64_t>(n));
  out.put(verdict_.score);
  out.put(verdict_.alert);
}

result<cva> cva::load(reader& in) {
  const auto broken = [] {
    return fail(errc::malformed, "snapshot of a canonical variate analysis: not one");
  };
  cva out;
  out.columns_ = in.get<std::uint64_t>();
  out.model_.lags = in.get<std::uint64_t>();
  out.model_.states = in.get<std::uint64_t>();
  const auto used = in.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < used && in.ok(); ++i) {
    out.model_.used.push_back(in.get<std::uint64_t>());
    if (out.model_.used.back() >= out.columns_) return broken();
  }
  for (auto* v : {&out.model_.mean, &out.model_.scale, &out.model_.weights, &out.model_.precision})
    if (!get_vector(in, *v)) return broken();
  const std::size_t m = out.model_.variates();
  if (m == 0 || out.model_.mean.size() != used || out.model_.scale.size() != used ||
      out.model_.weights.size() != m * m || out.model_.precision.size() != used * used ||
      out.model_.states > m)
    return broken();
  out.limits_.usual_t = in.get<double>();
  out.limits_.usual_q = in.get<double>();
  for (double& v : out.limits_.limit) v = in.get<double>();
  out.prepare();
  if (!out.statistics_.load(in)) return broken();
  for (auto* v : {&out.past_, &out.smoothed_past_}) {
    const std::size_t size = v->size();
    if (!get_vector(in, *v) || v->size() != size) return broken();
  }
  out.seen_ = in.get<std::uint64_t>();
  out.deciding_ = in.get<std::uint64_t>();
  out.verdict_.score = in.get<double>();
  out.verdict_.alert = in.get<bool>();
  if (!in.ok() || out.deciding_ >= cva_statistics::count) return broken();
  return out;
}

} // namespace tocsin

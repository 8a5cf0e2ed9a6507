#include "core/detectors/cva_limits.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "core/splitmix.hpp"
#include "core/statistics/order.hpp"

namespace tocsin {

namespace {
using matrix = Eigen::MatrixXd;
using rows_first = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using index = Eigen::Index;

/// Of the autoregression: what hides behind noise has a long memory, and few rows allow few
/// coefficients.
index order_for(index rows, index channels) {
  return std::clamp<index>(rows / (5 * channels), 2, 8);
}
constexpr double shrinkage = 0.005; ///< ridge of the autoregression, in units of the number of rows
constexpr index settle = 200;       ///< simulated rows that are thrown away before the first
/// The simulated process is itself estimated from few rows: measured on processes that are known.
constexpr double margin = 1.15;
constexpr std::size_t warm_up = 40; ///< watched rows before the smoothed statistics count

/// z_t = [z_{t-1} ... z_{t-order}] * coefficients + a row of residuals.
struct autoregression {
  index order = 0;
  matrix coefficients, residuals;
};

autoregression fit(const rows_first& z) {
  const index p = z.cols(), order = order_for(z.rows(), p), count = z.rows() - order;
  matrix past(count, order * p);
  for (index j = 0; j < order; ++j) past.middleCols(j * p, p) = z.middleRows(order - 1 - j, count);
  const matrix now = z.bottomRows(count);
  const matrix gram = past.transpose() * past;
  const matrix ridged =
      gram + shrinkage * static_cast<double>(count) * matrix::Identity(order * p, order * p);
  const Eigen::LDLT<matrix> solver(ridged);
  autoregression out;
  out.order = order;
  out.coefficients = solver.solve(past.transpose() * now);
  const double freedom = matrix(solver.solve(gram)).trace();
  // The residuals of a fit are smaller than the errors it makes elsewhere.
  const double grow =
      std::sqrt(static_cast<double>(count) / std::max(1.0, static_cast<double>(count) - freedom));
  out.residuals = (now - past * out.coefficients) * grow;
  out.residuals.rowwise() -= out.residuals.colwise().mean().eval();
  return out;
}

table simulate(const autoregression& from, index count, splitmix64& random) {
  const index p = from.residuals.cols(), order = from.order;
  rows_first z = rows_first::Zero(count + settle, p);
  Eigen::RowVectorXd past(order * p);
  for (index t = order; t < z.rows(); ++t) {
    for (index j = 0; j < order; ++j) past.segment(j * p, p) = z.row(t - 1 - j);
    const auto pick =
        static_cast<index>(random.below(static_cast<std::uint64_t>(from.residuals.rows())));
    z.row(t) = past * from.coefficients + from.residuals.row(pick);
    z.row(t) = z.row(t).cwiseMax(-100.0).cwiseMin(100.0); // should the fit be unstable
  }
  table out{static_cast<std::size_t>(p), {}};
  out.values.assign(z.data() + settle * p, z.data() + z.size());
  return out;
}

/// Canonical vectors of the second half of `rows`, by a model of the first half.
std::vector<double> watch(const table& rows, std::size_t lags, std::size_t states, double ridge) {
  const std::size_t half = rows.rows() / 2;
  table learnt{rows.columns, {}};
  learnt.values.assign(rows.values.begin(),
                       rows.values.begin() + static_cast<std::ptrdiff_t>(half * rows.columns));
  const cva_model model = fit_cva(learnt, lags, states, ridge);
  const std::size_t p = model.used.size(), m = model.variates();
  if (p != rows.columns) return {}; // a channel of the simulation did not move: nothing to compare
  std::vector<double> past(m), out;
  for (std::size_t t = half; t < rows.rows(); ++t) {
    for (std::size_t j = 0; j < lags; ++j) model.standardise(rows.row(t - j), past.data() + j * p);
    out.resize(out.size() + m);
    model.project(past.data(), out.data() + out.size() - m);
  }
  return out;
}

struct watched {
  std::size_t states, variates;
  std::vector<std::vector<double>> series; ///< canonical vectors, one after the other
};

void learn_usual(const watched& w, cva_limits& out) {
  double t = 0, q = 0, n = 0;
  for (const auto& s : w.series)
    for (std::size_t i = 0; i < s.size(); ++i) {
      (i % w.variates < w.states ? t : q) += s[i] * s[i];
      n += i % w.variates == 0 ? 1 : 0;
    }
  out.usual_t = n > 0 ? t / n : 0;
  out.usual_q = n > 0 ? q / n : 0;
}

void learn_limits(const watched& w, double budget, cva_limits& out) {
  std::array<std::vector<double>, cva_statistics::count> values;
  for (const auto& s : w.series) {
    cva_statistics statistics(w.states, w.variates, out.usual_t, out.usual_q);
    for (std::size_t row = 0; row * w.variates < s.size(); ++row) {
      const auto& now = statistics.next(s.data() + row * w.variates);
      if (row < warm_up) continue;
      for (std::size_t i = 0; i < now.size(); ++i) values[i].push_back(now[i]);
    }
  }
  // The most extreme rank a row has in any statistic: its quantile is the tail share all can have.
  std::vector<double> extreme(values[0].size(), 0.0);
  for (const auto& v : values) {
    const auto rank = ranks(v);
    for (std::size_t i = 0; i < v.size(); ++i) extreme[i] = std::max(extreme[i], rank[i]);
  }
  const double share =
      quantile(extreme, 1 - budget) / static_cast<double>(std::max<std::size_t>(1, extreme.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    out.limit[i] = std::max(1e-9, margin * quantile(values[i], share));
}

} // namespace

cva_limits limits_of(const table& rows, const cva_model& model, std::size_t states,
                     const cva_limit_options& options) {
  rows_first z(static_cast<index>(rows.rows()), static_cast<index>(model.used.size()));
  for (index i = 0; i < z.rows(); ++i)
    model.standardise(rows.row(static_cast<std::size_t>(i)), z.row(i).data());
  z.rowwise() -= z.colwise().mean().eval();
  const autoregression process = fit(z);
  splitmix64 random(0x63766131);
  watched w{model.states, model.variates(), {}};
  for (std::size_t i = 0; i < options.series; ++i) {
    const table simulated = simulate(process, 2 * z.rows(), random);
    w.series.push_back(watch(simulated, model.lags, states, options.ridge));
  }
  cva_limits out;
  learn_usual(w, out);
  learn_limits(w, options.budget, out);
  return out;
}

} // namespace tocsin

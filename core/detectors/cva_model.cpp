#include "core/detectors/cva_model.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace tocsin {

namespace {
using matrix = Eigen::MatrixXd;
using rows_first = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
constexpr double deviation_most = 100;

matrix inverse_root(const matrix& covariance) {
  const Eigen::SelfAdjointEigenSolver<matrix> solver(covariance);
  const double least = 1e-8 * solver.eigenvalues().maxCoeff();
  const Eigen::VectorXd roots = solver.eigenvalues().cwiseMax(least).cwiseSqrt().cwiseInverse();
  return solver.eigenvectors() * roots.asDiagonal() * solver.eigenvectors().transpose();
}

void learn_scales(const table& rows, cva_model& model) {
  for (std::size_t c = 0; c < rows.columns; ++c) {
    const auto x = rows.column(c);
    const Eigen::Map<const Eigen::VectorXd> v(x.data(), static_cast<Eigen::Index>(x.size()));
    const double mean = v.mean();
    const double deviation = std::sqrt((v.array() - mean).square().sum() /
                                       static_cast<double>(std::max<std::size_t>(1, x.size() - 1)));
    if (!(deviation > 1e-9 * (std::abs(mean) + 1e-3))) continue;
    model.used.push_back(c);
    model.mean.push_back(mean);
    model.scale.push_back(deviation);
  }
}

matrix standardised(const table& rows, const cva_model& model) {
  rows_first z(static_cast<Eigen::Index>(rows.rows()),
               static_cast<Eigen::Index>(model.used.size()));
  for (Eigen::Index i = 0; i < z.rows(); ++i)
    model.standardise(rows.row(static_cast<std::size_t>(i)), z.row(i).data());
  return z;
}

/// Rows first+step*0, first+step*1, ... of z side by side, for every time that has all of them.
matrix stacked(const matrix& z, Eigen::Index first, Eigen::Index step, Eigen::Index lags,
               Eigen::Index count) {
  matrix out(count, z.cols() * lags);
  for (Eigen::Index j = 0; j < lags; ++j)
    out.middleCols(j * z.cols(), z.cols()) = z.middleRows(first + step * j, count);
  return out.rowwise() - out.colwise().mean().eval();
}
} // namespace

void cva_model::standardise(std::span<const double> row, double* out) const {
  for (std::size_t i = 0; i < used.size(); ++i) {
    const double z = (row[used[i]] - mean[i]) / scale[i];
    out[i] = std::isfinite(z) ? std::clamp(z, -deviation_most, deviation_most) : 0.0;
  }
}

void cva_model::complete(std::span<const double> row, double* z) const {
  const std::size_t p = used.size();
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < p; ++i)
    if (!std::isfinite(row[used[i]])) missing.push_back(i);
  // Gauss-Seidel on the rows of the precision: exact at once for one missing value.
  for (int sweep = 0; sweep < (missing.size() > 1 ? 20 : 1); ++sweep)
    for (std::size_t i : missing) {
      double sum = 0;
      for (std::size_t j = 0; j < p; ++j) sum += j == i ? 0.0 : precision[i * p + j] * z[j];
      z[i] = -sum / precision[i * p + i];
    }
}

void cva_model::project(const double* past, double* out) const {
  const auto n = static_cast<Eigen::Index>(variates());
  const Eigen::Map<const rows_first> w(weights.data(), n, n);
  Eigen::Map<Eigen::VectorXd>(out, n).noalias() = w * Eigen::Map<const Eigen::VectorXd>(past, n);
}

cva_model fit_cva(const table& rows, std::size_t lags, std::size_t states, double ridge) {
  cva_model model;
  model.lags = std::max<std::size_t>(1, lags);
  learn_scales(rows, model);
  const std::size_t variates = model.variates();
  if (variates == 0 || rows.rows() < 2 * model.lags + 2) return model;
  model.states = std::clamp<std::size_t>(states, 1, std::max<std::size_t>(1, variates / 2));
  const matrix z = standardised(rows, model);
  const auto l = static_cast<Eigen::Index>(model.lags);
  const Eigen::Index count = z.rows() - 2 * l + 1;
  const matrix past = stacked(z, l - 1, -1, l, count), future = stacked(z, l, 1, l, count);
  const double n = static_cast<double>(count - 1);
  const auto unit = ridge * matrix::Identity(past.cols(), past.cols());
  const matrix past_root = inverse_root(past.transpose() * past / n + unit);
  const matrix future_root = inverse_root(future.transpose() * future / n + unit);
  const matrix h = future_root * (future.transpose() * past / n) * past_root;
  const Eigen::JacobiSVD<matrix> svd(h, Eigen::ComputeFullV);
  const rows_first weights = svd.matrixV().transpose() * past_root;
  model.weights.assign(weights.data(), weights.data() + weights.size());
  const auto p = static_cast<Eigen::Index>(model.used.size());
  matrix correlation = z.transpose() * z / static_cast<double>(z.rows() - 1);
  correlation.diagonal().array() += ridge;
  const matrix precision = correlation.llt().solve(matrix::Identity(p, p));
  model.precision.assign(precision.data(), precision.data() + precision.size());
  return model;
}

} // namespace tocsin

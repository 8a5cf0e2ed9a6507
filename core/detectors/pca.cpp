#include "core/detectors/pca.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "core/statistics/distributions.hpp"

namespace tocsin {

namespace {
using index = Eigen::Index;

std::vector<contribution> shares(const std::vector<std::size_t>& used,
                                 const std::vector<double>& part) {
  double sum = 0;
  for (double p : part) sum += p;
  std::vector<contribution> out;
  for (std::size_t i = 0; i < used.size(); ++i)
    out.push_back({used[i], sum > 0 ? part[i] / sum : 0.0});
  std::stable_sort(out.begin(), out.end(),
                   [](const contribution& a, const contribution& b) { return a.share > b.share; });
  return out;
}
} // namespace

result<pca> pca::train(const table& rows, pca_options options) {
  const std::size_t n = rows.rows();
  if (n < 3)
    return fail(errc::invalid,
                "principal components: " + std::to_string(n) + " rows, at least 3 are needed");
  for (std::size_t i = 0; i < rows.values.size(); ++i)
    if (!(std::abs(rows.values[i]) < 1e100))
      return fail(errc::invalid, "principal components: row " + std::to_string(i / rows.columns) +
                                     ", column " + std::to_string(i % rows.columns) +
                                     " is not a number; leave the row out");
  pca out;
  out.columns_ = rows.columns;
  for (std::size_t c = 0; c < rows.columns; ++c) {
    const auto x = rows.column(c);
    const Eigen::Map<const Eigen::VectorXd> v(x.data(), static_cast<index>(n));
    const double mean = v.mean();
    const double deviation =
        std::sqrt((v.array() - mean).square().sum() / static_cast<double>(n - 1));
    if (!(deviation > 1e-12 * (std::abs(mean) + 1e-3))) continue;
    out.used_.push_back(c);
    out.mean_.push_back(mean);
    out.scale_.push_back(deviation);
  }
  const std::size_t p = out.used_.size();
  if (p == 0)
    return fail(errc::invalid, "principal components: no column moves, there is nothing to learn");
  Eigen::MatrixXd z(static_cast<index>(n), static_cast<index>(p));
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = out.standardised(rows.row(i));
    z.row(static_cast<index>(i)) =
        Eigen::Map<const Eigen::RowVectorXd>(row.data(), static_cast<index>(p));
  }
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(z, Eigen::ComputeThinV);
  std::vector<double> all;
  double total = 0;
  for (index i = 0; i < svd.singularValues().size(); ++i) {
    all.push_back(svd.singularValues()[i] * svd.singularValues()[i] / static_cast<double>(n - 1));
    total += all.back();
  }
  std::size_t keep = options.components;
  if (keep == 0)
    for (double sum = 0; keep < all.size() && sum < options.explained * total;) sum += all[keep++];
  std::size_t rank = 0; // directions that exist: collinear channels have fewer than channels
  while (rank < all.size() && all[rank] > 1e-12 * all[0]) ++rank;
  keep = std::clamp<std::size_t>(keep, 1, std::min(rank, n - 2));
  for (std::size_t k = 0; k < keep; ++k) {
    Eigen::VectorXd v = svd.matrixV().col(static_cast<index>(k));
    index largest = 0;
    v.cwiseAbs().maxCoeff(&largest);
    if (v[largest] < 0) v = -v;
    out.eigenvalues_.push_back(all[k]);
    out.loadings_.insert(out.loadings_.end(), v.data(), v.data() + v.size());
  }
  out.set_limits(all, n, options.alpha);
  return out;
}

void pca::set_limits(const std::vector<double>& all, std::size_t rows, double alpha) {
  const double a = static_cast<double>(components()), n = static_cast<double>(rows);
  t2_f_ = a * (n * n - 1) / (n * (n - a)) * f_quantile(1 - alpha, a, n - a);
  t2_chi2_ = chi2_quantile(1 - alpha, a);
  double t1 = 0, t2 = 0, t3 = 0;
  for (std::size_t i = components(); i < all.size(); ++i) {
    t1 += all[i];
    t2 += all[i] * all[i];
    t3 += all[i] * all[i] * all[i];
  }
  if (!(t1 > 1e-12 * all[0])) return; // no residual space: every distance from the plane is 0
  const double h = 1 - 2 * t1 * t3 / (3 * t2 * t2), c = normal_quantile(1 - alpha);
  const double base = c * std::sqrt(2 * t2 * h * h) / t1 + 1 + t2 * h * (h - 1) / (t1 * t1);
  spe_chi2_ = t2 / t1 * chi2_quantile(1 - alpha, t1 * t1 / t2);
  // Their approximation has no root for some spectra; the moments have.
  spe_jackson_ = base > 0 && h != 0 ? t1 * std::pow(base, 1 / h) : spe_chi2_;
}

std::vector<double> pca::standardised(std::span<const double> row) const {
  std::vector<double> z(used_.size(), 0.0);
  for (std::size_t i = 0; i < z.size(); ++i)
    if (used_[i] < row.size() && std::isfinite(row[used_[i]]))
      z[i] = std::clamp((row[used_[i]] - mean_[i]) / scale_[i], -1e100, 1e100);
  return z;
}

std::vector<double> pca::scores(const std::vector<double>& z) const {
  std::vector<double> t(components(), 0.0);
  for (std::size_t k = 0; k < t.size(); ++k)
    for (std::size_t j = 0; j < z.size(); ++j) t[k] += loadings_[k * z.size() + j] * z[j];
  return t;
}

pca_distance pca::distance(std::span<const double> row) const {
  auto z = standardised(row);
  const auto t = scores(z);
  pca_distance out;
  for (std::size_t k = 0; k < t.size(); ++k) {
    out.t2 += t[k] * t[k] / eigenvalues_[k];
    for (std::size_t j = 0; j < z.size(); ++j) z[j] -= t[k] * loadings_[k * z.size() + j];
  }
  for (double e : z) out.spe += e * e;
  return out;
}

std::vector<contribution> pca::t2_contributions(std::span<const double> row) const {
  const auto z = standardised(row);
  const auto t = scores(z);
  std::vector<double> part(z.size(), 0.0);
  for (std::size_t j = 0; j < z.size(); ++j) {
    for (std::size_t k = 0; k < t.size(); ++k)
      part[j] += t[k] * loadings_[k * z.size() + j] / eigenvalues_[k];
    part[j] = std::abs(z[j] * part[j]);
  }
  return shares(used_, part);
}

std::vector<contribution> pca::spe_contributions(std::span<const double> row) const {
  auto z = standardised(row);
  const auto t = scores(z);
  for (std::size_t k = 0; k < t.size(); ++k)
    for (std::size_t j = 0; j < z.size(); ++j) z[j] -= t[k] * loadings_[k * z.size() + j];
  for (double& e : z) e *= e;
  return shares(used_, z);
}

void pca::save(writer& out) const {
  out.put(static_cast<std::uint64_t>(columns_));
  out.put(static_cast<std::uint64_t>(used_.size()));
  for (std::size_t c : used_) out.put(static_cast<std::uint64_t>(c));
  for (const auto* v : {&mean_, &scale_, &eigenvalues_, &loadings_}) put_vector(out, *v);
  for (double v : {t2_f_, t2_chi2_, spe_jackson_, spe_chi2_}) out.put(v);
}

result<pca> pca::load(reader& in) {
  pca out;
  out.columns_ = in.get<std::uint64_t>();
  const auto used = in.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < used && in.ok(); ++i) out.used_.push_back(in.get<std::uint64_t>());
  bool good = in.ok();
  for (auto* v : {&out.mean_, &out.scale_, &out.eigenvalues_, &out.loadings_})
    good = good && get_vector(in, *v);
  for (double* v : {&out.t2_f_, &out.t2_chi2_, &out.spe_jackson_, &out.spe_chi2_})
    *v = in.get<double>();
  if (!good || !in.ok() || out.mean_.size() != used || out.scale_.size() != used ||
      out.loadings_.size() != used * out.components())
    return fail(errc::malformed, "snapshot of principal components: not one");
  return out;
}

} // namespace tocsin

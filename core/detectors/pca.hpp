// Principal components of normal rows: how far a row is inside their plane (T2) and away from it
// (SPE).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/detectors/contribution.hpp"
#include "core/error.hpp"
#include "core/statistics/vectors.hpp"

namespace tocsin {

struct pca_options {
  std::size_t components = 0; ///< 0: as many as explain `explained` of the variance
  double explained = 0.9;
  double alpha = 0.01; ///< share of normal rows beyond each limit
};

struct pca_distance {
  double t2 = 0;  ///< sum of squared scores, each by its component's variance (Hotelling 1931)
  double spe = 0; ///< squared distance from the plane, in squared standard deviations (Jackson and
                  ///< Mudholkar 1979)
};

/// Channels are standardised (n - 1); those that never moved are not used. Cost per row: used *
/// components multiplications and additions. State: the model alone.
class pca {
public:
  /// Errors invalid: fewer than 3 rows, a value that is not finite, nothing moves. With fewer rows
  /// than channels there are at most rows - 2 components.
  static result<pca> train(const table& rows, pca_options options = {});

  /// `row`: as many values as columns were trained on; a value that is not finite counts as its
  /// mean.
  pca_distance distance(std::span<const double> row) const;
  /// Shares |z_j| |sum_k t_k p_jk / l_k| (Westerhuis et al. 2000) and e_j^2; each sums to 1,
  /// largest first.
  std::vector<contribution> t2_contributions(std::span<const double> row) const;
  std::vector<contribution> spe_contributions(std::span<const double> row) const;

  double t2_limit_f() const {
    return t2_f_;
  } ///< a (n^2 - 1) / (n (n - a)) F(alpha; a, n - a), for new rows
  double t2_limit_chi2() const { return t2_chi2_; } ///< its limit for many rows
  double spe_limit_jackson() const {
    return spe_jackson_;
  } ///< Jackson and Mudholkar, Technometrics 21:341-349 (1979)
  double spe_limit_chi2() const { return spe_chi2_; } ///< g chi2(h), moments matched (Box 1954)

  std::size_t components() const { return eigenvalues_.size(); }
  std::size_t columns() const { return columns_; }
  const std::vector<double>& eigenvalues() const {
    return eigenvalues_;
  } ///< of the kept ones, falling
  /// Component after component, an entry for each used channel; the largest entry of each is
  /// positive.
  const std::vector<double>& loadings() const { return loadings_; }

  void save(writer& out) const;
  static result<pca> load(reader& in);

private:
  pca() = default;
  std::vector<double> standardised(std::span<const double> row) const;
  std::vector<double> scores(const std::vector<double>& z) const;
  void set_limits(const std::vector<double>& all, std::size_t rows, double alpha);

  std::size_t columns_ = 0;
  std::vector<std::size_t> used_;
  std::vector<double> mean_, scale_, eigenvalues_, loadings_;
  double t2_f_ = 0, t2_chi2_ = 0, spe_jackson_ = 0, spe_chi2_ = 0;
};

} // namespace tocsin

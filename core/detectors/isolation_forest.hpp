// Rows that few random cuts separate from the others. For seconds and minutes, not for every event.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "core/statistics/vectors.hpp"

namespace tocsin {

class splitmix64;

/// Mean path length of an unsuccessful search among n points in a binary tree, 2 H(n-1) - 2 (n-1) /
/// n with the exact harmonic number; 0 for n <= 1, 1 for n = 2.
double isolation_path(std::size_t n);

struct forest_options {
  std::size_t trees = 100, sample = 256; ///< rows of each tree, drawn without replacement
  std::uint64_t seed = 1;
};

/// Liu, Ting, Zhou, "Isolation Forest", ICDM 2008. Deterministic for a seed. Cost per row: trees *
/// log2(sample) comparisons, far apart in memory: about 10 us. State: about 24 bytes per node, 2 *
/// sample nodes per tree.
class isolation_forest {
public:
  /// Errors invalid: fewer than 2 rows, no trees, a value that is not finite.
  static result<isolation_forest> train(const table& rows, forest_options options = {});
  /// 2^(-mean path / isolation_path(sample)): 0 to 1, larger = easier to separate, about 0.5 for
  /// what is like all. A row of another number of values, or with one that is not finite, gives 0.
  double score(std::span<const double> row) const;
  std::size_t columns() const { return columns_; }

  void save(writer& out) const;
  static result<isolation_forest> load(reader& in);

private:
  struct node {
    double cut = 0;            ///< a leaf: the path length that its rows would add
    std::uint32_t channel = 0; ///< a leaf: beyond all channels
    std::uint32_t right = 0;   ///< the left child is the next node
  };
  isolation_forest() = default;
  void grow(const table& rows, std::vector<std::uint32_t>& members, std::size_t from,
            std::size_t to, std::size_t depth, std::size_t deepest, splitmix64& random);

  std::size_t columns_ = 0;
  double usual_ = 1;
  std::vector<node> nodes_;
  std::vector<std::uint32_t> roots_;
};

} // namespace tocsin

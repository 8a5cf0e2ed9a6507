#include "core/detectors/isolation_forest.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/splitmix.hpp"

namespace tocsin {

double isolation_path(std::size_t n) {
  if (n <= 1) return 0;
  double harmonic = 0;
  for (std::size_t i = n - 1; i > 0; --i) harmonic += 1.0 / static_cast<double>(i);
  const double size = static_cast<double>(n);
  return 2 * harmonic - 2 * (size - 1) / size;
}

result<isolation_forest> isolation_forest::train(const table& rows, forest_options options) {
  const std::size_t n = rows.rows();
  if (n < 2 || options.trees == 0 || options.sample < 2)
    return fail(errc::invalid, "isolation forest: " + std::to_string(n) + " rows, " +
                                   std::to_string(options.trees) + " trees of " +
                                   std::to_string(options.sample) + " rows; at least 2, 1 and 2");
  for (std::size_t i = 0; i < rows.values.size(); ++i)
    if (!std::isfinite(rows.values[i]))
      return fail(errc::invalid, "isolation forest: row " + std::to_string(i / rows.columns) +
                                     ", column " + std::to_string(i % rows.columns) +
                                     " is not finite; leave the row out");
  isolation_forest out;
  out.columns_ = rows.columns;
  const std::size_t sample = std::min(options.sample, n);
  out.usual_ = isolation_path(sample);
  const auto deepest = static_cast<std::size_t>(std::ceil(std::log2(static_cast<double>(sample))));
  splitmix64 random(options.seed);
  std::vector<std::uint32_t> members(n);
  for (std::size_t t = 0; t < options.trees; ++t) {
    std::iota(members.begin(), members.end(), 0u);
    for (std::size_t i = 0; i < sample; ++i)
      std::swap(members[i], members[i + random.below(n - i)]);
    out.roots_.push_back(static_cast<std::uint32_t>(out.nodes_.size()));
    out.grow(rows, members, 0, sample, 0, deepest, random);
  }
  return out;
}

void isolation_forest::grow(const table& rows, std::vector<std::uint32_t>& members,
                            std::size_t from, std::size_t to, std::size_t depth,
                            std::size_t deepest, splitmix64& random) {
  const std::size_t at = nodes_.size();
  nodes_.push_back({static_cast<double>(depth) + isolation_path(to - from),
                    static_cast<std::uint32_t>(columns_), 0});
  if (depth >= deepest || to - from <= 1) return;
  const auto value = [&](std::size_t i, std::size_t c) {
    return rows.values[members[i] * columns_ + c];
  };
  // A channel that still differs among the members: begin at a random one and take the first that
  // does.
  const std::size_t begin = random.below(columns_);
  for (std::size_t k = 0; k < columns_; ++k) {
    const std::size_t c = (begin + k) % columns_;
    double low = value(from, c), high = low;
    for (std::size_t i = from + 1; i < to; ++i) {
      low = std::min(low, value(i, c));
      high = std::max(high, value(i, c));
    }
    if (!(low < high)) continue;
    const double cut = std::min(low + random.unit() * (high - low), std::nextafter(high, low));
    const auto first = members.begin() + static_cast<std::ptrdiff_t>(from);
    const auto middle =
        std::partition(first, members.begin() + static_cast<std::ptrdiff_t>(to),
                       [&](std::uint32_t m) { return rows.values[m * columns_ + c] <= cut; });
    const std::size_t split = from + static_cast<std::size_t>(middle - first);
    nodes_[at].channel = static_cast<std::uint32_t>(c);
    nodes_[at].cut = cut;
    grow(rows, members, from, split, depth + 1, deepest, random);
    nodes_[at].right = static_cast<std::uint32_t>(nodes_.size());
    grow(rows, members, split, to, depth + 1, deepest, random);
    return;
  }
}

double isolation_forest::score(std::span<const double> row) const {
  if (row.size() != columns_) return 0;
  for (double v : row)
    if (!std::isfinite(v)) return 0;
  double path = 0;
  for (std::uint32_t at : roots_) {
    while (nodes_[at].channel < columns_)
      at = row[nodes_[at].channel] <= nodes_[at].cut ? at + 1 : nodes_[at].right;
    path += nodes_[at].cut;
  }
  return std::exp2(-path / static_cast<double>(roots_.size()) / usual_);
}

void isolation_forest::save(writer& out) const {
  out.put(static_cast<std::uint64_t>(columns_));
  out.put(usual_);
  out.put(static_cast<std::uint32_t>(roots_.size()));
  for (auto r : roots_) out.put(r);
  out.put(static_cast<std::uint32_t>(nodes_.size()));
  for (const auto& n : nodes_) {
    out.put(n.cut);
    out.put(n.channel);
    out.put(n.right);
  }
}

result<isolation_forest> isolation_forest::load(reader& in) {
  isolation_forest out;
  out.columns_ = in.get<std::uint64_t>();
  out.usual_ = in.get<double>();
  const auto roots = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < roots && in.ok(); ++i)
    out.roots_.push_back(in.get<std::uint32_t>());
  const auto nodes = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < nodes && in.ok(); ++i) {
    node n;
    n.cut = in.get<double>();
    n.channel = in.get<std::uint32_t>();
    n.right = in.get<std::uint32_t>();
    out.nodes_.push_back(n);
  }
  bool good = in.ok() && roots > 0;
  for (auto r : out.roots_) good = good && r < out.nodes_.size();
  // A walk only goes forward, so it ends.
  for (std::uint32_t i = 0; good && i < out.nodes_.size(); ++i)
    if (out.nodes_[i].channel < out.columns_)
      good = out.nodes_[i].right > i && out.nodes_[i].right < out.nodes_.size() &&
             i + 1 < out.nodes_.size();
  if (!good) return fail(errc::malformed, "snapshot of an isolation forest: not one");
  return out;
}

} // namespace tocsin

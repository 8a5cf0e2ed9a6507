#include "core/equipment/quantile_sketch.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tocsin {

void quantile_sketch::add(double value) {
  if (levels_.empty()) levels_.resize(1);
  levels_[0].values.push_back(value);
  ++count_;
  if (levels_[0].values.size() >= capacity) halve(0);
}

/// An even number of the sorted values: every other one goes up and stands for two.
void quantile_sketch::halve(std::size_t number) {
  if (levels_.size() == number + 1) levels_.emplace_back();
  level& low = levels_[number];
  level& high = levels_[number + 1];
  std::ranges::sort(low.values);
  const std::size_t even = low.values.size() / 2 * 2;
  for (std::size_t i = low.odd ? 1 : 0; i < even; i += 2) high.values.push_back(low.values[i]);
  low.values.erase(low.values.begin(), low.values.begin() + static_cast<std::ptrdiff_t>(even));
  low.odd = !low.odd;
  if (high.values.size() >= capacity) halve(number + 1);
}

void quantile_sketch::merge(const quantile_sketch& other) {
  if (levels_.size() < other.levels_.size()) levels_.resize(other.levels_.size());
  for (std::size_t i = 0; i < other.levels_.size(); ++i)
    levels_[i].values.insert(levels_[i].values.end(), other.levels_[i].values.begin(), other.levels_[i].values.end());
  count_ += other.count_;
  for (std::size_t i = 0; i < levels_.size(); ++i)
    if (levels_[i].values.size() >= capacity) halve(i);
}

void quantile_sketch::append(std::span<const double> shares, std::vector<double>& out) const {
  std::vector<std::pair<double, std::uint64_t>> all;
  for (std::size_t i = 0; i < levels_.size(); ++i)
    for (const double v : levels_[i].values) all.emplace_back(v, std::uint64_t{1} << i);
  if (all.empty()) return;
  std::ranges::sort(all);
  std::uint64_t total = 0;
  for (const auto& [v, weight] : all) total += weight;
  for (const double share : shares) {
    const auto rank = static_cast<std::uint64_t>(std::max(1.0, std::ceil(share * static_cast<double>(total))));
    std::uint64_t seen = 0;
    auto at = all.begin();
    while (std::next(at) != all.end() && (seen += at->second) < rank) ++at;
    out.push_back(at->first);
  }
}

void quantile_sketch::clear() {
  levels_.clear();
  count_ = 0;
}

} // namespace tocsin

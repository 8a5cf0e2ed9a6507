// Quantiles: exact for few values, within the stated rank error for many, the same whether merged or not.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/equipment/quantile_sketch.hpp"
#include "core/splitmix.hpp"
#include "equipment_world.hpp"

namespace tocsin::quantile_sketch_test {
namespace {

const std::vector<double> shares{0, 0.01, 0.25, 0.5, 0.95, 0.99, 1};

/// The greatest distance of a found value's rank from the one asked for, as a share.
double worst(const std::vector<double>& found, std::vector<double> all) {
  std::sort(all.begin(), all.end());
  double error = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto low = static_cast<double>(std::lower_bound(all.begin(), all.end(), found[i]) - all.begin()) / static_cast<double>(all.size());
    const auto high = static_cast<double>(std::upper_bound(all.begin(), all.end(), found[i]) - all.begin()) / static_cast<double>(all.size());
    error = std::max({error, low - shares[i], shares[i] - high});
  }
  return error;
}

RC_GTEST_PROP(quantile_sketch, is_exact_up_to_its_capacity, ()) {
  const auto values = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-1000, 1000));
  RC_PRE(!values.empty());
  quantile_sketch it;
  for (int v : values) it.add(v);
  std::vector<double> found, sorted(values.begin(), values.end());
  it.append(shares, found);
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto rank = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(shares[i] * static_cast<double>(sorted.size()))));
    RC_ASSERT(found[i] == sorted[rank - 1]);
  }
}

TEST(quantile_sketch, keeps_its_error_whatever_the_order_and_however_it_was_merged) {
  for (const int order : {0, 1, 2, 3}) {
    splitmix64 random{7};
    std::vector<double> all;
    constexpr int n = 200'000;
    for (int i = 0; i < n; ++i)
      all.push_back(order == 0 ? i : order == 1 ? n - i : order == 2 ? random.bell() : static_cast<double>(i % 7 * 1000 + i % 1000));
    quantile_sketch whole, merged;
    std::vector<quantile_sketch> parts(13);
    for (int i = 0; i < n; ++i) whole.add(all[static_cast<std::size_t>(i)]), parts[static_cast<std::size_t>(i % 1000 / 77)].add(all[static_cast<std::size_t>(i)]);
    for (const auto& p : parts) merged.merge(p);
    const double stated = (1 + std::log2(n / 1024.0)) / 1024;
    for (const quantile_sketch* each : {&whole, &merged}) {
      std::vector<double> found;
      each->append(shares, found);
      ASSERT_EQ(found.size(), shares.size());
      EXPECT_LE(worst(found, all), stated) << order;
      EXPECT_EQ(each->count(), static_cast<std::uint64_t>(n));
    }
  }
}

TEST(quantiles, are_said_with_windows_of_every_kind) {
  equipment_rules r;
  using kind_t = window_rule::kind_t;
  r.windows = {{kind_t::tumbling, 100s, 100s}, {kind_t::sliding, 40s, 20s}, {kind_t::session, 50s, 50s}};
  r.quantiles = {"0.5", "0.9"};
  equipment_world w{completed(r)};
  for (int i = 0; i < 300; ++i) w.read(i, i);
  w.finish();
  ASSERT_FALSE(w.said.windows.empty());
  for (const window_result& found : w.said.windows) {
    EXPECT_EQ(w.said.quantiles[found.quantiles], found.least + std::ceil(0.5 * static_cast<double>(found.count)) - 1);
    EXPECT_EQ(w.said.quantiles[found.quantiles + 1], found.least + std::ceil(0.9 * static_cast<double>(found.count)) - 1);
  }
  EXPECT_EQ(w.said.quantiles.size(), 2 * w.said.windows.size());
}

} // namespace
} // namespace tocsin::quantile_sketch_test

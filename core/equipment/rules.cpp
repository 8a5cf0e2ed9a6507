#include "core/equipment/rules.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace tocsin {

duration equipment_rules::pane() const {
  duration::rep found = 0;
  for (const window_rule& w : windows)
    if (w.kind != window_rule::kind_t::session) found = std::gcd(found, std::gcd(w.size.count(), w.slide.count()));
  if (found == 0) // sessions alone: looked at as often as the shortest may end
    for (const window_rule& w : windows) found = found == 0 ? w.size.count() : std::min(found, w.size.count());
  return duration{found};
}

std::size_t equipment_rules::panes() const {
  const duration p = pane();
  if (p == 0s) return 0;
  duration longest = 0s;
  for (const window_rule& w : windows)
    if (w.kind != window_rule::kind_t::session) longest = std::max(longest, w.size);
  return static_cast<std::size_t>((longest + lateness + correct) / p + 2);
}

std::optional<double> share_of(std::string_view text) {
  double share;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (bad != std::errc{} || end != text.data() + text.size() || !(share >= 0 && share <= 1)) return std::nullopt;
  return share;
}

equipment_rules completed(equipment_rules rules) {
  if (rules.windows.empty()) rules.windows.push_back({});
  for (window_rule& w : rules.windows)
    if (w.kind != window_rule::kind_t::sliding) w.slide = w.size;
  rules.quantile_shares.clear();
  for (const std::string& q : rules.quantiles) rules.quantile_shares.push_back(share_of(q).value_or(0.5)); // config has checked it
  rules.watch.limits = std::make_shared<const sample_limits>(rules.watch.samples.options);
  if (!rules.watch.composite) rules.watch.composite = std::make_shared<const channel_options>();
  return rules;
}

} // namespace tocsin

// Channels of a trained series that repeat one value for longer than they ever do.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/statistics/vectors.hpp"

namespace tocsin {

/// A run of equal values may have up to max(2 r + 2, 1 + ln(1e-6) / ln(q)) rows, where r is the
/// longest run while learning and q the share of rows that repeated the row before, (repeats + 0.5)
/// / rows. A channel that never moved while learning may stay for ever, but must not move. Cost per
/// row and channel: one comparison.
class stuck_channels {
public:
  stuck_channels() = default;
  explicit stuck_channels(const table& learnt);

  /// The largest run as a part of what its channel may have, 0 to 2; above 1 one is stuck (or a
  /// fixed one moved: 2). Values that are not finite neither end a run nor lengthen it.
  double next(std::span<const double> values);
  std::size_t channel() const { return channel_; } ///< the one of the last value of next
  void restart();

  void save(writer& out) const;
  bool load(reader& in);

private:
  std::vector<double> longest_, fixed_, last_, run_; ///< longest_ 0: a channel that never moved
  std::size_t channel_ = 0;
};

} // namespace tocsin

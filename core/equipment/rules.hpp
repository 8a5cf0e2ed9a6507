// What is computed of an equipment unit's channels. Filled by config.
#pragma once

#include <cstdint>
#include <vector>

#include "core/equipment/watch_rules.hpp"
#include "core/time.hpp"

namespace tocsin {

struct window_rule {
  enum class kind_t : std::uint8_t { tumbling, sliding, session };
  kind_t kind = kind_t::tumbling;
  duration size = 5min;   ///< a multiple of `slide`; session: the gap that ends it
  duration slide = 5min;  ///< between two ends; tumbling: as `size`
};

/// |value - mean| > limit * deviation, both exponentially weighted (West 1979, incremental form).
struct ewma_z_rule {
  bool enabled = true;
  double weight = 0.02;      ///< of the newest value
  double limit = 4;          ///< standard deviations
  std::uint32_t learn = 30;  ///< values before the first verdict
};

/// 0.6745 * |value - median| > limit * MAD of the 31 values before it (Iglewicz and Hoaglin 1993).
struct modified_z_rule {
  bool enabled = true;
  double limit = 6;
};

struct equipment_rules {
  duration lateness = 0s;    ///< windows wait so long for late values
  duration correct = 1min;   ///< and are corrected by values that are later than that, up to so much
  std::vector<window_rule> windows;
  ewma_z_rule ewma_z;
  modified_z_rule modified_z;
  watch_rules watch;

  /// Greatest length that all windows are made of, or the shortest gap of sessions; 0s when there are no windows.
  duration pane() const;
  /// Panes that must be held, so that every window and every correction has its values.
  std::size_t panes() const;
};
/// With what follows from other rules, and what is not said: tumbling windows of five minutes when there are none, and slides as the sizes.
equipment_rules completed(equipment_rules rules);

} // namespace tocsin

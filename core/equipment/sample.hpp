// One reading of one sensor, and many of them as they travel: read once, never copied.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/equipment/event.hpp"
#include "core/time.hpp"

namespace tocsin {

struct sample {
  timestamp at;              ///< event time
  double value;              ///< finite
  std::uint64_t key_hash;    ///< hash_key(equipment, channel): its upper half is the equipment's alone
  std::string_view equipment, channel; ///< into the batch
};

/// The newest time of the whole input passed the end of a pane with sample `index` of the batch, or began with it.
struct pane_end {
  std::uint32_t index;
  timestamp latest;
};

struct sample_batch {
  std::vector<sample> samples;
  std::vector<equipment_event> events; ///< by `before`
  std::vector<pane_end> ends; ///< by index; see mark_ends
  std::vector<std::shared_ptr<const char[]>> bytes; ///< keeps the texts alive
};

/// Fills `ends`, so that it does not matter how the input was cut into batches and shards. `latest`: the newest time of all
/// input so far, unset before the first. pane 0s: nothing to do but to keep it.
void mark_ends(sample_batch& batch, duration pane, timestamp& latest);

} // namespace tocsin

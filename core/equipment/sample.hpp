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

/// Time passed a mark before sample `index` of the batch, and before its event `event` when that comes first.
struct pane_end {
  std::uint32_t index, event;
  timestamp latest;    ///< newest time of the whole input
  timestamp of_source; ///< newest time of the batch's source
};

/// A reading that every shard is shown before sample `index`: the right side of a join.
struct shared_reading {
  std::uint32_t index, number; ///< number: of the join
  timestamp at;
  double value;
};

struct sample_batch {
  std::vector<sample> samples;
  std::vector<equipment_event> events; ///< by `before`
  std::vector<pane_end> ends;          ///< by index; see input_marks.hpp
  std::vector<shared_reading> shared;  ///< by index
  std::vector<std::shared_ptr<const char[]>> bytes; ///< keeps the texts alive
  timestamp arrived = unset;           ///< by our clock; unset of recordings
  std::uint64_t refused = 0;           ///< records of the source that could not be read since the batch before
  std::uint32_t source = 0;            ///< all of it is of one source, below limits::vantages_max
};

/// Takes out the samples marked so, and gives how many; events keep their places among the rest.
std::size_t drop(sample_batch& batch, const std::vector<bool>& which);
/// Takes out what is newer than `latest`, and gives how many: one sensor's clock must not end everybody's windows.
std::size_t drop_newer(sample_batch& batch, timestamp latest);

} // namespace tocsin

// Where the input stands in time, marked in its batches before they are cut up: every shard sees time pass at the same places.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/equipment/rules.hpp"
#include "core/equipment/sample.hpp"

namespace tocsin {

/// One for all input, used by one thread at a time.
class input_marks {
public:
  explicit input_marks(const equipment_rules& rules);
  /// Fills `ends` and `shared`, so that it does not matter how the input was cut into batches and shards. There is a mark
  /// whenever the newest time of all or of the batch's source passes a whole multiple of a pane or of a second, and with
  /// the first.
  void mark(sample_batch& batch);
  /// Time has come to `at` without input; false: it was there already, or nothing ever came.
  bool pass(timestamp at, sample_batch& nothing);
  timestamp latest() const { return latest_; } ///< unset before the first

private:
  struct source_time {
    timestamp latest = unset, end = unset;
  };
  struct right_side {
    std::string equipment, channel;
    std::uint64_t key_hash;
  };
  void step(std::uint32_t index, std::uint32_t event, timestamp at, source_time& own, sample_batch& batch);
  void share(sample_batch& batch) const;
  timestamp end_of(timestamp at) const;

  duration pane_;
  timestamp latest_ = unset, end_ = unset; ///< end: of the shorter interval that `latest` is in
  std::vector<source_time> sources_;
  std::vector<right_side> rights_; ///< by join
};

} // namespace tocsin

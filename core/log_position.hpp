// How far the partitions of an input log were read, and which offsets may be committed given what is done.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

struct log_position {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t next_offset = 0; ///< the first one not contained
  bool operator==(const log_position&) const = default;
};
using log_positions = std::vector<log_position>;

/// Batches are handed out in the order of the log and may be done in any order. An offset may be committed when its
/// batch and all handed out before it are done: what is committed is never read again.
class offset_book {
public:
  /// A batch goes out that leads up to `covered`; its ticket, from 1.
  std::uint64_t begin(log_positions covered);
  /// It is done. Gives what may be committed now, each partition once; empty = an earlier batch is still under way.
  /// A ticket that is unknown or done already changes nothing.
  log_positions done(std::uint64_t ticket);
  /// The partition is another's now: its offsets are not given any more, also not those of batches under way.
  void forget(std::string_view topic, std::int32_t partition);
  /// Batches that keep others from being committed, or are under way.
  std::size_t open() const { return open_.size(); }

private:
  struct entry {
    log_positions covered;
    bool done = false;
  };
  std::deque<entry> open_; ///< of tickets first_, first_ + 1 …
  std::uint64_t first_ = 1;
};

} // namespace tocsin

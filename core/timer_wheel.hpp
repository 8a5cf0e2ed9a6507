// Hierarchical timer wheel over small integers: files a deadline in O(1), finds the next in O(levels).
// Scheme: G. Varghese and A. Lauck, "Hashed and hierarchical timing wheels", 1987.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "core/time.hpp"

namespace tocsin {

/// One tick is 2^20 ns (1.05 ms). The wheel keeps entries, not deadlines: an entry that comes up is
/// asked for its deadline, so moving a deadline later costs nothing and needs no call.
class timer_wheel {
public:
  using entry = std::uint32_t;
  static constexpr int tick_shift = 20;

  static std::uint64_t tick_of(timestamp t) {
    const std::int64_t ns = to_nanoseconds(t);
    return ns <= 0 ? 0 : static_cast<std::uint64_t>(ns) >> tick_shift;
  }

  /// Files `e` for the tick of `due`; a tick already passed counts as the present one.
  /// Returns the tick it was filed for: an entry filed twice comes up twice, and the caller compares.
  std::uint64_t file(entry e, timestamp due) {
    std::uint64_t tick = tick_of(due);
    if (tick < now_) tick = now_;
    insert(e, tick);
    return tick;
  }

  /// The time to wake at: when every entry of the earliest occupied tick is due, or when a slot
  /// further out must be spread. `never` when the wheel is empty.
  timestamp next_wake() const;

  /// Calls `visit(entry, tick)` for every entry filed at or before the tick of `now`, in order of
  /// ticks. `visit` may file entries again.
  template <class Visit, class TickOf>
  void advance(timestamp now, TickOf filed_tick, Visit visit) {
    const std::uint64_t target = tick_of(now);
    while (true) {
      auto [level, slot_tick] = next_slot();
      if (level < 0 || slot_tick > target) break;
      take(level, slot_tick);
      if (slot_tick > now_) now_ = slot_tick;
      if (level > 0) {
        // A slot is spread over the finer levels; an entry filed anew elsewhere meanwhile is dropped.
        for (entry e : taken_) {
          const std::uint64_t tick = filed_tick(e);
          if (tick >> (bits * level) == slot_tick >> (bits * level)) insert(e, tick);
        }
        continue;
      }
      for (std::size_t i = 0; i < taken_.size(); ++i) visit(taken_[i], slot_tick);
      if (slot_tick == target) break;
    }
    if (target > now_) now_ = target;
  }

private:
  static constexpr int bits = 6;
  static constexpr int levels = 8;
  static constexpr std::uint64_t slots = 1u << bits;

  struct level_slots {
    std::uint64_t occupied = 0;
    std::array<std::vector<entry>, slots> slot;
  };

  void insert(entry e, std::uint64_t tick) {
    const std::uint64_t different = (tick ^ now_) | (slots - 1);
    int level = (63 - std::countl_zero(different)) / bits;
    if (level >= levels) level = levels - 1;
    const auto index = tick >> (bits * level) & (slots - 1);
    level_[level].slot[index].push_back(e);
    level_[level].occupied |= std::uint64_t{1} << index;
  }

  struct place {
    int level;
    std::uint64_t tick;
  };
  /// The earliest occupied slot: lower levels always come before higher ones.
  place next_slot() const {
    for (int level = 0; level < levels; ++level) {
      const std::uint64_t occupied = level_[level].occupied;
      if (!occupied) continue;
      const int shift = bits * level;
      const auto here = static_cast<int>(now_ >> shift & (slots - 1));
      const int ahead = std::countr_zero(std::rotr(occupied, here));
      return {level, ((now_ >> shift) + static_cast<std::uint64_t>(ahead)) << shift};
    }
    return {-1, 0};
  }
  void take(int level, std::uint64_t tick) {
    const auto index = tick >> (bits * level) & (slots - 1);
    taken_.clear();
    taken_.swap(level_[level].slot[index]);
    level_[level].occupied &= ~(std::uint64_t{1} << index);
  }

  std::array<level_slots, levels> level_;
  std::vector<entry> taken_;
  std::uint64_t now_ = 0; ///< present tick
};

inline timestamp timer_wheel::next_wake() const {
  const auto [level, tick] = next_slot();
  if (level < 0) return never;
  const std::uint64_t at = level == 0 ? tick + 1 : tick;
  return from_nanoseconds(static_cast<std::int64_t>(at << tick_shift));
}

} // namespace tocsin

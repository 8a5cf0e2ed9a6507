// Who writes an input for others promises, while he sees, to speak again soon: a writer that ends without a word is blind, and
// those heard through him are not dead.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/bytes.hpp"
#include "core/limits.hpp"
#include "core/record.hpp"

namespace tocsin {

/// A `sight_regained` with a `reliability_s` is a sign: the writer sees, and promises another one within so many seconds. One promise
/// for each vantage point; where there was no sign none is awaited. A sign does not take back that sight was lost: several may write
/// under one name, and only who lost it can say that it is back.
class sight_promises {
public:
  static constexpr std::uint64_t everybody = ~std::uint64_t{0};

  /// `r` says something of a vantage point's sight. False: that is no news to anybody.
  bool hear(const record& r);
  /// A promise that ended strictly before `now` was not kept: the blindness that follows from it. To be asked until there is none.
  std::optional<record> broken_before(timestamp now);
  /// We cannot hear these (a bit for each vantage point): no promise of theirs ends.
  void suspend(std::uint64_t whose);
  /// We hear them again: what was suspended counts from `now`.
  void resume(std::uint64_t whose, timestamp now);
  /// Only these are known any more; of them `lost` have said that they do not see.
  void keep(std::uint64_t whose, std::uint64_t lost);
  timestamp due() const { return due_; }           ///< the earliest end of one that stands; `never` = none
  std::uint64_t broken() const { return broken_; } ///< a bit for each vantage point that has not spoken since

  void save(writer& out) const;
  void load(reader& in);

private:
  struct promise {
    float within_s = 0;
    timestamp until = never; ///< `never` = none stands
  };
  std::size_t first() const;
  void find_due();

  std::array<promise, limits::vantages_max> promises_;
  std::uint64_t broken_ = 0, lost_ = 0, suspended_ = 0; ///< bits of vantage points; lost: as they said
  std::uint64_t gaps_ = 0; ///< something is missing, and no word of the reader has followed; not in a snapshot
  timestamp due_ = never;
};

} // namespace tocsin

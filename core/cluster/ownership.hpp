// Machine: which partitions this node owns. The consumer group proposes, the cluster's log decides.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/cluster/fold.hpp"

namespace tocsin {

/// A claim may stand in the log that its writer does not mean any more (it waited while the writer was cut off). So whom the group
/// still gives a partition claims it again; whom it does not, leaves it. Times are of a steady clock.
class ownership {
public:
  struct orders {
    std::vector<std::uint32_t> start; ///< our claim stands: take it over
    std::vector<std::uint32_t> stop;  ///< it is another's: drop it without a word
  };
  static constexpr duration again_after = 1s;

  ownership(std::string node, std::uint64_t incarnation) : node_(std::move(node)), incarnation_(incarnation) {}

  /// Which life this is, once it is known; before that nothing is claimed.
  void live(std::uint64_t incarnation) { incarnation_ = incarnation; }
  /// The group gives it to us. Changes nothing when it did so before.
  void assigned(std::uint32_t partition, timestamp steady) { all_.try_emplace(partition, entry{steady, 0, false}); }
  /// The group takes it away.
  void revoked(std::uint32_t partition) { all_.erase(partition); }
  /// To be called after each entry of the log that may have changed owners.
  orders folded(const cluster_fold& f, timestamp steady);
  /// Claims to be written now.
  std::vector<cluster_entry> look(timestamp steady);
  bool has(std::uint32_t partition) const { return all_.count(partition) != 0; }

private:
  struct entry {
    timestamp claim_at;   ///< never = it was claimed
    std::uint64_t number; ///< of our newest claim: what we said before it was folded before it
    bool ours;            ///< by the log
  };
  std::string node_;
  std::uint64_t incarnation_, numbers_ = 0;
  std::map<std::uint32_t, entry> all_;
};

} // namespace tocsin

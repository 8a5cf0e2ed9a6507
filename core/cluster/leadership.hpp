// Machine: who leads the cluster. The leader marks the time and has notifications delivered; the order of the log
// decides between those who want to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/cluster/fold.hpp"

namespace tocsin {

struct leadership_rules {
  duration mark_every = 250ms; ///< by the leader, when nothing else asks for one
  duration silence = 3s;       ///< so long without a mark, and another one takes the lead
  duration lease = 2s;         ///< a leader that read no mark of its own for so long has nothing delivered
};

/// Times are of a steady clock, any origin.
class leadership {
public:
  /// `rank`: small differences between nodes (0 to 1) keep them from bidding at the same moment.
  leadership(std::string node, std::uint64_t incarnation, double rank, leadership_rules rules = {});

  /// An entry was folded. `at_end`: everything that is in the log was read, so what was read is of now.
  void folded(const cluster_fold& f, bool at_end, timestamp steady);
  /// What to write now, if anything. `now`: cluster time, unset = not known (whoever leads and does not know it begins it);
  /// `due`: when the groups want time to have passed. `reads`: we are connected to the log and at its end.
  std::optional<cluster_entry> look(const cluster_fold& f, bool reads, timestamp now, timestamp due, timestamp steady);

  bool leads(const cluster_fold& f) const { return f.leader().node == node_ && f.leader().incarnation == incarnation_; }
  /// We lead, and knew it a moment ago.
  bool may_deliver(const cluster_fold& f, timestamp steady) const { return leads(f) && heard_ != unset && steady - heard_ < rules_.lease; }

private:
  std::string node_;
  std::uint64_t incarnation_;
  leadership_rules rules_;
  duration patience_;
  timestamp heard_ = unset;  ///< when a mark or a new lead was read
  timestamp bid_ = unset, marked_ = unset;
  timestamp newest_mark_ = unset;
  std::int64_t term_ = -1;
  bool behind_ = false;      ///< a mark or a lead was read late
};

} // namespace tocsin

#include "core/cluster/ownership.hpp"

namespace tocsin {

ownership::orders ownership::folded(const cluster_fold& f, timestamp steady) {
  orders out;
  for (auto& [number, e] : all_) {
    const auto known = f.partitions().find(number);
    const bool mine = known != f.partitions().end() && known->second.owner == node_ && known->second.incarnation == incarnation_;
    const bool ours = mine && e.number != 0 && known->second.claim == e.number;
    if (ours && !e.ours) out.start.push_back(number);
    if (!ours && e.ours) {
      out.stop.push_back(number);
      e.claim_at = steady + again_after;
    }
    e.ours = ours;
  }
  return out;
}

std::vector<cluster_entry> ownership::look(timestamp steady) {
  std::vector<cluster_entry> out;
  for (auto& [number, e] : all_) {
    if (e.claim_at > steady) continue;
    e.claim_at = never;
    e.number = ++numbers_;
    out.push_back({node_, incarnation_, claim_entry{number, e.number}});
  }
  return out;
}

} // namespace tocsin

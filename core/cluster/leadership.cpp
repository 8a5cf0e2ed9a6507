#include "core/cluster/leadership.hpp"

#include <algorithm>
#include <utility>

namespace tocsin {

leadership::leadership(std::string node, std::uint64_t incarnation, double rank, leadership_rules rules)
    : node_(std::move(node)), incarnation_(incarnation), rules_(rules),
      patience_(rules.silence + from_seconds(rank * to_seconds(rules.silence) / 2)) {}

void leadership::folded(const cluster_fold& f, bool at_end, timestamp steady) {
  if (f.marked() == newest_mark_ && f.leader().term == term_) return;
  newest_mark_ = f.marked();
  term_ = f.leader().term;
  if (at_end || heard_ == unset) heard_ = steady;
  else behind_ = true;
}

std::optional<cluster_entry> leadership::look(const cluster_fold& f, bool reads, timestamp now, timestamp due, timestamp steady) {
  if (!reads) return std::nullopt;
  if (heard_ == unset) heard_ = steady - (f.leader().term < 0 ? rules_.silence : duration{0});
  if (leads(f)) {
    if (now == unset) return std::nullopt;
    const bool soon = due != never && due < now && (marked_ == unset || steady - marked_ >= 1ms);
    if (!soon && marked_ != unset && steady - marked_ < rules_.mark_every) return std::nullopt;
    marked_ = steady;
    // Always later than all before it: it also says that we are there.
    const timestamp at = f.now() == unset ? now : std::max(now, f.now() + duration{1});
    return cluster_entry{node_, incarnation_, mark_entry{at, f.leader().term}};
  }
  // It was we who did not listen: whoever leads by what we just read has the same patience from now on.
  if (std::exchange(behind_, false)) bid_ = steady;
  if (steady - heard_ < patience_ || (bid_ != unset && steady - bid_ < patience_)) return std::nullopt;
  bid_ = steady;
  return cluster_entry{node_, incarnation_, lead_entry{f.leader().term}};
}

} // namespace tocsin

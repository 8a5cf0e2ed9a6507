// Brings the effects of all shards into one canonical order: what is said does not depend on how
// many shards there are, how the input was cut into batches, or who was faster.
#pragma once

#include <algorithm>
#include <vector>

#include "core/effect.hpp"

namespace tocsin {

class merge {
public:
  void add(effects&& more) {
    if (held_.empty()) held_ = std::move(more);
    else held_.insert(held_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }

  /// Effects before `complete_until` (every shard has gone that far), in canonical order. What
  /// happened exactly then stays: more of it may come.
  effects release(timestamp complete_until) {
    auto rest = std::stable_partition(held_.begin(), held_.end(), [&](const effect& e) { return e.at < complete_until; });
    effects ready{std::make_move_iterator(held_.begin()), std::make_move_iterator(rest)};
    held_.erase(held_.begin(), rest);
    sort_canonically(ready);
    return ready;
  }

  std::size_t size() const { return held_.size(); }

private:
  effects held_;
};

} // namespace tocsin

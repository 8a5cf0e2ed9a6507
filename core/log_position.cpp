#include "core/log_position.hpp"

#include <algorithm>

namespace tocsin {

std::uint64_t offset_book::begin(log_positions covered) {
  open_.push_back({std::move(covered)});
  return first_ + open_.size() - 1;
}

log_positions offset_book::done(std::uint64_t ticket) {
  log_positions out;
  if (ticket < first_ || ticket - first_ >= open_.size()) return out;
  open_[static_cast<std::size_t>(ticket - first_)].done = true;
  while (!open_.empty() && open_.front().done) {
    for (log_position& p : open_.front().covered) {
      const auto same = std::ranges::find_if(out, [&](const log_position& o) { return o.partition == p.partition && o.topic == p.topic; });
      if (same == out.end()) out.push_back(std::move(p));
      else same->next_offset = p.next_offset;
    }
    open_.pop_front();
    ++first_;
  }
  return out;
}

void offset_book::forget(std::string_view topic, std::int32_t partition) {
  for (entry& e : open_)
    std::erase_if(e.covered, [&](const log_position& p) { return p.partition == partition && p.topic == topic; });
}

} // namespace tocsin

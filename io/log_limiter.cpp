// How often one event may be logged: the rest is counted.
#include "io/log_limiter.hpp"

namespace tocsin::log {

bool limiter::admit(std::string_view event, duration now) {
  auto found = events_.find(event);
  if (found == events_.end()) {
    const bool full = events_.size() >= events_max;
    found =
        events_.try_emplace(full ? std::string{"other"} : std::string{event}, allowance{now}).first;
  }
  allowance& a = found->second;
  if (now - a.started >= 1s) {
    a.started = now;
    a.written = 0;
  }
  if (a.written < per_second_max) {
    ++a.written;
    return true;
  }
  ++a.suppressed;
  any_suppressed_ = true;
  return false;
}

std::vector<std::pair<std::string, std::uint64_t>> limiter::take_suppressed(duration now) {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  if (!any_suppressed_) return out;
  any_suppressed_ = false;
  for (auto& [event, a] : events_) {
    if (a.suppressed == 0) continue;
    if (now - a.started >= 1s) {
      out.emplace_back(event, a.suppressed);
      a.suppressed = 0;
    } else {
      any_suppressed_ = true;
    }
  }
  return out;
}

} // namespace tocsin::log

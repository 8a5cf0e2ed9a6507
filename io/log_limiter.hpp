// How often one event may be logged: the rest is counted, so that a storm cannot fill the disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.hpp"

namespace tocsin::log {

/// Not thread-safe. Times are those of a clock that only goes forward.
class limiter {
public:
  static constexpr std::uint32_t per_second_max = 20;
  static constexpr std::size_t events_max = 512; ///< further names share one allowance

  /// Whether a line of this event may be written now.
  bool admit(std::string_view event, duration now);
  /// Events with lines left out whose second is over, with how many; each is told once.
  std::vector<std::pair<std::string, std::uint64_t>> take_suppressed(duration now);

private:
  struct allowance {
    duration started{};
    std::uint32_t written = 0;
    std::uint64_t suppressed = 0;
  };
  std::map<std::string, allowance, std::less<>> events_;
  bool any_suppressed_ = false;
};

} // namespace tocsin::log

// The one place in io that reads the system's clock.
#pragma once

#include <chrono>

#include "core/time.hpp"

namespace tocsin {

inline timestamp wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return timestamp{std::chrono::duration_cast<duration>(now)};
}

} // namespace tocsin

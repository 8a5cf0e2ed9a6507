// The one place that reads the clocks: the wall clock for what is recorded, the monotonic one for waiting.
#pragma once

#include <chrono>

#include "core/time.hpp"

namespace tocsin {

inline timestamp wall_clock() {
  return timestamp{std::chrono::duration_cast<duration>(std::chrono::system_clock::now().time_since_epoch())};
}

/// For time-outs and pauses: never steps.
inline std::chrono::steady_clock::time_point monotonic_clock() { return std::chrono::steady_clock::now(); }

} // namespace tocsin

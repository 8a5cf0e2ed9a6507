// The one place in io that reads the wall clock.
#pragma once

#include <chrono>

#include "core/time.hpp"

namespace tocsin {

inline timestamp wall_clock() {
  return timestamp{std::chrono::duration_cast<duration>(std::chrono::system_clock::now().time_since_epoch())};
}

} // namespace tocsin

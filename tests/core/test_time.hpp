// "Seconds" of a test's own clock.
#pragma once

#include "core/time.hpp"

namespace tocsin::test {

inline timestamp at(double seconds) { return from_milliseconds(1'760'000'000'000) + from_seconds(seconds); }

} // namespace tocsin::test

// The one place that reads the clocks: the recorded time, the machine's own, and the monotonic one for waiting.
#pragma once

#include <chrono>

#include "core/drill_clock.hpp"
#include "core/time.hpp"

namespace tocsin {

namespace clock_detail {
inline drill_clock in_force;
}

/// The drill of this process; none but in `tocsin run --clock` and `tocsin simulate --clock`.
inline const drill_clock& drill() { return clock_detail::in_force; }
/// Once, before any thread is started: nothing guards it.
inline void begin_drill(const drill_clock& d) { clock_detail::in_force = d; }

/// What the machine's clock says: for what others compare with theirs (signatures, dates of messages), and for waiting.
inline timestamp machine_clock() {
  return timestamp{std::chrono::duration_cast<duration>(std::chrono::system_clock::now().time_since_epoch())};
}

/// What time it is for all that is recorded and judged; the machine's, but in a drill.
inline timestamp wall_clock() { return drill().recorded(machine_clock()); }

/// For time-outs and pauses: never steps, and knows no drill.
inline std::chrono::steady_clock::time_point monotonic_clock() { return std::chrono::steady_clock::now(); }

} // namespace tocsin

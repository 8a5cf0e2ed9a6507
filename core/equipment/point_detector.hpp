// Who finds an anomaly of a channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tocsin {

enum class point_detector : std::uint8_t {
  ewma_z, modified_z,                                                    // detectors of single readings
  spike, shift, small_shift, spread_up, spread_down, stuck, oscillation, // as sample_detector
  composite,                                                             // of windows
  chart,                                                                 // of windows and recipe steps
};
inline constexpr std::size_t point_detectors = 11;
std::string_view to_text(point_detector kind);

} // namespace tocsin

// What can be set about the detectors of a channel, and the names of the detectors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/time.hpp"

namespace tocsin {

/// The parts of the composite, in the order of the weights. "Residual": after the seasonal baseline.
enum class detector_kind : std::uint8_t {
  variance_10,      ///< rms of the last 10 rows about the usual mean, against the usual; residual
  variance_20,      ///< of the last 20
  variance_40,      ///< of the last 40
  log_variance_10,  ///< of the last 10 rows of asinh(modified z): little moved by heavy tails; residual
  log_variance_50,  ///< of the last 50
  shift_3_100,      ///< mean of 3 rows against that of 100; residual
  shift_3_300,      ///< mean of 3 rows against that of 300; residual
  shift_5_300,      ///< mean of 5 rows against that of 300; residual
  oscillation,      ///< turns round more often, or less, than it used to; residual
  z_score,          ///< against the mean of 100 rows; residual
  modified_z,       ///< against median and MAD; residual
  difference,       ///< step between two rows
  cusum,            ///< small shift that lasts; residual
  page_hinkley,     ///< the same with a fading sum; residual
  log_shift_100,    ///< mean of 100 rows of asinh(modified z) against that of 3000; value
  log_season_10,    ///< mean of 10 rows of asinh(modified z) against the usual at this time of the season; value
  stuck,            ///< repeats one value for longer than it ever did
  extreme,          ///< beyond all that was seen
  residual_extreme, ///< the same of the residual
  log_extreme,      ///< the same of asinh(modified z) of the value
};
inline constexpr std::size_t detector_kinds = 20;
std::string_view to_text(detector_kind k); ///< "shift_3_100"

struct channel_options {
  /// Weight of each detector's score in the composite; 0 leaves it out and costs nothing.
  std::array<double, detector_kinds> weights = default_weights;
  double limit = 6.3;              ///< composite from which on a record is an alert
  std::uint32_t record_rows = 144; ///< an alert must beat all scores of so many rows
  std::uint32_t learn_rows = 150;  ///< first rows, which give no alert
  double change_limit = 5;         ///< -log10 tail probability of a change point
  duration season = 24h;           ///< period of the seasonal baseline; 0 = none

  static constexpr std::array<double, detector_kinds> default_weights{1, 1, 1, 1, 1, 1, 1, 1, 0.8, 0, 0, 0, 0, 0, 1, 1, 2, 1.5, 1.5, 1.5};
};

} // namespace tocsin

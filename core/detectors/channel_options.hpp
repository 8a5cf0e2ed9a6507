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
  variance,      ///< rms of the last 20 rows about the usual mean, against the usual; residual
  log_variance,  ///< the same over 10 rows of asinh(modified z): robust against heavy tails
  mean_shift,    ///< mean of 3 rows against that of 100; residual
  level_shift,   ///< mean of 5 rows against that of 300
  level_record,  ///< the same of the residual, against its own past peaks
  quiet,         ///< variance of 50 rows far below the usual, against its own past peaks
  z_score,       ///< against the mean of 100 rows; residual
  modified_z,    ///< against median and MAD; residual
  difference,    ///< step between two rows
  extreme,       ///< beyond all that was seen, against its own past peaks
  stuck,         ///< repeats one value for longer than it ever did
  cusum,         ///< small shift that lasts; residual
  page_hinkley,  ///< the same with a fading sum; residual
  oscillation,   ///< turns round more often, or less, than it used to
};
inline constexpr std::size_t detector_kinds = 14;
std::string_view to_text(detector_kind k); ///< "mean_shift"

struct channel_options {
  /// Weight of each detector's score in the composite; 0 leaves it out and costs nothing.
  std::array<double, detector_kinds> weights = default_weights;
  double limit = 6.2;             ///< composite from which on a record is an alert
  std::uint32_t record_rows = 144; ///< an alert must beat all scores of so many rows
  std::uint32_t learn_rows = 150; ///< first rows, which give no alert
  double change_limit = 5;        ///< -log10 tail probability of a change point
  duration season = 24h;          ///< period of the seasonal baseline; 0 = none

  static constexpr std::array<double, detector_kinds> default_weights{1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0};
};

} // namespace tocsin

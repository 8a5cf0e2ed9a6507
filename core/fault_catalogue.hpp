// The published catalogue of faults that are injected into simulated sensors, with what is claimed about each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/sensor_plant.hpp"

namespace tocsin {

enum class sensor_fault : std::uint8_t {
  spike,             ///< one sample off by the magnitude
  step,              ///< the level moves by the magnitude, and back
  drift,             ///< the level drifts to the magnitude in 500 rows, stays 300 rows, and goes back
  noise,             ///< the innovations grow or shrink by the factor
  stuck,             ///< one value for as many rows as the magnitude says
  oscillation,       ///< a sine of this amplitude with a period of 20 rows
  intermittent,      ///< the level is off by the magnitude in the first 10 of every 50 rows
  gain,              ///< all deviation from the mean is multiplied by the factor
  lag,               ///< the sensor sees its group's factor late by so many rows
  correlation_break, ///< the sensor leaves its group: a factor of its own with the same distribution
  step_and_noise,    ///< two faults at once: a step of the magnitude and noise x2
};
std::string_view to_text(sensor_fault k); ///< "correlation_break"

/// One cell: a fault of one magnitude, in innovation sd (spike, step, drift, oscillation, intermittent), as a factor (noise,
/// gain) or in rows (stuck, lag). `goal`: the magnitude is one that issue and facts ask for; others are told, not claimed.
struct fault_cell {
  sensor_fault kind;
  double magnitude;
  bool goal;
};
std::span<const fault_cell> fault_cells();  ///< of single sensors
std::span<const fault_cell> group_cells();  ///< of sensors against their group
std::string to_text(const fault_cell& c);   ///< "step 2"

/// A kind of stream that the faults are injected into.
struct fault_stream {
  std::string_view name; ///< "ar 0.7 t5"
  sensor_options sensor;
  std::uint32_t step_rows = 0, step_jitter = 0, maintenance_rows = 0;
  double spike_limit; ///< of the noise law at a run length of 10^6, in sd
  bool claims = true; ///< false: known not to be judged well enough; figures are told, nothing is claimed
};
std::span<const fault_stream> fault_streams();

/// Rows for which a fault of the cell lasts.
std::uint32_t fault_rows(const fault_cell& c);
/// What it does to the sensor in row `row` of it, 0 <= row < fault_rows.
disturbance disturbance_of(const fault_cell& c, std::uint32_t row);

/// Rows within which a fault must be found: three times the delay of the best chart at a run length of 10^6: CUSUM with k 0.5
/// or 0.25 on the whitened fault; for noise, gain and oscillation CUSUM of the log likelihood ratio of
/// the very fault; 3 rows for a spike, 24 for what is stuck, 300 against the group. 0: no chart sees it, there is nothing to claim.
std::uint32_t allowance(const fault_cell& c, const fault_stream& s);
/// Claimed: stream and cell are among what is claimed, a chart can see it, and a spike is 2 sd beyond the limit of the noise law.
bool claimed(const fault_cell& c, const fault_stream& s);

} // namespace tocsin

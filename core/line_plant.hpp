// A simulated line of equipment units with sensor channels and a schedule of faults: the same readings for the same seed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/connections.hpp"
#include "core/error.hpp"
#include "core/fault_catalogue.hpp"
#include "core/record.hpp"
#include "core/sensor_plant.hpp"
#include "core/time.hpp"

namespace tocsin {

/// One fault of one channel: kinds, magnitudes and shapes are those of the catalogue, but it lasts as long as it says, and a
/// drift takes all of that time to reach its magnitude.
struct line_fault {
  sensor_fault kind = sensor_fault::step;
  std::string unit, channel;
  double magnitude = 0; ///< in sd of the channel's noise; a factor for noise and gain; nothing for stuck
  duration at{}, lasts{}; ///< since the beginning of the line; a spike lasts one row
  duration every{};       ///< again so often; 0: once
};

/// "step etch3.pressure 4 sd at 2m for 1m", "noise etch1.gas_flow 3 times at 5m for 2m every 20m", "stuck cvd1.rf_power at 1h for
/// 10m", "spike etch2.pressure 12 sd at 90s". Kinds: spike, step, drift, noise, stuck, oscillation, intermittent, gain.
/// Error invalid: "what is wrong; what to write".
result<line_fault> parse_line_fault(std::string_view text);

struct line_options {
  static constexpr std::uint32_t units_max = 1000, channels_max = 64;
  std::uint32_t units = 6, channels = 4;
  duration interval = 1s; ///< between two readings of a channel
  std::uint64_t seed = 1;
  timestamp start{};
  std::vector<line_fault> faults;
};

/// What the settings of a source stand for. Error invalid: as parse_line_fault.
result<line_options> line_options_of(const line_settings& settings, std::uint64_t seed);

/// Units are etch1, cvd1, implant1, clean1, etch2 …; channels pressure, gas_flow, rf_power, temperature, dc_bias, throttle, helium,
/// coolant, sensor9 …, each with level and noise of its own (AR(1) 0 to 0.7; helium leaks, so its noise is skew). One reading per channel and interval.
class line_plant {
public:
  static result<line_plant> make(line_options options); ///< errc::invalid: a number out of range, a fault of nobody

  timestamp next_due() const { return options_.start + static_cast<std::int64_t>(row_) * options_.interval; }
  /// Appends the readings of next_due(), at most `most` in the batch; what is left comes with the next call. Their texts live as
  /// long as the batch. However the calls are cut, the readings are the same.
  void next(record_batch& out, std::size_t most);

private:
  explicit line_plant(line_options options);
  void begin_unit();
  disturbance disturbance_of_channel(std::size_t unit, std::size_t channel) const;

  line_options options_;
  std::shared_ptr<const char[]> names_; ///< what the readings' texts point into
  std::vector<std::string_view> unit_names_, channel_names_;
  std::vector<std::uint64_t> keys_; ///< unit by unit
  std::vector<sensor_plant> plants_;
  std::vector<std::vector<line_fault>> faults_; ///< of each unit
  std::vector<double> values_; ///< of the unit that is being read
  std::uint64_t row_ = 0;
  std::size_t unit_ = 0, channel_ = 0;
};

} // namespace tocsin

// Simulated sensors of one equipment unit: seeded, so that a run can be repeated row by row.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "core/splitmix.hpp"
#include "core/time.hpp"

namespace tocsin {

enum class noise_law : std::uint8_t {
  gaussian,
  student5,  ///< Student's t, 5 degrees of freedom, scaled to variance 1: heavy tails on both sides
  lognormal, ///< exp(0.5 N) centred and scaled to variance 1: a heavy tail upwards, as flows have
};

/// One sensor. "sd" is its innovation standard deviation `sigma`: all magnitudes but `mean` and `sigma` are in it.
struct sensor_options {
  double mean = 100;
  double sigma = 1;                     ///< > 0, unit of the sensor
  noise_law noise = noise_law::gaussian;
  double ar = 0;                        ///< d = ar d' + sigma e, -1 < ar < 1
  std::uint32_t walk_rows = 0;          ///< the level walks from the mean of its last so many values, 0 (no walk) to 64
  double walk_step = 0;                 ///< sd of a step of the walk
  double recalibration = 0;             ///< share of the walk that is taken back per row, 0 to 1
  std::uint32_t adc_bits = 0;           ///< 0 = not quantised, else 4 to 24
  double adc_range = 64;                ///< full scale around `mean`; beyond it the converter is cut off
  double recipe = 0;                    ///< level in every second step of the recipe
  std::uint32_t ramp_rows = 0;          ///< rows in which that level is reached; 0 = at once (a square)
  double season = 0;                    ///< amplitude of a sine with the period of a day
  double season_phase = 0;              ///< of that sine at the first row, in days
  double drift = 0;                     ///< per row, until maintenance takes it back
  double factor = 0;                    ///< loading on the factor that all sensors of the group share (AR 0.9, variance 1)
  double missing = 0;                   ///< probability that a sample is missing (NaN), 0 to 1
};

struct sensor_plant_options {
  std::vector<sensor_options> sensors;
  duration interval = 1s;               ///< between two rows
  std::uint32_t step_rows = 0;          ///< rows of one step of the recipe; 0 = no recipe
  std::uint32_t step_jitter = 0;        ///< each step is up to so many rows longer or shorter, < step_rows
  std::uint32_t maintenance_rows = 0;   ///< rows between two maintenances; 0 = never
  std::uint64_t seed = 1;
};

/// What a fault does to one sensor for as long as it is set. In sd, before the converter.
struct disturbance {
  double add = 0;         ///< added to the value
  double noise = 1;       ///< factor of the innovations
  double gain = 1;        ///< factor of all deviation from `mean`
  bool stuck = false;     ///< the last value again and again
  std::uint32_t lag = 0;  ///< rows by which it sees the group's factor late, at most 31
  bool decoupled = false; ///< a factor of its own, equally distributed, in place of the group's
};

struct sensor_row {
  timestamp at;
  std::uint32_t step = 0;       ///< of the recipe: 0 or 1
  bool maintained = false;      ///< maintenance was just before this row
  std::span<const double> values; ///< one per sensor, until the next row
};

/// value = mean + gain (AR noise + walk + recipe + season + drift + factor) + add, then the converter, then what is missing.
/// Equal options give equal rows, up to the last digits of log, exp and sin of the C library.
class sensor_plant {
public:
  static result<sensor_plant> make(sensor_plant_options options); ///< errc::invalid names the option
  sensor_row next();
  /// From the next row on, until it is set anew; `index` < number of sensors.
  void disturb(std::size_t index, const disturbance& d) { sensors_[index].now = d; }

private:
  struct sensor {
    explicit sensor(std::uint64_t seed) : random(seed) {}
    splitmix64 random;
    disturbance now{};
    double deviation = 0, drifted = 0, ramp = 0, own_factor = 0, last = std::numeric_limits<double>::quiet_NaN();
    std::array<float, 64> walked{};
    double walk_sum = 0;
  };
  explicit sensor_plant(sensor_plant_options options);
  double value_of(const sensor_options& o, sensor& s);
  double walk(const sensor_options& o, sensor& s);

  sensor_plant_options options_;
  splitmix64 random_;
  std::vector<sensor> sensors_;
  std::vector<double> values_;
  std::array<double, 32> factor_{};
  std::uint64_t rows_ = 0;
  std::uint32_t step_ = 0, step_left_ = 0;
};

/// Standard normal (Marsaglia's polar method 1964): real tails, which splitmix64::bell() has not.
double normal(splitmix64& random);
/// Mean 0, variance 1.
double draw(noise_law law, splitmix64& random);

} // namespace tocsin

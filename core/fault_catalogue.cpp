#include "core/fault_catalogue.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/detectors/sample_limits.hpp"

namespace tocsin {

namespace {

constexpr std::array<std::string_view, 11> names{"spike", "step", "drift", "noise", "stuck", "oscillation",
                                                 "intermittent", "gain", "lag", "correlation_break", "step_and_noise"};
using enum sensor_fault;
constexpr std::array single{
    fault_cell{spike, 40, true},      fault_cell{spike, 8, true},        fault_cell{spike, 6, false},       fault_cell{step, 3, true},
    fault_cell{step, 2, true},        fault_cell{step, 1, false},        fault_cell{step, 0.5, false},      fault_cell{drift, 3, true},
    fault_cell{drift, 2, true},       fault_cell{drift, 1, false},       fault_cell{noise, 3, true},        fault_cell{noise, 2, true},
    fault_cell{noise, 1.5, false},    fault_cell{noise, 0.5, true},      fault_cell{noise, 0.7, false},     fault_cell{stuck, 40, true},
    fault_cell{stuck, 8, true},       fault_cell{stuck, 4, false},       fault_cell{oscillation, 3, true},  fault_cell{oscillation, 2, true},
    fault_cell{oscillation, 1, false}, fault_cell{intermittent, 3, false}, fault_cell{intermittent, 1.5, false}, fault_cell{gain, 2, true},
    fault_cell{gain, 1.5, false},     fault_cell{step_and_noise, 2, true}};
constexpr std::array grouped{fault_cell{correlation_break, 3, true}, fault_cell{correlation_break, 1.5, false}, fault_cell{lag, 10, false},
                             fault_cell{lag, 3, false}};

constexpr double budget = 1e6, log_budget = 13.8155;
constexpr std::uint32_t drift_rows = 500;
constexpr double oscillation_period = 20;

sensor_options sensor(double ar, noise_law noise = noise_law::gaussian) {
  sensor_options s;
  s.ar = ar;
  s.noise = noise;
  return s;
}

std::vector<fault_stream> make_streams() {
  const double normal_limit = 4.89, t5_limit = 21.4, lognormal_limit = 18.4;
  std::vector<fault_stream> all;
  const auto add = [&](std::string_view name, sensor_options s, double limit) -> fault_stream& {
    return all.emplace_back(fault_stream{.name = name, .sensor = s, .spike_limit = limit});
  };
  add("white", sensor(0), normal_limit);
  add("ar 0.3", sensor(0.3), normal_limit);
  add("ar 0.7", sensor(0.7), normal_limit);
  add("t5", sensor(0, noise_law::student5), t5_limit);
  add("ar 0.7 t5", sensor(0.7, noise_law::student5), t5_limit);
  add("lognormal", sensor(0, noise_law::lognormal), lognormal_limit);
  add("adc 8 bit", sensor(0.3), normal_limit).sensor.adc_bits = 8;
  all.back().sensor.adc_range = 128;
  add("adc 12 bit", sensor(0.3), normal_limit).sensor.adc_bits = 12;
  add("recipe square", sensor(0.3), normal_limit).sensor.recipe = 20;
  all.back().step_rows = 200, all.back().step_jitter = 40;
  add("recipe ramp", sensor(0.3), normal_limit).sensor.recipe = 20;
  all.back().step_rows = 200, all.back().step_jitter = 40, all.back().sensor.ramp_rows = 50,
  all.back().claims = false;
  add("season", sensor(0.3), normal_limit).sensor.season = 3;
  add("drift, maintained", sensor(0.3), normal_limit).sensor.drift = 1e-4;
  all.back().maintenance_rows = 20000;
  add("walk", sensor(0.3), normal_limit).sensor.walk_rows = 32;
  all.back().sensor.walk_step = 0.1, all.back().sensor.recalibration = 0.01, all.back().claims = false;
  add("missing 2 %", sensor(0.7), normal_limit).sensor.missing = 0.02;
  return all;
}

/// Shift that the whitened innovations see in row `row`.
double whitened(const fault_cell& c, double ar, std::uint32_t row) {
  return disturbance_of(c, row).add - (row == 0 ? 0 : ar * disturbance_of(c, row - 1).add);
}

/// Rows until a CUSUM with allowance k has seen the whitened fault, without noise; 0: never.
std::uint32_t chart_delay(const fault_cell& c, double ar, double k) {
  const double limit = detectors::cusum_limit(k, budget);
  double up = 0;
  for (std::uint32_t row = 0; row < fault_rows(c); ++row)
    if ((up = std::max(0.0, up + whitened(c, ar, row) - k)) > limit) return row + 1;
  return 0;
}

double shift_delay(const fault_cell& c, double ar) {
  const std::uint32_t coarse = chart_delay(c, ar, 0.5), fine = chart_delay(c, ar, 0.25);
  return coarse == 0 || (fine != 0 && fine < coarse) ? fine : coarse;
}

/// Mean delay of a CUSUM of log likelihood ratios s at limit ln 10^6: (limit + excess over it) / E s, the excess E s^2 / (2 E s)
/// by renewal theory (Siegmund 1985, ch. 8).
double ratio_delay(double mean, double square) { return (log_budget + square / (2 * mean)) / mean; }

/// The same for noise scaled by r. Heavy tails: those of t5, by the trapezoidal rule.
double scale_delay(noise_law noise, double r) {
  const auto log_density = [&](double x) { return noise == noise_law::gaussian ? -x * x / 2 : -3 * std::log1p(x * x / 5); };
  double mean = 0, square = 0, all = 0;
  for (double x = -60; x <= 60; x += 0.02) {
    const double p = std::exp(log_density(x)), s = log_density(x) - std::log(r) - log_density(x * r);
    all += p, mean += p * s, square += p * s * s;
  }
  return ratio_delay(mean / all, square / all);
}

/// The same for an oscillation whose phase and period are known: s = A c n + (A c)^2 / 2, c its cosine.
double tone_delay(double a) { return ratio_delay(a * a / 4, a * a / 2 + 3 * a * a * a * a / 32); }

/// Amplitude that is left of the oscillation after whitening.
double whitened_amplitude(double amplitude, double ar) {
  return amplitude * std::sqrt(1 + ar * ar - 2 * ar * std::cos(2 * std::numbers::pi / oscillation_period));
}

/// Can eight equal samples come by chance, once in 10^6 rows? Difference of two samples against one step of the converter.
bool repeats_by_chance(const sensor_options& s, double rows) {
  if (s.adc_bits == 0) return false;
  const double step = s.adc_range / std::exp2(s.adc_bits), chance = step * 0.3989 * std::sqrt((1 + s.ar) / 2);
  return (rows - 1) * std::log(chance) > -log_budget;
}

std::uint32_t thrice(double rows) { return static_cast<std::uint32_t>(std::ceil(3 * rows)); }

} // namespace

std::string_view to_text(sensor_fault k) { return names[static_cast<std::size_t>(k) % names.size()]; }

std::string to_text(const fault_cell& c) {
  std::string magnitude = std::to_string(c.magnitude);
  magnitude.erase(magnitude.find_last_not_of('0') + 1);
  if (magnitude.back() == '.') magnitude.pop_back();
  return std::string(to_text(c.kind)) + " " + magnitude;
}

std::span<const fault_cell> fault_cells() { return single; }
std::span<const fault_cell> group_cells() { return grouped; }
std::span<const fault_stream> fault_streams() {
  static const std::vector<fault_stream> all = make_streams();
  return all;
}

std::uint32_t fault_rows(const fault_cell& c) {
  switch (c.kind) {
  case spike: return 1;
  case drift: return drift_rows + 300;
  case stuck: return static_cast<std::uint32_t>(c.magnitude);
  case noise:
  case gain: return 400;
  default: return 600;
  }
}

disturbance disturbance_of(const fault_cell& c, std::uint32_t row) {
  disturbance d;
  switch (c.kind) {
  case spike:
  case step: d.add = c.magnitude; break;
  case drift: d.add = c.magnitude * std::min(1.0, (row + 1.0) / drift_rows); break;
  case noise: d.noise = c.magnitude; break;
  case stuck: d.stuck = true; break;
  case oscillation: d.add = c.magnitude * std::sin(2 * std::numbers::pi * row / oscillation_period); break;
  case intermittent: d.add = row % 50 < 10 ? c.magnitude : 0; break;
  case gain: d.gain = c.magnitude; break;
  case lag: d.lag = static_cast<std::uint32_t>(c.magnitude); break;
  case correlation_break: d.decoupled = true; break;
  case step_and_noise: d.add = c.magnitude, d.noise = 2; break;
  }
  return d;
}

std::uint32_t allowance(const fault_cell& c, const fault_stream& s) {
  switch (c.kind) {
  case spike: return 3;
  case stuck: return repeats_by_chance(s.sensor, c.magnitude) ? 0 : 24;
  case noise:
  case gain: return thrice(scale_delay(s.sensor.noise, c.magnitude));
  case oscillation: return thrice(tone_delay(whitened_amplitude(c.magnitude, s.sensor.ar)));
  case lag:
  case correlation_break: return 300;
  default: return thrice(shift_delay(c, s.sensor.ar));
  }
}

bool claimed(const fault_cell& c, const fault_stream& s) {
  if (!s.claims || !c.goal || allowance(c, s) == 0) return false;
  return c.kind != spike || c.magnitude >= s.spike_limit + 2;
}

} // namespace tocsin

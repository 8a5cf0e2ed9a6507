#include "core/sensor_plant.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace tocsin {

namespace {

constexpr double factor_ar = 0.9;

/// A point in the unit disc, and its squared radius.
struct disc_point {
  double u, w;
};
disc_point in_disc(splitmix64& random) {
  for (;;) {
    const double u = random.between(-1, 1), v = random.between(-1, 1), w = u * u + v * v;
    if (w > 0 && w < 1) return {u, w};
  }
}

std::string problem_of(const sensor_options& o) {
  if (!(o.sigma > 0) || !std::isfinite(o.sigma) || !std::isfinite(o.mean)) return "mean and sigma must be finite, sigma > 0";
  if (!(std::fabs(o.ar) < 1)) return "ar must be between -1 and 1";
  if (o.walk_rows > 64) return "walk_rows must be at most 64";
  if (!(o.recalibration >= 0 && o.recalibration <= 1)) return "recalibration must be 0 to 1";
  if (o.adc_bits != 0 && (o.adc_bits < 4 || o.adc_bits > 24)) return "adc_bits must be 0 or 4 to 24";
  if (!(o.adc_range > 0)) return "adc_range must be > 0";
  if (!(o.missing >= 0 && o.missing <= 1)) return "missing must be 0 to 1";
  return {};
}

} // namespace

double normal(splitmix64& random) {
  const auto [u, w] = in_disc(random);
  return u * std::sqrt(-2 * std::log(w) / w);
}

double draw(noise_law law, splitmix64& random) {
  switch (law) {
  case noise_law::gaussian: return normal(random);
  case noise_law::student5: { // Bailey, "Polar generation of random variates with the t-distribution", 1994
    const auto [u, w] = in_disc(random);
    return u * std::sqrt(5 * (std::pow(w, -0.4) - 1) / w) * std::sqrt(0.6);
  }
  case noise_law::lognormal: {
    static const double mean = std::exp(0.125), sd = mean * std::sqrt(std::exp(0.25) - 1);
    return (std::exp(0.5 * normal(random)) - mean) / sd;
  }
  }
  return 0;
}

result<sensor_plant> sensor_plant::make(sensor_plant_options options) {
  for (std::size_t i = 0; i < options.sensors.size(); ++i)
    if (const std::string text = problem_of(options.sensors[i]); !text.empty())
      return fail(errc::invalid, "sensor " + std::to_string(i) + ": " + text);
  if (options.step_jitter != 0 && options.step_jitter >= options.step_rows)
    return fail(errc::invalid, "step_jitter must be less than step_rows");
  if (options.interval <= duration::zero()) return fail(errc::invalid, "interval must be > 0");
  return sensor_plant(std::move(options));
}

sensor_plant::sensor_plant(sensor_plant_options options) : options_(std::move(options)), random_(options_.seed) {
  for (const sensor_options& o : options_.sensors) {
    sensor& s = sensors_.emplace_back(random_.next());
    s.deviation = draw(o.noise, s.random) / std::sqrt(1 - o.ar * o.ar); // the noise begins as it goes on
    s.own_factor = normal(s.random);
  }
  for (double& f : factor_) f = normal(random_);
  values_.resize(sensors_.size());
  step_ = 1; // the first row begins step 0
}

double sensor_plant::walk(const sensor_options& o, sensor& s) {
  if (o.walk_rows == 0) return 0;
  const double mean = s.walk_sum / o.walk_rows;
  const auto level = static_cast<float>((1 - o.recalibration) * mean + o.walk_step * normal(s.random));
  float& oldest = s.walked[rows_ % o.walk_rows];
  s.walk_sum += static_cast<double>(level) - static_cast<double>(oldest);
  oldest = level;
  return static_cast<double>(level);
}

double sensor_plant::value_of(const sensor_options& o, sensor& s) {
  s.deviation = o.ar * s.deviation + s.now.noise * draw(o.noise, s.random);
  s.drifted += o.drift;
  const double target = step_ == 1 ? o.recipe : 0, pace = o.ramp_rows == 0 ? std::fabs(o.recipe) : std::fabs(o.recipe) / o.ramp_rows;
  s.ramp += std::clamp(target - s.ramp, -pace, pace);
  double factor = 0;
  if (o.factor != 0) {
    s.own_factor = factor_ar * s.own_factor + std::sqrt(1 - factor_ar * factor_ar) * normal(s.random);
    factor = o.factor * (s.now.decoupled ? s.own_factor : factor_[(rows_ - std::min(s.now.lag, 31u)) % factor_.size()]);
  }
  double season = 0;
  if (o.season != 0) {
    const double day = static_cast<double>(rows_) * std::chrono::duration<double>(options_.interval).count() / 86400;
    season = o.season * std::sin(2 * std::numbers::pi * (day + o.season_phase));
  }
  double x = s.now.gain * (s.deviation + walk(o, s) + s.ramp + season + s.drifted + factor) + s.now.add;
  if (o.adc_bits != 0) {
    const double steps = std::exp2(o.adc_bits), low = -o.adc_range / 2;
    x = low + o.adc_range / steps * std::clamp(std::floor((x - low) / o.adc_range * steps), 0.0, steps - 1);
  }
  const double value = o.mean + o.sigma * x;
  if (!s.now.stuck || std::isnan(s.last)) s.last = value;
  return o.missing > 0 && s.random.unit() < o.missing ? std::numeric_limits<double>::quiet_NaN() : s.last;
}

sensor_row sensor_plant::next() {
  sensor_row row;
  row.at = from_nanoseconds(static_cast<std::int64_t>(rows_) * options_.interval.count());
  if (options_.step_rows != 0 && step_left_-- == 0) {
    step_ = 1 - step_;
    const std::uint64_t jitter = options_.step_jitter == 0 ? 0 : random_.below(2ull * options_.step_jitter + 1);
    step_left_ = static_cast<std::uint32_t>(options_.step_rows - options_.step_jitter + jitter) - 1;
  } else if (options_.step_rows == 0) {
    step_ = 0;
  }
  row.step = step_;
  row.maintained = options_.maintenance_rows != 0 && rows_ != 0 && rows_ % options_.maintenance_rows == 0;
  const double before = factor_[(rows_ + factor_.size() - 1) % factor_.size()];
  factor_[rows_ % factor_.size()] = factor_ar * before + std::sqrt(1 - factor_ar * factor_ar) * normal(random_);
  for (std::size_t i = 0; i < sensors_.size(); ++i) {
    if (row.maintained) sensors_[i].drifted = 0;
    values_[i] = value_of(options_.sensors[i], sensors_[i]);
  }
  ++rows_;
  row.values = values_;
  return row;
}

} // namespace tocsin

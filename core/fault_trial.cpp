#include "core/fault_trial.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "core/detectors/peer_residual.hpp"

namespace tocsin {

namespace {

constexpr std::uint32_t grace = 100, group_size = 8;

bool is_of_group(const fault_cell& c) { return c.kind == sensor_fault::lag || c.kind == sensor_fault::correlation_break; }

/// A plant with the monitors that watch its sensor 0: one for each step of the recipe.
class watched {
public:
  watched(const fault_stream& stream, double loading, const trial_options& o)
      : plant_(*sensor_plant::make(plant_of(stream, loading, o))), group_(loading > 0) {
    const auto limits = std::make_shared<const sample_limits>(o.monitor);
    for (std::uint32_t step = 0; step < (stream.step_rows == 0 ? 1 : 2); ++step) monitors_.emplace_back(limits);
    learn_ = limits->options.learn_rows;
  }
  void disturb(const disturbance& d) { plant_.disturb(0, d); }
  bool ready() const {
    return std::all_of(monitors_.begin(), monitors_.end(), [&](const sample_monitor& m) { return m.rows() > learn_; });
  }
  sample_verdict next() {
    const sensor_row row = plant_.next();
    double value = row.values[0];
    if (group_) {
      value = peers_.next(row.values, 0);
      if (!peers_.ready()) return {};
    }
    sample_monitor& m = monitors_[row.step];
    if (row.maintained) m.rebase();
    if (row.step != step_) m.interrupted();
    step_ = row.step;
    return m.next(value);
  }

private:
  static sensor_plant_options plant_of(const fault_stream& stream, double loading, const trial_options& o) {
    sensor_plant_options p;
    p.sensors.assign(loading > 0 ? group_size : 1, stream.sensor);
    for (sensor_options& s : p.sensors) {
      s.factor = loading;
      s.season_phase = static_cast<double>(o.seed % 101) / 101;
    }
    p.step_rows = stream.step_rows, p.step_jitter = stream.step_jitter, p.maintenance_rows = stream.maintenance_rows;
    p.seed = o.seed;
    return p;
  }

  sensor_plant plant_;
  bool group_;
  detectors::peer_residual peers_;
  std::vector<sample_monitor> monitors_;
  std::uint32_t learn_ = 0, step_ = 0;
};

double loading_of(const fault_cell& c) {
  if (!is_of_group(c)) return 0;
  return c.kind == sensor_fault::lag ? 3 : c.magnitude;
}

void learn(watched& w) {
  while (!w.ready()) w.next();
}

/// One row outside of a fault.
void quiet_row(watched& w, trial_score& score, bool still_true) {
  const sample_verdict v = w.next();
  if (!still_true) ++score.quiet_rows;
  if (v.alert && still_true) ++score.repeats;
  if (v.alert && !still_true) score.alarms.push_back({v.detector, v.confidence, false});
}

double log_choose(double n, double k) { return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1); }

/// P(at most k hits of n) for hits of probability p.
double at_most(std::uint32_t k, std::uint32_t n, double p) {
  double sum = 0;
  for (std::uint32_t i = 0; i <= k; ++i) sum += std::exp(log_choose(n, i) + i * std::log(p) + (n - i) * std::log1p(-p));
  return sum;
}

} // namespace

std::uint32_t trial_score::false_alarms() const {
  return static_cast<std::uint32_t>(std::count_if(alarms.begin(), alarms.end(), [](const trial_alarm& a) { return !a.is_true; }));
}

void trial_score::add(const trial_score& o) {
  quiet_rows += o.quiet_rows, events += o.events, found += o.found, repeats += o.repeats;
  delays.insert(delays.end(), o.delays.begin(), o.delays.end());
  alarms.insert(alarms.end(), o.alarms.begin(), o.alarms.end());
}

trial_score run_trial(const fault_stream& stream, const fault_cell& cell, const trial_options& o) {
  watched w(stream, loading_of(cell), o);
  splitmix64 random(o.seed ^ 0x5bd1e995);
  const std::uint32_t rows = fault_rows(cell), allowed = allowance(cell, stream);
  trial_score score;
  learn(w);
  for (std::uint32_t event = 0; event < o.events; ++event) {
    const std::uint64_t gap = 600 + random.below(400);
    for (std::uint64_t i = 0; i < gap; ++i) quiet_row(w, score, event > 0 && i < grace);
    ++score.events;
    // A fault is watched until its allowance is over, also when it is a short one.
    bool first = true;
    for (std::uint32_t i = 0; i < std::max(rows, allowed); ++i) {
      w.disturb(i < rows ? disturbance_of(cell, i) : disturbance{});
      const sample_verdict v = w.next();
      if (!v.alert) continue;
      if (!std::exchange(first, false)) {
        ++score.repeats;
      } else {
        score.alarms.push_back({v.detector, v.confidence, true});
        score.delays.push_back(i + 1);
        score.found += i < allowed ? 1 : 0;
      }
    }
    w.disturb({});
  }
  return score;
}

trial_score run_quiet(const fault_stream& stream, std::uint64_t rows, const trial_options& o) {
  watched w(stream, 0, o);
  trial_score score;
  learn(w);
  for (std::uint64_t i = 0; i < rows; ++i) quiet_row(w, score, false);
  return score;
}

double share_at_least(std::uint32_t hits, std::uint32_t all) {
  if (hits == 0) return 0;
  double low = 0, high = 1;
  for (int i = 0; i < 60; ++i) {
    const double p = (low + high) / 2;
    (1 - at_most(hits - 1, all, p) < 0.025 ? low : high) = p;
  }
  return low;
}

double share_at_most(std::uint32_t hits, std::uint32_t all) { return 1 - share_at_least(all - hits, all); }

double calibration_error(const trial_score& with_faults, const trial_score& quiet, double fault_rate) {
  struct bin {
    double faults = 0, noise = 0, stated = 0;
  };
  std::array<bin, 10> bins{};
  const auto put = [&](const trial_alarm& a, double weight) {
    const double c = static_cast<double>(a.confidence);
    bin& b = bins[std::min<std::size_t>(9, static_cast<std::size_t>(c * 10))];
    (a.is_true ? b.faults : b.noise) += weight;
    b.stated += c * weight;
  };
  for (const trial_alarm& a : with_faults.alarms)
    if (a.is_true) put(a, fault_rate / std::max(with_faults.events, 1u));
  for (const trial_alarm& a : quiet.alarms) put(a, 1 / static_cast<double>(std::max<std::uint64_t>(quiet.quiet_rows, 1)));
  double error = 0, all = 0;
  for (const bin& b : bins) {
    error += std::fabs(b.stated - b.faults); // (stated mean - true share) times the weight of the bin
    all += b.faults + b.noise;
  }
  return all > 0 ? error / all : 0;
}

} // namespace tocsin

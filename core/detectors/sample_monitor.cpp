#include "core/detectors/sample_monitor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/detectors/sample_limits.hpp"

namespace tocsin {

namespace {

constexpr double value_most = 1e150, idle = 0.5, g_most = 6, g_most_heavy = 4, light_tail = 6.5;
constexpr double slow_rows = 20000;
constexpr std::uint8_t sample_monitor_version = 2; ///< of what save writes
constexpr std::uint32_t settling_rows = 400, stuck_least = 7, tone_every = 4, limits_every = 4096, limits_every_young = 512, young_rows = 8192;
/// Parts of the run length that the spike test gets. Where tails are heavy each factor of ten is half of the limit again,
/// and what is far beyond the noise would be missed.
constexpr double spike_share = 3, spike_share_heavy = 12;
constexpr double echoing = 0.4; ///< phi from which on the echo of a spike is enough to find it
constexpr double half_normal = 0.7979; ///< Geary ratio of either side of normal noise
constexpr double geary_error = 0.4; ///< of the clipped Geary ratio of heavy noise, times the root of the rows (measured)
/// An alarm of so many rows hides what the level does; afterwards the level is as well known as from so many rows.
constexpr std::uint32_t blind_rows = 100, known_after = 100;
/// Sd that the charts of the spread are made for.
constexpr std::array<double, 2> wide{1.6, 3};
constexpr double narrow = 0.6;
constexpr std::array<std::string_view, sample_detectors> names{"none",      "spike",       "shift", "small_shift",
                                                               "spread_up", "spread_down", "stuck", "oscillation"};
/// False alarms per row at a run length of 3e7, for each of the catalogue's faults that the detector is the first to find: measured
/// on the seeds that were used for tuning (docs/faults.md).
constexpr double measured_at = 3e7;
constexpr std::array<double, sample_detectors> false_rate{1, 4e-7, 5e-7, 2e-7, 8e-7, 1.4e-6, 1e-8, 4.7e-7};

/// Gain of the log likelihood ratio of sd r against sd 1.
constexpr double weight_of(double r) { return 0.5 * (1 - 1 / (r * r)); }

} // namespace

std::string_view to_text(sample_detector d) { return names[static_cast<std::size_t>(d) % sample_detectors]; }

sample_limits::sample_limits(sample_options o) : options(o) {
  options.learn_rows = std::max(o.learn_rows, 200u);
  options.run_length = std::clamp(o.run_length, 1e3, 1e9);
  options.adapt_rows = std::max(o.adapt_rows, 10u);
  log_run_length = std::log(options.run_length);
  shift = detectors::cusum_limit(0.5, options.run_length);
  small_shift = detectors::cusum_limit(0.25, options.run_length / 3);
  // The run length of a CUSUM of log likelihood ratios is some times e^h (Lorden 1971: at least that).
  spread = log_run_length - 1;
  // 72 tones that forget in 32 rows and more: nearly as many independent powers as rows.
  tone = log_run_length + 1.7;
}

sample_monitor::sample_monitor(std::shared_ptr<const sample_limits> limits) : limits_(std::move(limits)) {}

void sample_monitor::clear_charts() {
  up_ = down_ = {};
  wider_ = {};
  narrower_ = 0;
  tones_.clear();
}

void sample_monitor::rebase() {
  settling_ = settling_rows;
  level_rows_ = 0;
  slope_ = 0;
  has_previous_ = false;
  alarm_left_ = alarm_rows_ = 0;
  clear_charts();
}

/// phi, c and s from the sums so far.
void sample_monitor::estimate() {
  const double n = rows_, mean = sum_ / n, variance = std::max(squares_ / n - mean * mean, 0.0);
  const double together = pairs_ == 0 ? 0 : lagged_ / pairs_ - mean * mean;
  phi_ = variance > 0 ? std::clamp(together / variance, -0.95, 0.98) : 0;
  c_ = mean * (1 - phi_);
  const double floor = 1e-9 * std::fabs(origin_) + 1e-12; // a constant channel divides by no zero
  s_ = std::sqrt(variance * (1 - phi_ * phi_) + floor * floor);
}

void sample_monitor::learn(double x) {
  sum_ += x;
  squares_ += x * x;
  trend_ += x * rows_;
  if (has_previous_) lagged_ += x * previous_, ++pairs_;
  const std::uint32_t first = limits_->options.learn_rows / 4;
  if (rows_ > first && has_previous_) {
    const double z = (x - phi_ * previous_ - c_) / s_;
    map_.learn(z);
    learn_side(z);
  }
  if (rows_ == first) estimate();
  if (rows_ == limits_->options.learn_rows) finish_learning();
}

void sample_monitor::finish_learning() {
  const double unit = s_, intercept = c_, phi = phi_;
  estimate();
  // The distribution was learnt with that unit and about that level.
  s_ = unit;
  c_ = intercept + (phi - phi_) * sum_ / rows_;
  // Where a season or a drift shows, it is followed from the first row on. Slope by least
  // squares, shrunk to nothing at two standard errors (James and Stein 1961).
  const double n = rows_, slope = 12 * (trend_ - sum_ * (n + 1) / 2) / (n * n * n) * (1 - phi_);
  const double sure = 2 * s_ * std::sqrt(12 / (n * n * n)) / std::max(std::fabs(slope), 1e-300);
  slope_ = slope * std::max(0.0, 1 - sure * sure);
  c_ += slope_ * n * 3 / 8;
  map_.finish();
  level_rows_ = rows_;
  set_spike_limits();
}

void sample_monitor::learn_side(double z) {
  const std::size_t side = z > 0 ? 0 : 1;
  std::uint32_t& n = side_rows_[side];
  if (n != UINT32_MAX) ++n;
  const double a = std::min(std::fabs(z), detectors::deviation_most), gain = 1 / std::min<double>(n, slow_rows);
  absolute_[side] += gain * (a - absolute_[side]);
  square_[side] += gain * (a * a - square_[side]);
}

void sample_monitor::set_spike_limits() {
  const double heavy = limits_->options.run_length / (std::fabs(phi_) > echoing ? spike_share : spike_share_heavy);
  const auto of = [](double absolute, double square, double n, double run_length) {
    const double rms = std::sqrt(std::max(square, 1e-12));
    return rms * detectors::spike_limit(absolute / rms, std::clamp<double>(n, 50, slow_rows), run_length);
  };
  const auto limit = [&](double absolute, double square, double n) {
    const double light = of(absolute, square, n, limits_->options.run_length / spike_share);
    return light < light_tail ? light : of(absolute, square, n, heavy);
  };
  const double above = side_rows_[0], below = side_rows_[1], all = std::max(above + below, 1.0), known = std::min(all, slow_rows);
  const double absolute = (absolute_[0] * above + absolute_[1] * below) / all, square = (square_[0] * above + square_[1] * below) / all;
  // Both sides together show a heavy tail sooner; one side alone shows a skew law.
  spike_.fill(limit(absolute, square, known));
  echo_ = of(absolute, square, known, std::sqrt(heavy));
  const auto geary = [&](std::size_t side) { return absolute_[side] / std::sqrt(std::max(square_[side], 1e-12)); };
  const auto share = [&](std::size_t side) { return side_rows_[side] / all; };
  const double error = geary_error / std::sqrt(std::max(known * share(0) * share(1), 1.0));
  if (std::fabs(geary(0) - geary(1)) < 3 * error) return;
  for (std::size_t side = 0; side < 2; ++side) spike_[side] = std::max(spike_[side], limit(absolute_[side], square_[side], known * share(side)));
  // Lognormal when its short side is no heavier than normal, and the rows beyond the mean are rather as many as its shape says than half.
  const std::size_t longer = geary(0) < geary(1) ? 0 : 1;
  const auto law = detectors::lognormal_spike_limit(geary(longer), heavy);
  if (geary(1 - longer) > half_normal - 0.5 * error && std::fabs(share(longer) - law.share) < std::fabs(share(longer) - 0.5)) spike_[longer] = law.limit * std::sqrt(square_[longer]);
}

bool sample_monitor::suspicious() const {
  const sample_limits& l = *limits_;
  return std::max(up_[0], down_[0]) > l.shift / 2 || std::max(up_[1], down_[1]) > l.small_shift / 2 ||
         std::max({wider_[0], wider_[1], narrower_}) > l.spread / 2 || run_ > stuck_least / 2;
}

sample_monitor::finding sample_monitor::judge_shift(double g) {
  finding best;
  constexpr std::array<double, 2> allowance{0.5, 0.25};
  const std::array<double, 2> limit{limits_->shift, limits_->small_shift};
  for (std::size_t i = 0; i < 2; ++i) {
    up_[i] = std::max(0.0, up_[i] + g - allowance[i]);
    down_[i] = std::max(0.0, down_[i] - g - allowance[i]);
    const double sum = std::max(up_[i], down_[i]);
    if (sum / limit[i] > best.score)
      best = {i == 0 ? sample_detector::shift : sample_detector::small_shift, sum / limit[i], 2 * allowance[i] * (sum - limit[i])};
  }
  return best;
}

sample_monitor::finding sample_monitor::judge_spread(double square) {
  static const std::array<double, 3> log_sd{std::log(wide[0]), std::log(wide[1]), std::log(narrow)};
  for (std::size_t i = 0; i < 2; ++i) wider_[i] = std::max(0.0, wider_[i] + weight_of(wide[i]) * square - log_sd[i]);
  if (repeats_ <= idle) narrower_ = std::max(0.0, narrower_ + weight_of(narrow) * square - log_sd[2]);
  const double up = std::max(wider_[0], wider_[1]), most = std::max(up, narrower_);
  return {up >= narrower_ ? sample_detector::spread_up : sample_detector::spread_down, most / limits_->spread, most - limits_->spread};
}

sample_monitor::finding sample_monitor::judge_stuck() const {
  if (repeats_ > idle) return {};
  if (run_ < stuck_least) return {sample_detector::stuck, run_ / (stuck_least + 1.0), 0};
  // Where the converter is coarse, values repeat by chance: then longer runs are usual.
  const double chance = std::min(0.98, 1.5 * repeats_ + 0.005);
  const double limit = std::max<double>(stuck_least, limits_->log_run_length / -std::log(chance));
  return {sample_detector::stuck, run_ / limit, (run_ - limit) * -std::log(chance)};
}

/// A sample that is off by itself comes twice: whitening takes phi times it from the next one. Innovations of heavy noise do not.
sample_monitor::finding sample_monitor::judge_spike(double z) {
  const double limit = spike_[z > 0 ? 0 : 1], expected = -phi_ * std::exchange(z_previous_, z);
  const finding once{sample_detector::spike, std::fabs(z) / limit, std::fabs(z) - limit};
  if (std::fabs(z - expected) > 0.5 * std::fabs(expected)) return once;
  const double both = std::min(std::fabs(z), std::fabs(expected));
  return both / echo_ > once.score ? finding{sample_detector::spike, both / echo_, both - echo_} : once;
}

sample_monitor::finding sample_monitor::judge(double z, double g) {
  std::array<finding, 5> all{judge_stuck(), judge_spike(z),
                             judge_shift(g), judge_spread(g * g), finding{}};
  tones_.add(static_cast<float>(std::clamp(g, -3.0, 3.0)));
  if (rows_ % tone_every == 0) {
    const double power = tones_.strongest();
    all[4] = {sample_detector::oscillation, power / limits_->tone, power - limits_->tone};
  }
  for (const finding& f : all)
    if (f.score >= 1) return f;
  return *std::max_element(all.begin(), all.end(), [](const finding& a, const finding& b) { return a.score < b.score; });
}

/// `before`: the last sample, from the level, in sd of the channel.
void sample_monitor::adapt(double g, double before) {
  const double n = std::max<double>(level_rows_, 1), gain = std::max(1 / n, 1.0 / limits_->options.adapt_rows);
  slope_ += s_ * g / (2.0 * limits_->options.adapt_rows * limits_->options.adapt_rows);
  c_ += gain * s_ * g;
  if (level_rows_ != UINT32_MAX) ++level_rows_;
  phi_ = std::clamp(phi_ + g * std::clamp(before, -4.0, 4.0) * std::sqrt(1 - phi_ * phi_) / slow_rows, -0.95, 0.98);
  spread_ = std::max(0.01, spread_ + (g * g * spread_ - spread_) / slow_rows);
  if (rows_ % (rows_ < young_rows ? limits_every_young : limits_every) == 0) set_spike_limits();
}

void sample_monitor::conclude(const finding& f, sample_verdict& v) {
  v.detector = f.detector;
  v.score = static_cast<float>(f.score);
  if (f.score >= 1) {
    const double faults = limits_->options.fault_rate;
    const double chance = false_rate[static_cast<std::size_t>(f.detector)] * measured_at / limits_->options.run_length;
    // Beyond the limit false alarms fall off as e^-x, faults about half as fast: their ratio is 2 e^(-x/2).
    v.confidence = static_cast<float>(faults / (faults + chance * 2 * std::exp(-std::max(f.excess, 0.0) / 2)));
    v.alert = alarm_left_ == 0;
    alarm_left_ = limits_->options.quiet_rows;
    clear_charts();
  } else if (alarm_left_ > 0) {
    --alarm_left_;
  }
  v.alarming = alarm_left_ > 0;
  if (!v.alarming && alarm_rows_ > blind_rows) level_rows_ = std::min(level_rows_, known_after);
  alarm_rows_ = v.alarming ? alarm_rows_ + 1 : 0;
  if (alarm_rows_ > limits_->options.accept_rows) rebase();
}

/// A missing sample: the next one is whitened by what is expected in its place, and is as much less certain.
void sample_monitor::skip() {
  z_previous_ = 0;
  if (rows_ <= limits_->options.learn_rows) has_previous_ = false;
  previous_ = phi_ * previous_ + c_;
  gap_ = 1 + phi_ * phi_ * gap_;
}

sample_verdict sample_monitor::next(double value) {
  sample_verdict v;
  if (!std::isfinite(value)) {
    skip();
    return v;
  }
  value = std::clamp(value, -value_most, value_most);
  if (rows_ == 0) origin_ = value;
  const double x = value - origin_;
  const bool again = rows_ != 0 && value == last_;
  run_ = again ? std::min(run_ + 1, UINT32_MAX - 1) : 0;
  last_ = value;
  if (rows_ != UINT32_MAX) ++rows_;
  if (alarm_left_ == 0 && run_ <= stuck_least / 2) repeats_ += ((again ? 1 : 0) - repeats_) / std::min<double>(rows_, slow_rows);
  if (rows_ <= limits_->options.learn_rows) {
    learn(x);
  } else {
    const double level = c_ / (1 - phi_), sd = s_ / std::sqrt(1 - phi_ * phi_);
    const double z = has_previous_ ? (x - phi_ * previous_ - c_) / (s_ * std::sqrt(gap_)) : (x - level) / sd;
    if (settling_ > 0) {
      --settling_;
      if (has_previous_) c_ += s_ * z / ++level_rows_;
    } else {
      // Heavy tails: what lies far out says little about level and spread.
      const double most = spike_[z > 0 ? 0 : 1] < light_tail ? g_most : g_most_heavy;
      const double g = std::clamp(static_cast<double>(map_(z)) / std::sqrt(spread_), -most, most);
      conclude(judge(z, g), v);
      c_ += slope_; // also while nothing is learnt: the season goes on
      // The outliers of heavy noise make charts suspicious: without them its tail would look lighter than it is.
      const bool follows = has_previous_ && gap_ == 1;
      if (!v.alarming && follows) learn_side(z);
      if (!v.alarming && follows && !suspicious()) adapt(g, (previous_ - level) / sd);
    }
  }
  previous_ = x;
  has_previous_ = true;
  gap_ = 1;
  return v;
}

template <class Self>
void sample_monitor::fields(Self& self, auto&& each) {
  each(self.map_, self.tones_, self.origin_, self.previous_, self.last_, self.sum_, self.squares_, self.lagged_, self.trend_, self.phi_, self.c_, self.slope_,
       self.s_, self.spread_, self.repeats_, self.up_, self.down_, self.wider_, self.narrower_, self.absolute_, self.square_, self.spike_, self.echo_, self.z_previous_, self.gap_,
       self.side_rows_, self.rows_, self.pairs_, self.level_rows_, self.settling_, self.run_, self.alarm_left_, self.alarm_rows_, self.has_previous_);
}

void sample_monitor::save(writer& out) const {
  out.put(sample_monitor_version);
  fields(*this, detectors::state_writer{out});
}

bool sample_monitor::load(reader& in) {
  if (in.get<std::uint8_t>() != sample_monitor_version) return false;
  fields(*this, detectors::state_reader{in});
  return in.ok();
}

} // namespace tocsin

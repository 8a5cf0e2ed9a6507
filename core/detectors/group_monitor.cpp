#include "core/detectors/group_monitor.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin {

namespace {
constexpr double deviation_most = 30; ///< one wild value must not be remembered for long
constexpr double value_most = 1e100;  ///< squares of what is larger are not finite

bool usable(double value) { return std::isfinite(value) && std::abs(value) < value_most; }
} // namespace

group_monitor::group_monitor(std::size_t channels, group_options options)
    : options_(options), channels_(channels), smoothed_(channels, 0.0), weight_(channels, 1.0),
      carried_(channels, 0.0), held_(channels, 0.0) {
  options_.learn = std::max<std::size_t>(2, options_.learn);
  options_.fade = std::max(1u, options_.fade);
  learnt_.columns = channels;
}

row_verdict group_monitor::next(timestamp at, std::span<const double> values) {
  if (values.size() != channels_ || channels_ == 0) {
    ++refused_;
    return {score_, alert_, false};
  }
  if (learning()) {
    learn_row(values);
    return {};
  }
  smooth(values);
  const double statistic = largest(false);
  judge(at, statistic);
  adapt(values, alert_ || statistic > options_.limit);
  score_ = statistic / options_.limit;
  return {score_, alert_, change_->next(held_)};
}

void group_monitor::learn_row(std::span<const double> values) {
  for (double v : values) learnt_.values.push_back(usable(v) ? v : std::nan(""));
  if (learnt_.rows() >= options_.learn) finish_learning();
}

void group_monitor::finish_learning() {
  fill_missing(learnt_);
  baseline_ = baseline_of(learnt_, options_.baseline);
  table regime{channels_, {}};
  for (std::size_t i = baseline_->begin; i < learnt_.rows(); ++i) {
    regime.push(learnt_.row(i));
    smooth(learnt_.row(i));
  }
  change_.emplace(regime, options_.change);
  learnt_.values = {};
}

void group_monitor::smooth(std::span<const double> values) {
  for (std::size_t c = 0; c < channels_; ++c) {
    if (!usable(values[c])) continue;
    held_[c] = values[c];
    const double z = (values[c] - baseline_->mean[c]) / baseline_->scale[c];
    smoothed_[c] +=
        options_.smoothing * (std::clamp(z, -deviation_most, deviation_most) - smoothed_[c]);
  }
}

double group_monitor::largest(bool weighted) const {
  double most = 0;
  for (std::size_t c = 0; c < channels_; ++c)
    most = std::max(most, (weighted ? weight_[c] : 1.0) * std::abs(smoothed_[c]));
  return most;
}

void group_monitor::judge(timestamp at, double statistic) {
  if (alert_) return judge_end();
  above_ = statistic > options_.limit ? above_ + 1 : 0;
  if (above_ < options_.confirm) return;
  alert_ = true;
  since_ = at;
  below_ = age_ = 0;
  height_ = 0;
  std::fill(carried_.begin(), carried_.end(), 0.0);
  std::fill(weight_.begin(), weight_.end(), 1.0);
}

void group_monitor::judge_end() {
  if (age_ < options_.signature_rows) {
    ++age_;
    for (std::size_t c = 0; c < channels_; ++c) carried_[c] += std::abs(smoothed_[c]);
    const double most = *std::max_element(carried_.begin(), carried_.end());
    for (std::size_t c = 0; c < channels_; ++c) weight_[c] = most > 0 ? carried_[c] / most : 1.0;
  }
  const double carried = largest(true);
  height_ += (carried > height_ ? 0.2 : 1.0 / options_.fade) * (carried - height_);
  const double floor =
      std::max(options_.limit * options_.release, options_.relative_release * height_);
  below_ = carried < floor ? below_ + 1 : 0;
  if (below_ < options_.clear) return;
  alert_ = false;
  above_ = 0;
  // What the alarm leaves behind in other channels is the new normal, by and by.
  for (std::size_t c = 0; c < channels_; ++c) {
    baseline_->mean[c] += options_.rebase * smoothed_[c] * baseline_->scale[c];
    smoothed_[c] *= 1 - options_.rebase;
  }
}

void group_monitor::adapt(std::span<const double> values, bool frozen) {
  if (frozen) return;
  for (std::size_t c = 0; c < channels_; ++c)
    if (usable(values[c]))
      baseline_->mean[c] += options_.adaptation * (values[c] - baseline_->mean[c]);
}

std::vector<contribution> group_monitor::contributions() const {
  std::vector<contribution> out;
  if (learning()) return out;
  double sum = 0;
  for (double e : smoothed_) sum += e * e;
  for (std::size_t c = 0; c < channels_; ++c)
    out.push_back({c, sum > 0 ? smoothed_[c] * smoothed_[c] / sum : 0.0});
  std::stable_sort(out.begin(), out.end(),
                   [](const contribution& a, const contribution& b) { return a.share > b.share; });
  return out;
}

void group_monitor::save(writer& out) const {
  out.put(static_cast<std::uint64_t>(channels_));
  put_vector(out, learnt_.values);
  out.put(baseline_.has_value());
  if (baseline_) {
    out.put(static_cast<std::uint64_t>(baseline_->begin));
    put_vector(out, baseline_->mean);
    put_vector(out, baseline_->scale);
    change_->save(out);
  }
  for (const auto* v : {&smoothed_, &weight_, &carried_, &held_}) put_vector(out, *v);
  out.put(alert_);
  for (std::uint32_t n : {above_, below_, age_}) out.put(n);
  out.put(height_);
  out.put(score_);
  out.put(since_);
  out.put(refused_);
}

bool group_monitor::load(reader& in) {
  if (in.get<std::uint64_t>() != channels_ || !get_vector(in, learnt_.values)) return false;
  baseline_.reset();
  change_.reset();
  if (in.get<bool>()) {
    baseline_.emplace();
    baseline_->begin = in.get<std::uint64_t>();
    if (!get_vector(in, baseline_->mean) || !get_vector(in, baseline_->scale)) return false;
    if (baseline_->mean.size() != channels_ || baseline_->scale.size() != channels_) return false;
    change_.emplace(table{channels_, std::vector<double>(channels_, 0.0)}, options_.change);
    if (!change_->load(in)) return false;
  }
  for (auto* v : {&smoothed_, &weight_, &carried_, &held_})
    if (!get_vector(in, *v) || v->size() != channels_) return false;
  alert_ = in.get<bool>();
  for (auto* n : {&above_, &below_, &age_}) *n = in.get<std::uint32_t>();
  height_ = in.get<double>();
  score_ = in.get<double>();
  since_ = in.get_time();
  refused_ = in.get<std::uint64_t>();
  return in.ok() && (learnt_.values.empty() || learnt_.values.size() % channels_ == 0);
}

} // namespace tocsin

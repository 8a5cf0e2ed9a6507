#include "actors/score_judge.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/detectors/channel_monitor.hpp"
#include "core/detectors/group_monitor.hpp"

namespace tocsin {

namespace {

constexpr std::size_t group_learn = 400;

/// Learns from its first rows as a whole; what cannot be trained on is watched as any other group.
class wide_group_judge {
public:
  wide_group_judge(std::size_t channels, std::size_t learn) : learn_(learn) { rows_.columns = channels; }
  row_verdict next(timestamp at, std::span<const double> values) {
    if (trained_) return trained_->next(at, filled(values));
    if (plain_) return plain_->next(at, values);
    if (seen_++ < learn_) {
      if (std::ranges::all_of(values, [](double v) { return std::isfinite(v); })) rows_.push(values);
      if (seen_ == learn_) train();
    }
    return {};
  }

private:
  void train() {
    group_options options;
    options.learn = std::max<std::size_t>(2, rows_.rows());
    if (auto trained = trained_group_monitor::train(rows_)) {
      trained_.emplace(std::move(*trained));
      const auto last = rows_.row(rows_.rows() - 1);
      held_.assign(last.begin(), last.end());
    } else {
      plain_.emplace(rows_.columns, options);
      for (std::size_t i = 0; i < rows_.rows(); ++i) plain_->next(unset, rows_.row(i));
    }
    rows_.values = {};
  }
  /// What is missing is as it was.
  std::span<const double> filled(std::span<const double> values) {
    for (std::size_t i = 0; i < values.size() && i < held_.size(); ++i)
      if (std::isfinite(values[i])) held_[i] = values[i];
    return held_;
  }
  std::size_t learn_, seen_ = 0;
  table rows_;
  std::vector<double> held_;
  std::optional<trained_group_monitor> trained_;
  std::optional<group_monitor> plain_;
};

} // namespace

row_judge judge_of_series(std::size_t channels, const channel_options& options, std::size_t learn) {
  if (channels == 1) {
    channel_options own = options;
    if (learn > 0) own.learn_rows = learn;
    auto monitor = std::make_shared<channel_monitor>(std::make_shared<const channel_options>(own));
    return [monitor](timestamp at, std::span<const double> values) { return monitor->next(at, values[0]); };
  }
  const std::size_t rows = learn > 0 ? std::max<std::size_t>(2, learn) : group_learn;
  if (channels > wide_group && rows >= rows_per_channel * channels) {
    auto wide = std::make_shared<wide_group_judge>(channels, rows);
    return [wide](timestamp at, std::span<const double> values) { return wide->next(at, values); };
  }
  group_options own;
  own.learn = rows;
  auto group = std::make_shared<group_monitor>(channels, own);
  return [group](timestamp at, std::span<const double> values) { return group->next(at, values); };
}

row_judge judge_by_training(std::shared_ptr<trained_group_monitor> trained) {
  trained->restart();
  auto held = std::make_shared<std::vector<double>>();
  return [trained, held](timestamp at, std::span<const double> values) {
    held->resize(values.size(), 0.0);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::isfinite(values[i])) (*held)[i] = values[i];
    return trained->next(at, *held);
  };
}

} // namespace tocsin

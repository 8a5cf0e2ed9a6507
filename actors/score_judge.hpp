// Which detectors judge a series: those of a channel, of a group of channels, or of a trained group.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "core/detectors/channel_options.hpp"
#include "core/detectors/row_verdict.hpp"
#include "core/detectors/trained_group_monitor.hpp"
#include "core/time.hpp"

namespace tocsin {

/// Takes one row after the other; a value that is not finite is missing.
using row_judge = std::function<row_verdict(timestamp, std::span<const double>)>;

/// One channel: its monitor. Several: the group monitor. Above wide_group of them, and at least rows_per_channel rows to
/// learn from for each: how they move together is learnt from the first rows, and the group is watched by that.
/// `learn`: rows, 0 = 150 of a channel and 400 of a group.
row_judge judge_of_series(std::size_t channels, const channel_options& options, std::size_t learn);
inline constexpr std::size_t wide_group = 16, rows_per_channel = 5;

/// Trained on another series.
row_judge judge_by_training(std::shared_ptr<trained_group_monitor> trained);

} // namespace tocsin

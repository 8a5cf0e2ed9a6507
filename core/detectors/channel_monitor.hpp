// The always-on detectors of one channel, and the one score they give together.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "core/detectors/channel_options.hpp"
#include "core/detectors/cusum.hpp"
#include "core/detectors/ew_zscore.hpp"
#include "core/detectors/first_difference.hpp"
#include "core/detectors/mean_shift.hpp"
#include "core/detectors/modified_z.hpp"
#include "core/detectors/new_extreme.hpp"
#include "core/detectors/oscillation.hpp"
#include "core/detectors/page_hinkley.hpp"
#include "core/detectors/power_tail.hpp"
#include "core/detectors/record_rule.hpp"
#include "core/detectors/row_verdict.hpp"
#include "core/detectors/seasonal_baseline.hpp"
#include "core/detectors/stuck.hpp"
#include "core/detectors/tail_model.hpp"
#include "core/detectors/two_window.hpp"
#include "core/detectors/variance_change.hpp"

namespace tocsin {

struct detector_share {
  detector_kind kind;
  double share; ///< of the composite, 0 to 1
};

/// score = (S - 0.4 slow mean of S) / limit with S = sqrt(sum (w_i g_i)^2), g_i the tail probability -log10 P of detector i
/// (at most 6), for `stuck` the ratio to its longest run and for the extremes 4 + log10(excess / range) (both at most 4).
/// An alert is a score >= 1 that beats every score of the last `record_rows` rows by 4 %; what beats nothing is held below
/// 0.5, in order. Strictly causal: a verdict depends on the rows so far alone. At most 0.5 us per row, 3 KiB per channel.
class channel_monitor {
public:
  explicit channel_monitor(std::shared_ptr<const channel_options> options = std::make_shared<const channel_options>());

  /// A value that is no finite number is not learnt and gives no verdict. Times should not decrease; only the time within
  /// the season counts.
  row_verdict next(timestamp at, double value);
  /// The detectors with the largest shares of the last score, largest first; those without a share have 0.
  std::array<detector_share, 3> strongest() const;
  std::uint32_t rows() const { return rows_; }

  void save(writer& out) const;
  bool load(reader& in); ///< false: no bytes of a channel monitor; the monitor must not be used

private:
  template <class Self>
  static void fields(Self& self, auto&& each);
  double composite(timestamp at, double value, double residual);
  void judge_spread(double residual, double z);
  void judge_level(timestamp at, double value);
  bool wants(detector_kind k) const { return options_->weights[static_cast<std::size_t>(k)] > 0; }
  void add_tail(detector_kind k, double raw);
  void add(detector_kind k, double g);
  bool is_change_point(double residual);

  std::shared_ptr<const channel_options> options_;
  detectors::seasonal_baseline season_;
  detectors::modified_z robust_{1500};
  detectors::variance_change<3> variance_{{10, 20, 40}, 3000};
  detectors::variance_change<2> log_variance_{{10, 50}, 3000};
  std::array<detectors::mean_shift, 3> shifts_{detectors::mean_shift{3, 100}, detectors::mean_shift{3, 300}, detectors::mean_shift{5, 300}};
  detectors::stuck stuck_;
  detectors::oscillation oscillation_;
  detectors::ew_zscore z_{100};
  detectors::first_difference difference_;
  detectors::new_extreme extreme_, residual_extreme_, log_extreme_;
  detectors::cusum cusum_{1, 1000};
  detectors::page_hinkley page_hinkley_{0.5, 1000};
  detectors::two_window<6, 18> change_;
  detectors::modified_z robust_value_{1500};
  detectors::mean_shift log_shift_{100, 3000};
  detectors::seasonal_baseline log_season_;
  detectors::ew_zscore log_season_z_{2000};
  detectors::power_tail log_season_tail_{3000};
  double log_mean_ = 0; ///< of 10 rows of asinh(modified z)
  double usual_ = 0;    ///< slow mean of the composite
  std::array<detectors::tail_model, static_cast<std::size_t>(detector_kind::log_season_10)> tails_;
  detectors::tail_model change_tail_;
  detectors::record_rule record_;
  std::array<float, detector_kinds> terms_{}; ///< squares of the last row
  std::uint32_t rows_ = 0, change_quiet_ = 0;
};
static_assert(sizeof(channel_monitor) <= 3072);

} // namespace tocsin

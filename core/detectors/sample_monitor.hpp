// The always-on detectors of one channel of raw samples, with limits for run lengths of millions of rows.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/detectors/normal_map.hpp"
#include "core/detectors/state.hpp"
#include "core/detectors/tone_bank.hpp"

namespace tocsin {

enum class sample_detector : std::uint8_t {
  none,
  spike,       ///< one sample beyond what the tail of the noise gives
  shift,       ///< CUSUM with allowance 0.5 sd: the level moved by 1 sd or more
  small_shift, ///< CUSUM with allowance 0.25 sd: the level moved by half an sd, or drifts
  spread_up,   ///< CUSUM of squares: the noise grew
  spread_down, ///< CUSUM of squares: the noise fell asleep
  stuck,       ///< one value for longer than the noise would allow
  oscillation, ///< a tone in the noise
};
inline constexpr std::size_t sample_detectors = 8;
std::string_view to_text(sample_detector d); ///< "small_shift"

struct sample_options {
  std::uint32_t learn_rows = 2000; ///< first rows, which give no verdict; at least 200
  double run_length = 3e7;         ///< mean rows between two false alarms of one detector, 10^3 to 10^9
  std::uint32_t adapt_rows = 1000; ///< the level follows slow change with this time constant, in rows
  std::uint32_t quiet_rows = 50;   ///< an alarm ends after so many rows without a finding
  std::uint32_t accept_rows = 3000; ///< an alarm that lasts longer is the new normal: the level is learnt anew
  double fault_rate = 1e-5;        ///< faults per row that the confidence assumes
};

struct sample_verdict {
  bool alert = false;    ///< an alarm begins with this row
  bool alarming = false; ///< it has not ended
  sample_detector detector = sample_detector::none; ///< that found something in this row, or comes closest to its limit
  float score = 0;       ///< of that detector, in its limits: 1 = the limit
  float confidence = 0;  ///< that the finding is a fault, 0 to 1; 0 without a finding
};

/// The options with the limits that follow from them: one for all channels that share them.
struct sample_limits {
  explicit sample_limits(sample_options o = {});
  sample_options options;
  double shift, small_shift, spread, tone, log_run_length;
};

/// e = x - phi x' - c whitens (AR(1), learnt); z = e / s, g = normal score of z by the distribution learnt; the charts judge g,
/// the spike test z against the tail that fits the noise (detectors/sample_limits.hpp). c follows slow change with level and
/// slope (critically damped), phi and s over 20 000 rows, all of them frozen while alarming or while a chart is half way.
/// Charts are Page's CUSUM (1954), for the spread of the log likelihood ratio of sd 1.6, 3 and 0.6 against 1. A channel that
/// repeats itself in more than half of its rows is idle or too coarse: stuck and spread_down are not judged. A channel that has
/// contexts (steps of a recipe) takes one monitor for each. At most 2 KiB and 0.3 us per sample.
class sample_monitor {
public:
  explicit sample_monitor(std::shared_ptr<const sample_limits> limits = std::make_shared<const sample_limits>());

  /// A value that is no finite number is a missing sample: not judged, not learnt.
  sample_verdict next(double value);
  /// The next sample does not follow the last one: another step of the recipe was between them.
  void interrupted() {
    has_previous_ = false;
    gap_ = 1;
    z_previous_ = 0;
  }
  /// Maintenance: the level is learnt anew from the next 400 rows; the noise stays as known.
  void rebase();
  std::uint32_t rows() const { return rows_; }

  void save(writer& out) const;
  bool load(reader& in); ///< false: no bytes of a sample monitor; the monitor must not be used

private:
  struct finding {
    sample_detector detector = sample_detector::none;
    double score = 0, excess = 0; ///< excess beyond the limit, in nats
  };
  template <class Self>
  static void fields(Self& self, auto&& each);
  void learn(double x);
  void estimate();
  void finish_learning();
  void set_spike_limits();
  finding judge(double z, double g);
  finding judge_spike(double z);
  finding judge_shift(double g);
  finding judge_spread(double square);
  finding judge_stuck() const;
  void learn_side(double z);
  bool suspicious() const;
  void adapt(double g, double before);
  void skip();
  void conclude(const finding& f, sample_verdict& v);
  void clear_charts();

  std::shared_ptr<const sample_limits> limits_;
  detectors::normal_map map_;
  detectors::tone_bank tones_;
  double origin_ = 0, previous_ = 0, last_ = 0;
  double sum_ = 0, squares_ = 0, lagged_ = 0, trend_ = 0; ///< while learning
  double phi_ = 0, c_ = 0, slope_ = 0, s_ = 1, spread_ = 1; ///< x is taken from origin_; s_: unit of z; spread_: variance of g
  double repeats_ = 0;
  std::array<double, 2> up_{}, down_{};
  std::array<double, 2> wider_{};
  double narrower_ = 0;
  std::array<double, 2> absolute_{}, square_{}, spike_{}; ///< of either side of the noise: above, below
  double echo_ = 0, z_previous_ = 0;
  double gap_ = 1; ///< variance of the next innovation after missing samples, in s_ squared
  std::array<std::uint32_t, 2> side_rows_{};
  std::uint32_t rows_ = 0, pairs_ = 0, level_rows_ = 0, settling_ = 0, run_ = 0, alarm_left_ = 0, alarm_rows_ = 0;
  bool has_previous_ = false;
};
static_assert(sizeof(sample_monitor) <= 2048);

} // namespace tocsin

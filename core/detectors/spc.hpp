// Control charts for aggregated points (a step, a lot, seconds), with limits for each context.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/error.hpp"

namespace tocsin {

/// Do not use on raw events: at 1 kHz three deviations are exceeded every 0.4 s by chance.
struct chart_limits {
  double centre = 0, deviation = 1; ///< of points in control; deviation > 0
};

/// Rules of the Shewhart chart as bits, numbered as by Nelson (J. Quality Technology 16:238-239,
/// 1984). The four of the Western Electric handbook (1956) are 1, 5, 6 and 2 (there with 8 points).
enum class spc_rule : std::uint16_t {
  beyond_3 = 1,       ///< 1: a point beyond 3 deviations
  run_of_9 = 2,       ///< 2: nine in a row on one side of the centre
  steady_6 = 4,       ///< 3: six in a row rising or falling
  alternating_14 = 8, ///< 4: fourteen in a row up and down in turn
  two_of_3 = 16,  ///< 5: two of three beyond 2 deviations on the same side, the newest one of them
  four_of_5 = 32, ///< 6: four of five beyond 1 deviation on the same side, the newest one of them
  fifteen_within = 64, ///< 7: fifteen in a row within 1 deviation
  eight_outside = 128, ///< 8: eight in a row beyond 1 deviation, on either side
  run_of_8 = 256,      ///< Western Electric 4: eight in a row on one side
};
constexpr std::uint16_t bit(spc_rule r) { return static_cast<std::uint16_t>(r); }
inline constexpr std::uint16_t western_electric = 1 | 16 | 32 | 256;
inline constexpr std::uint16_t nelson = 255;

/// Cost: about 40 comparisons per point. State: 15 points.
class shewhart_chart {
public:
  explicit shewhart_chart(chart_limits limits, std::uint16_t rules = western_electric)
      : limits_(limits), rules_(rules) {}
  /// Bits of the rules that the point completes. A point that is not finite breaks every run and
  /// gives 0.
  std::uint16_t next(double point);
  void save(writer& out) const;
  bool load(reader& in);

private:
  static constexpr std::size_t memory = 15;
  std::uint16_t patterns() const;
  chart_limits limits_;
  std::uint16_t rules_;
  std::array<double, memory> z_{}; ///< newest first, in deviations
  std::uint32_t size_ = 0;
};

/// Roberts 1959. With weight 0.1 and width 2.7 a false alarm comes every 369 points in white noise.
class ewma_chart {
public:
  explicit ewma_chart(chart_limits limits, double weight = 0.1, double width = 2.7)
      : limits_(limits), weight_(weight), width_(width) {}
  /// True when |EWMA - centre| > width * deviation * sqrt(w / (2 - w)), the limit for many points.
  bool next(double point);
  double value() const { return limits_.centre + limits_.deviation * z_; }
  void save(writer& out) const { out.put(z_); }
  bool load(reader& in) {
    z_ = in.get<double>();
    return in.ok();
  }

private:
  chart_limits limits_;
  double weight_, width_, z_ = 0;
};

/// Two-sided tabular CUSUM (Page 1954), reference k and decision h in deviations; k 0.5 with h 4.77
/// has a false alarm every 370 points in white noise.
class cusum_chart {
public:
  explicit cusum_chart(chart_limits limits, double k = 0.5, double h = 4.77)
      : limits_(limits), k_(k), h_(h) {}
  /// 1 above, -1 below, 0 in control; the sums start again after a signal.
  int next(double point);
  void save(writer& out) const;
  bool load(reader& in);

private:
  chart_limits limits_;
  double k_, h_, high_ = 0, low_ = 0;
};

/// Learns the limits of each context (chamber, recipe, step, maintenance epoch) on its own: mean
/// and deviation of its first `learn` points without those beyond 4 deviations by median and median
/// absolute deviation, so that an odd wafer among them does not widen them.
class context_limits {
public:
  static constexpr std::size_t contexts_most = 10'000;
  explicit context_limits(std::size_t learn = 25) : learn_(learn < 3 ? 3 : learn) {}
  /// The limits to judge this point with; nothing while the context learns. Error too_large beyond
  /// contexts_most; invalid when the point is not finite.
  result<const chart_limits*> add(const std::string& context, double point);
  void forget(const std::string& context) { contexts_.erase(context); } ///< after maintenance
  std::size_t size() const { return contexts_.size(); }

private:
  struct entry {
    std::vector<double> points;
    bool known = false;
    chart_limits limits;
  };
  std::size_t learn_;
  std::map<std::string, entry> contexts_;
};

} // namespace tocsin

// Watches one channel: every reading by the detectors of its context, points of windows and recipe steps by charts.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/detectors/channel_monitor.hpp"
#include "core/detectors/sample_monitor.hpp"
#include "core/detectors/spc.hpp"
#include "core/equipment/effect.hpp"
#include "core/equipment/standing_symptom.hpp"
#include "core/equipment/watch_rules.hpp"

namespace tocsin {

/// Points of one channel on one control chart, with limits of each context.
class chart_watch {
public:
  explicit chart_watch(const chart_rule& rule) : rule_(&rule), limits_(rule.learn) {}
  const chart_rule& rule() const { return *rule_; }
  /// Names of the rules the point breaks, "beyond_3, run_of_8"; "" in control or while the context learns.
  std::string next(const std::string& context, double point);

private:
  using chart = std::variant<shewhart_chart, ewma_chart, cusum_chart>;
  const chart_rule* rule_;
  context_limits limits_;
  std::map<std::string, chart> charts_; ///< by context
};

/// `rules` and `of` must outlive it.
class channel_watch {
public:
  channel_watch(const channel_name& of, const watch_rules& rules);

  /// A reading that is not older than the one before.
  void next(timestamp at, double value, const equipment_context& where, equipment_effects& out) {
    if (where.changes != changes_) enter(at, where, out);
    if (!rules_->samples.enabled) return add_to_step(value);
    const sample_verdict v = now_->monitor.next(value);
    now_->alarming = v.alarming;
    now_->note(value);
    if (v.score >= 1 && v.confidence > 0) found(at, value, v, where, out);
    else if (by_samples_ && !v.alarming) calm(at, out);
    add_to_step(value);
  }
  /// A window of the channel is complete.
  void window(const window_result& w, const equipment_context& where, equipment_effects& out);
  /// No reading came for long: what is raised is over.
  void pass(timestamp latest, equipment_effects& out);
  bool raised_anything() const { return anomaly_.raised() || violation_.raised(); }
  void prefetch() const;

private:
  struct in_context {
    std::string key;
    std::uint32_t epoch = 0;
    std::uint64_t used = 0;
    bool alarming = false;
    sample_monitor monitor;
    double usual = 0;                   ///< slow mean while there is no alarm
    std::uint32_t calm = 0, alarmed = 0, above = 0; ///< readings: in calm; since the alarm began, and of them above the usual
    void note(double value) {
      if (alarming) {
        ++alarmed;
        above += value > usual;
        return;
      }
      alarmed = above = 0;
      if (calm < 1000) ++calm;
      usual += (value - usual) / calm;
    }
    /// All on one side since the alarm began: the level has moved, whatever detector saw it first.
    bool moved() const { return alarmed >= 6 && (above == 0 || above == alarmed); }
  };
  void enter(timestamp at, const equipment_context& where, equipment_effects& out);
  void add_to_step(double value) {
    step_sum_ += value;
    ++step_count_;
  }
  void found(timestamp at, double value, const sample_verdict& v, const equipment_context& where, equipment_effects& out);
  void calm(timestamp at, equipment_effects& out);
  void judge_point(const window_result& w, const equipment_context& where, equipment_effects& out);
  void chart_point(chart_watch& chart, timestamp at, const std::string& context, double point, equipment_effects& out);

  const channel_name* of_;
  const watch_rules* rules_;
  in_context* now_ = nullptr;
  std::uint32_t changes_ = ~0u; ///< of the context that was seen last
  bool by_samples_ = false, by_points_ = false;
  double step_sum_ = 0;
  std::uint64_t step_count_ = 0;
  std::string subject_;
  std::deque<in_context> contexts_; ///< addresses stay
  std::string step_key_;            ///< recipe, step and epoch that the sums are of
  standing_symptom anomaly_{symptom_kind::sensor_anomaly}, violation_{symptom_kind::control_violation};
  std::unique_ptr<channel_monitor> points_;
  std::uint32_t points_calm_ = 0, chart_calm_ = 0, chart_clear_ = 0;
  std::vector<chart_watch> charts_;
  std::uint64_t entered_ = 0;
};

} // namespace tocsin

// Watches channels of one unit that belong together: rows of their means, a model for each context, faults known by their pattern.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/detectors/fault_signature.hpp"
#include "core/equipment/context.hpp"
#include "core/equipment/effect.hpp"
#include "core/equipment/group_method.hpp"
#include "core/equipment/standing_symptom.hpp"

namespace tocsin {

/// `rule` and `rules` must outlive it.
class group_watch {
public:
  static constexpr std::size_t channels_max = 512;
  group_watch(const std::string& unit, const group_watch_rule& rule, const watch_rules& rules);

  /// The slot of a channel whose name matches; nothing when it does not, or beyond channels_max. A channel that comes once
  /// rows are learnt from lets the group learn anew.
  std::optional<std::size_t> add(const std::string& channel);
  void next(std::size_t slot, timestamp at, double value, const equipment_context& where, equipment_effects& out) {
    if (at >= row_end_) end_row(at, where, out);
    sums_[slot] += value;
    ++counts_[slot];
  }
  /// No row came for long: what is raised is over.
  void pass(timestamp latest, equipment_effects& out);

private:
  struct in_context {
    std::string key;
    std::uint32_t epoch = 0;
    std::uint64_t used = 0;
    std::unique_ptr<group_method> method;
    std::vector<double> mean, variance; ///< of each channel, of rows without an alert
    std::uint64_t rows = 0;
  };
  void end_row(timestamp at, const equipment_context& where, equipment_effects& out);
  in_context& model_for(const equipment_context& where);
  void judge(in_context& c, timestamp at, const std::vector<double>& row, const equipment_context& where, equipment_effects& out);
  void learn(in_context& c, const std::vector<double>& row) const;
  void found(const in_context& c, timestamp at, const std::vector<double>& row, const row_verdict& v, const equipment_context& where,
             equipment_effects& out);
  std::vector<double> deviations(const in_context& c, const std::vector<double>& row) const;
  void learn_signatures();

  const group_watch_rule* rule_;
  const watch_rules* rules_;
  std::string subject_;
  std::vector<std::string> channels_;
  std::vector<double> sums_;
  std::vector<std::uint32_t> counts_;
  timestamp row_end_ = unset;
  std::uint64_t rows_ = 0, used_ = 0;
  std::uint32_t changes_ = 0;
  std::deque<in_context> contexts_;
  fault_library known_;         ///< the signatures, over the channels of now
  double similarity_least_ = 1;
  standing_symptom anomaly_{symptom_kind::group_anomaly};
};

/// "ch1.pressure 0.62, ch1.flow -0.44": largest first, unit length, parts below 0.1 left out.
std::string pattern_text(const std::vector<std::string>& channels, const std::vector<double>& deviations);
/// Reads it back for these channels; those not named are 0. Error malformed: no number, no channel that is known.
result<std::vector<double>> parse_pattern(std::string_view text, const std::vector<std::string>& channels);
/// The form alone, for the check of a configuration.
result<void> check_fault_pattern(std::string_view text);

} // namespace tocsin

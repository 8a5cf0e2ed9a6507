// When a unit is down: by its E10 state, because it is silent while its source is not, or because its readings fell.
#pragma once

#include <array>
#include <string>

#include "core/equipment/effect.hpp"
#include "core/equipment/standing_symptom.hpp"

namespace tocsin {

/// What the channels of a unit took so far.
struct unit_activity {
  std::uint64_t samples = 0;
  timestamp latest = unset;
};

/// The time of one source: its newest, and when it came back after readings of nobody.
struct source_clock {
  timestamp now = unset, back = unset;
};

/// Cost: one look at the unit's channels every fifth of the least silence, and with every mark while it is silent.
class downtime_watch {
public:
  explicit downtime_watch(std::string name) : name_(std::move(name)), down_(symptom_kind::equipment_down) {}
  void state_is(e10_state now, timestamp at, const downtime_rule& rule, equipment_effects& out);
  /// When the next look is due, in the source's time.
  timestamp due() const { return due_; }
  void look(const unit_activity& activity, const source_clock& source, const downtime_rule& rule, equipment_effects& out);
  /// A channel's level fell or is as usual again. `at` = when that was sure, `since` = when it began.
  void level_fell(const std::string& channel, timestamp since, timestamp at, const downtime_rule& rule, equipment_effects& out);
  void level_rose(timestamp at, const downtime_rule& rule, equipment_effects& out);
  /// Whether falling readings mean anything in this state.
  bool expects_work() const { return e10_ == e10_state::unknown || e10_ == e10_state::productive; }
  void fill(unit_status& s) const;

private:
  struct episode {
    bool open = false;
    e10_state e10{};
    timestamp start{};
    std::string text;
  };
  episode& of(downtime_cause c) { return episodes_[static_cast<std::size_t>(c)]; }
  void begin(downtime_cause c, e10_state e10, timestamp start, timestamp at, std::string text, const downtime_rule& rule, equipment_effects& out);
  void end(downtime_cause c, timestamp at, const downtime_rule& rule, equipment_effects& out);
  void say(timestamp at, const downtime_rule& rule, equipment_effects& out);
  void look_for_silence(const unit_activity& activity, const source_clock& source, const downtime_rule& rule, equipment_effects& out);
  void look_at_rate(std::uint64_t readings, timestamp now, const downtime_rule& rule, equipment_effects& out);

  std::string name_;
  standing_symptom down_;
  e10_state e10_ = e10_state::unknown;
  std::array<episode, 4> episodes_;
  std::uint64_t count_ = 0;
  std::uint32_t low_channels_ = 0;
  timestamp due_ = unset, looked_at_ = unset, latest_ = unset;
  std::uint64_t samples_ = 0;
  std::uint32_t looks_ = 0, rates_ = 0, low_looks_ = 0;
  double usual_gap_s_ = 0, usual_rate_ = 0; ///< between newest readings of two looks; readings per second
  timestamp low_since_ = unset;
};

} // namespace tocsin

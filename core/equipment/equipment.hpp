// Machine: one equipment unit. Holds its channels, their windows and their detectors.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/equipment/aggregate.hpp"
#include "core/equipment/channel_taps.hpp"
#include "core/equipment/channel_watch.hpp"
#include "core/equipment/effect.hpp"
#include "core/equipment/group_watch.hpp"
#include "core/equipment/point_detectors.hpp"
#include "core/equipment/quantile_sketch.hpp"
#include "core/equipment/rules.hpp"
#include "core/equipment/unit_life.hpp"

namespace tocsin {

/// Where all equipment of a table stands in time, in panes.
struct pane_clock {
  duration pane{};          ///< 0s: no windows
  std::int64_t closed = 0;  ///< number of the first pane that is not closed yet
  std::size_t held = 0;     ///< panes of a channel
  std::int64_t correctable = 0; ///< closed panes that still take values
  double seconds = 0;       ///< of a pane
  bool quantiles = false;   ///< whether they are asked for
};

/// A channel's place in a group.
struct group_seat {
  group_watch* group;
  std::size_t slot;
};

/// One sensor. A value costs one aggregate and the detectors; a pane that closes costs one merge per window.
class channel {
public:
  channel(std::string equipment, std::string name, const pane_clock& clock);
  /// What its module does; the channel looks there with every value.
  void set_context(const equipment_context& context) { context_ = &context; }
  /// What rules ask of this channel alone; null of most.
  void set_taps(std::unique_ptr<channel_taps> taps) { taps_ = std::move(taps); }
  channel_taps* taps() { return taps_.get(); }
  timestamp latest() const { return latest_; }
  std::uint64_t samples() const { return samples_; }

  /// The rules must outlive the channel.
  void watch(const watch_rules& rules);
  void seat(group_seat g) { groups_.push_back(g); }

  /// `pane`: number of the pane of `at`. False: too late to be of use.
  bool apply(timestamp at, double value, std::int64_t pane, const pane_clock& clock, const equipment_rules& rules, equipment_effects& out);
  /// All windows that end with pane `number` - 1.
  void close(std::int64_t number, const pane_clock& clock, const equipment_rules& rules, equipment_effects& out);
  /// The input has ended: what is open is said as it is.
  void finish(const pane_clock& clock, const equipment_rules& rules, equipment_effects& out);
  const channel_name& name() const { return name_; }
  /// A sample for it is near.
  void prefetch() const {
    constexpr std::size_t line = 64, lines = 11;
    for (std::size_t i = 0; i < lines; ++i) __builtin_prefetch(reinterpret_cast<const char*>(this) + i * line);
  }
  /// A sample for it is nearer: the channel itself is there already.
  void prefetch_inner() const {
    __builtin_prefetch(current_);
    if (watch_) watch_->prefetch();
  }
  channel_status status() const { return {name_.channel, latest_, last_value_, samples_, anomalies_, last_anomaly_}; }

private:
  struct pane {
    std::int64_t number = -1;
    aggregate of;
  };
  struct session {
    timestamp first = unset, last = unset;
    aggregate of;
  };
  pane* open(std::int64_t number);
  pane& pane_of(std::int64_t number) { return panes_[static_cast<std::size_t>(number) % panes_.size()]; }
  aggregate over(std::int64_t from, std::int64_t to, const pane_clock& clock);
  void say(const window_rule& w, std::int64_t from, std::int64_t to, bool complete, bool corrected, const pane_clock& clock,
           const equipment_rules& rules, equipment_effects& out);
  void correct(std::int64_t number, const pane_clock& clock, const equipment_rules& rules, equipment_effects& out);
  void extend_sessions(timestamp at, double value, const equipment_rules& rules, equipment_effects& out);
  void say_quantiles(const quantile_sketch& all, const equipment_rules& rules, equipment_effects& out);
  void say_session(std::size_t number, bool complete, const equipment_rules& rules, equipment_effects& out);
  void judge(timestamp at, double value, const equipment_rules& rules, equipment_effects& out);

  // In the order of use, so that a sample touches few cache lines.
  channel_name name_;
  std::int64_t number_ = -1; ///< of the pane of the last value
  pane* current_ = nullptr;
  double shift_ = 0, last_value_ = 0;
  timestamp latest_ = unset;
  std::uint64_t samples_ = 0;
  ewma_z ewma_;
  const equipment_context* context_ = nullptr;
  std::unique_ptr<channel_watch> watch_;
  std::vector<group_seat> groups_;
  std::vector<session> sessions_; ///< one for each window rule, when there are sessions
  windowed_modified_z modified_;
  std::vector<pane> panes_;
  std::uint64_t anomalies_ = 0;
  timestamp last_anomaly_ = unset;
  std::unique_ptr<channel_taps> taps_;
  std::vector<quantile_sketch> sketches_;         ///< as panes_; empty when no quantiles are asked for
  std::vector<quantile_sketch> session_sketches_; ///< as sessions_, likewise
};

class equipment {
public:
  explicit equipment(std::string name) : name_(std::move(name)), life_(name_) {}
  const std::string& name() const { return name_; }
  /// The rules must outlive it.
  channel& add(const std::string& channel_name, const pane_clock& clock, const equipment_rules& rules);
  /// The newest time of all input is `latest`.
  void pass(timestamp latest, equipment_effects& out);
  /// Of a module, made when it is new: its channels ("ch1.pressure" belongs to "ch1") follow it from then on; all others
  /// follow the unit's own, "". Null beyond modules_max.
  equipment_context* context_of(std::string_view module);
  /// False: late, it changed nothing.
  bool apply(const equipment_event& e, const equipment_rules& rules, equipment_effects& out);
  unit_life& life() { return life_; }
  unit_activity activity() const;
  std::uint32_t source = 0; ///< that its readings and events come from
  static constexpr std::size_t modules_max = 64;
  template <class What>
  void for_each(What&& what) {
    for (channel& c : channels_) what(c);
  }
  std::size_t size() const { return channels_.size(); }
  equipment_status status(const equipment_rules& rules) const;

private:
  const equipment_context& context_for(const channel& c) const;

  bool apply_context(const equipment_event& e);

  std::string name_;
  unit_life life_;
  std::deque<channel> channels_; ///< addresses stay
  std::deque<group_watch> groups_;
  std::deque<equipment_context> contexts_{equipment_context{}}; ///< likewise; the first is the unit's own
  std::vector<timestamp> context_since_;        ///< of each context, when it was last told
};

} // namespace tocsin

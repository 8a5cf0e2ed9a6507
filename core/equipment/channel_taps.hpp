// What rules ask of single channels beyond windows and detectors; most channels have none.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/equipment/downtime.hpp"
#include "core/equipment/effect.hpp"
#include "core/equipment/join.hpp"

namespace tocsin {

/// One dense stream made sparse. Cost per reading: a search among the levels.
class channel_state {
public:
  explicit channel_state(const channel_state_rule& rule) : rule_(&rule) {}
  /// True: the state is another now, and said.
  bool apply(timestamp at, double value, const channel_name& of, std::vector<state_change>& out);

private:
  std::size_t level_of(double value) const;
  const channel_state_rule* rule_;
  timestamp since_ = unset;
  double value_ = 0;      ///< last said
  std::size_t level_ = 0; ///< 0 = below all of them
};

/// Whether |reading| fell far below its usual level. Cost per reading: some comparisons. 48 bytes.
class channel_level {
public:
  enum class news : std::uint8_t { none, fell, rose };
  explicit channel_level(const level_drop_rule& rule) : rule_(&rule) {}
  /// `judged`: the unit is to be at work; otherwise nothing is learned and nothing begins.
  news apply(timestamp at, double value, bool judged);
  timestamp low_since() const { return low_since_; }

private:
  const level_drop_rule* rule_;
  double usual_ = 0;
  std::uint32_t learned_ = 0;
  bool low_ = false;
  timestamp low_since_ = unset;
};

struct channel_taps {
  std::vector<channel_state> states;
  std::vector<channel_level> levels;
  std::vector<join_left*> joins; ///< of the join table
  bool empty() const { return states.empty() && levels.empty() && joins.empty(); }
};

} // namespace tocsin

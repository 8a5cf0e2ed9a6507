#include "core/equipment/channel_taps.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>


namespace tocsin {

namespace {

/// Reads back as the same number.
std::string shortest_number(double value) {
  std::array<char, 32> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

} // namespace

std::size_t channel_state::level_of(double value) const {
  const auto& levels = rule_->levels;
  const auto plain = [&](double v) {
    std::size_t n = 0;
    while (n < levels.size() && v >= levels[n].from) ++n;
    return n;
  };
  const std::size_t now = plain(value);
  if (since_ == unset || now == level_ || rule_->deadband == 0) return now;
  // The state is left only when the value is beyond its border by the deadband.
  const std::size_t sure = plain(now > level_ ? value - rule_->deadband : value + rule_->deadband);
  return now > level_ ? std::max(sure, level_) : std::min(sure, level_);
}

bool channel_state::apply(timestamp at, double value, const channel_name& of, std::vector<state_change>& out) {
  const bool first = since_ == unset;
  const duration lasted = first ? duration{} : at - since_;
  std::string from, to;
  if (rule_->levels.empty()) {
    if (!first && !(std::fabs(value - value_) > rule_->deadband)) return false;
    if (!first) from = shortest_number(value_);
    to = shortest_number(value);
  } else {
    const std::size_t level = level_of(value);
    if (!first && level == level_) return false;
    const auto name = [this](std::size_t n) { return n == 0 ? std::string{"below"} : rule_->levels[n - 1].name; };
    if (!first) from = name(level_);
    to = name(level);
    level_ = level;
  }
  value_ = value;
  since_ = at;
  out.push_back({at, of.equipment, of.channel, rule_->name, std::move(from), std::move(to), lasted, value, true});
  return true;
}

channel_level::news channel_level::apply(timestamp at, double value, bool judged) {
  constexpr std::uint32_t learn_min = 100;
  constexpr double weight = 0.01;
  const double level = std::fabs(value);
  if (low_) {
    if (judged && level < std::sqrt(rule_->share) * usual_) return news::none;
    low_ = false;
    low_since_ = unset;
    return news::rose;
  }
  if (!judged) {
    low_since_ = unset;
    return news::none;
  }
  if (learned_ >= learn_min && level < rule_->share * usual_) {
    if (low_since_ == unset) low_since_ = at;
    if (at - low_since_ < rule_->hold) return news::none;
    low_ = true;
    return news::fell;
  }
  low_since_ = unset;
  usual_ = learned_++ == 0 ? level : usual_ + std::max(weight, 1.0 / learned_) * (level - usual_);
  return news::none;
}

} // namespace tocsin

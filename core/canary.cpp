#include "core/canary.hpp"

#include <algorithm>

#include "core/saturating.hpp"

namespace tocsin {

namespace {
constexpr int retry_share = 10;       ///< a failed round is repeated after so much of the schedule
} // namespace

daemon_rules canary_judgement(const canary_rules& rules) {
  daemon_rules out{};
  out.heartbeat.mode = heartbeat_rule::mode_t::fixed;
  out.heartbeat.period = rules.period;
  out.heartbeat.lost_after = canary_beats_missed * rules.period;
  return out;
}

bool is_of_canary(const incident& i) {
  constexpr std::string_view segment{"segment/"};
  const std::string_view group{i.group};
  return group.starts_with(segment) && group.substr(segment.size()).starts_with(canary_service) &&
         group.substr(segment.size() + canary_service.size()) == "/";
}

canary::canary(canary_rules rules, timestamp start) : rules_(rules) {
  rest(start, settled());
}

void canary::rest(timestamp now, duration pause) {
  phase_ = phase::beating;
  until_ = later(now, pause);
}

canary::step canary::advance(timestamp now) {
  if (now < until_) return {phase_ != phase::dead, std::nullopt};
  const phase over = phase_;
  if (over == phase::beating) {
    phase_ = phase::dead;
    until_ = later(now, canary_beats_missed * rules_.period + rules_.wait + rules_.within);
    return {false, std::nullopt};
  }
  rest(now, std::max(rules_.every / retry_share, settled()));
  const std::string what = over == phase::dead ? "its death" : "its return";
  return {true, outcome{false, {}, "nobody was told of " + what + " within " + to_text(rules_.within) + " of the time it was due"}};
}

std::optional<canary::outcome> canary::told(bool opened, timestamp due, timestamp now) {
  const duration delay = std::max(duration{}, now - due);
  if (phase_ == phase::dead && opened) {
    delay_ = delay;
    phase_ = phase::back;
    until_ = later(now, 2 * rules_.period + rules_.close_after + rules_.within);
  } else if (phase_ == phase::back && !opened) {
    rest(now, rules_.every);
    return outcome{true, std::max(delay_, delay), {}};
  }
  return std::nullopt;
}

} // namespace tocsin

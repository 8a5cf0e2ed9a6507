#include "core/equipment/downtime.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin {

namespace {
constexpr std::uint32_t silence_looks_min = 3, rate_looks_min = 10; ///< before the first verdict
constexpr double learn = 0.1;
} // namespace

std::string_view to_text(downtime_cause cause) {
  constexpr std::string_view names[] = {"state", "silence", "rate", "level"};
  return names[static_cast<std::size_t>(cause)];
}

void downtime_watch::state_is(e10_state now, timestamp at, const downtime_rule& rule, equipment_effects& out) {
  e10_ = now;
  if (of(downtime_cause::state).open) end(downtime_cause::state, at, rule, out);
  if (now == e10_state::scheduled_down || now == e10_state::unscheduled_down)
    begin(downtime_cause::state, now, at, at, std::string{to_text(now)}, rule, out);
}

void downtime_watch::look(const unit_activity& activity, const source_clock& source, const downtime_rule& rule, equipment_effects& out) {
  const duration every = rule.silence.check();
  // Readings that nobody of the source had are its own trouble: this unit begins anew.
  const bool fresh = looked_at_ == unset || source.back > looked_at_;
  if (!fresh) {
    look_for_silence(activity, source, rule, out);
    if (source.now - looked_at_ >= every) look_at_rate(activity.samples - samples_, source.now, rule, out);
    else if (!of(downtime_cause::silence).open) return; // too early for the rate
  }
  if (fresh || source.now - looked_at_ >= every) {
    looked_at_ = source.now;
    samples_ = activity.samples;
    latest_ = activity.latest;
  }
  due_ = of(downtime_cause::silence).open ? source.now : source.now + every;
}

void downtime_watch::look_for_silence(const unit_activity& activity, const source_clock& source, const downtime_rule& rule, equipment_effects& out) {
  const bool was_open = of(downtime_cause::silence).open;
  if (was_open) {
    if (activity.latest > of(downtime_cause::silence).start) end(downtime_cause::silence, activity.latest, rule, out);
    return;
  }
  if (activity.latest > latest_ && latest_ != unset) {
    const double gap = to_seconds(activity.latest - latest_);
    // A long gap raises the usual one at once, but never by more than its double: one outage teaches little.
    usual_gap_s_ = looks_ == 0 ? gap : gap > usual_gap_s_ ? std::min(gap, 2 * usual_gap_s_) : usual_gap_s_ + learn * (gap - usual_gap_s_);
    ++looks_;
  }
  if (!rule.silence.enabled || looks_ < silence_looks_min || activity.latest == unset) return;
  const bool quiet_by_plan = e10_ == e10_state::scheduled_down || e10_ == e10_state::unscheduled_down || e10_ == e10_state::non_scheduled;
  const duration limit = std::max(rule.silence.least, from_seconds(rule.silence.factor * usual_gap_s_));
  const timestamp from = std::max(activity.latest, source.back);
  if (quiet_by_plan || source.now - from <= limit) return;
  begin(downtime_cause::silence, e10_state::unscheduled_down, activity.latest, from + limit, "no reading for " + to_text(limit), rule, out);
}

void downtime_watch::look_at_rate(std::uint64_t readings, timestamp now, const downtime_rule& rule, equipment_effects& out) {
  if (!rule.rate.enabled || of(downtime_cause::silence).open) return;
  const double rate = static_cast<double>(readings) / to_seconds(now - looked_at_);
  const bool open = of(downtime_cause::rate).open;
  if (open) {
    if (rate >= std::sqrt(rule.rate.share) * usual_rate_) end(downtime_cause::rate, looked_at_, rule, out);
    return;
  }
  if (rates_ >= rate_looks_min && rate < rule.rate.share * usual_rate_) {
    if (readings == 0 || !expects_work()) return; // silence says so
    if (low_looks_++ == 0) low_since_ = looked_at_;
    if (low_looks_ == 2)
      begin(downtime_cause::rate, e10_state::unscheduled_down, low_since_, now,
            "readings fell below " + std::to_string(static_cast<int>(rule.rate.share * 100)) + " % of their usual rate", rule, out);
    return;
  }
  low_looks_ = 0;
  usual_rate_ = rates_++ == 0 ? rate : usual_rate_ + learn * (rate - usual_rate_);
}

void downtime_watch::level_fell(const std::string& channel, timestamp since, timestamp at, const downtime_rule& rule, equipment_effects& out) {
  if (low_channels_++ == 0) begin(downtime_cause::level, e10_state::unscheduled_down, since, at, channel + " fell", rule, out);
}

void downtime_watch::level_rose(timestamp at, const downtime_rule& rule, equipment_effects& out) {
  if (--low_channels_ == 0) end(downtime_cause::level, at, rule, out);
}

void downtime_watch::begin(downtime_cause c, e10_state e10, timestamp start, timestamp at, std::string text, const downtime_rule& rule,
                           equipment_effects& out) {
  of(c) = {true, e10, start, std::move(text)};
  low_looks_ = 0;
  ++count_;
  out.downtimes.push_back({name_, c, e10, start, unset, of(c).text});
  say(at, rule, out);
}

void downtime_watch::end(downtime_cause c, timestamp at, const downtime_rule& rule, equipment_effects& out) {
  of(c).open = false;
  out.downtimes.push_back({name_, c, of(c).e10, of(c).start, at, of(c).text});
  say(at, rule, out);
}

void downtime_watch::say(timestamp at, const downtime_rule& rule, equipment_effects& out) {
  bool any = false;
  severity level = severity::info;
  evidence facts;
  for (std::size_t i = 0; i < episodes_.size(); ++i) {
    const episode& e = episodes_[i];
    if (!e.open) continue;
    any = true;
    level = std::max(level, e.e10 == e10_state::scheduled_down ? rule.scheduled : rule.unscheduled);
    const std::string cause{to_text(static_cast<downtime_cause>(i))};
    facts.push_back({cause, e.text});
    facts.push_back({cause + "_since", e.start});
    facts.push_back({cause + "_e10", std::string{to_text(e.e10)}});
  }
  down_.settle(at, "equipment/" + name_, any, level, std::move(facts), out.symptoms);
}

void downtime_watch::fill(unit_status& s) const {
  s.downtimes = count_;
  for (std::size_t i = 0; i < episodes_.size(); ++i)
    if (episodes_[i].open)
      s.down.push_back({name_, static_cast<downtime_cause>(i), episodes_[i].e10, episodes_[i].start, unset, episodes_[i].text});
}

} // namespace tocsin

// A daemon's life: heartbeats, and the verdict when one life ends and another begins.
#include <algorithm>
#include <cstring>

#include "core/daemon.hpp"
#include "core/daemon_trouble.hpp"
#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
constexpr std::uint32_t uptime_bit = 1u << static_cast<unsigned>(counter::uptime);
constexpr std::uint64_t beats_per_review =
    16; ///< after so many, a vantage point without one is forgotten
constexpr std::uint32_t resets_calm = 3; ///< more within an hour are flapping

/// The same text, as far as we keep it.
bool same(const std::string& kept, std::string_view told) {
  return kept == told.substr(0, limits::label_bytes_max);
}

duration seconds(std::uint64_t s) {
  constexpr auto most = static_cast<std::uint64_t>(duration::max().count() / 1'000'000'000);
  return s >= most ? duration::max() : duration{static_cast<std::int64_t>(s) * 1'000'000'000};
}
} // namespace

void daemon::heartbeat(const record& r, const host_peers* peers, effects& out) {
  constexpr std::uint32_t silences = 1u << static_cast<unsigned>(symptom_kind::heartbeat_late) |
                                     1u << static_cast<unsigned>(symptom_kind::heartbeat_lost) |
                                     1u << static_cast<unsigned>(symptom_kind::inventory_missing);
  bool reset = false;
  if (heartbeats_ != 0) {
    reset = fell(r);
    if (is_copy(r) || (reset && is_stale(r))) {
      through(r.vantage, r.at);
      if (member_changed_) describe(r, out);
      arm_liveness();
      return rearm();
    }
  }
  const bool announced = stopped_;
  through(r.vantage, r.at);
  if (raised_ & silences || misses_said_ || stopped_) heard(r, out);
  if (heartbeats_ % beats_per_review == 0) forget_quiet_vantages();
  describe(r, out);
  if (reset) {
    restarted(r, peers, announced, out);
  } else {
    learn(r.at);
  }
  judge(r, out);
  remember(r);
  arm_liveness();
  rearm();
}

/// HOST.START counts as hearing the daemon; its counters begin at zero.
void daemon::host_start(const record& r, const host_peers* peers, effects& out) {
  record begun = r;
  if (!r.has(counter::uptime)) begun.set(counter::uptime, 0);
  const bool told = former_present_ & uptime_bit;
  if (told && is_stale(begun)) return;
  const bool announced = stopped_;
  through(r.vantage, r.at);
  heard(r, out);
  describe(r, out);
  if (told ? begun.get(counter::uptime) < uptime_ : heartbeats_ > 0 && anchor_ != unset)
    restarted(begun, peers, announced, out);
  uptime_ = begun.get(counter::uptime);
  last_sent_ = r.sent_at;
  last_heard_ = r.at;
  if (first_heard_ == unset) first_heard_ = r.at;
  anchor_ = unset; // the first heartbeat has a rhythm of its own
}

void daemon::host_stop(const record& r, effects& out) {
  if (stopped_) return;
  stopped_ = true;
  misses_said_ = 0;
  anchor_ = unset;
  for (auto kind : {symptom_kind::heartbeat_lost, symptom_kind::heartbeat_late,
                    symptom_kind::inventory_missing})
    clear(kind, r.at, out);
  // The stop of a daemon that nobody knew is no news.
  if (announced_ || expected_) raise(symptom_kind::daemon_stopped, severity::warning, r.at, out);
}

/// The same heartbeat through a second vantage point.
bool daemon::is_copy(const record& r) const {
  if (r.vantage == vantage_ || anchor_ == unset || between(last_heard_, r.at) > beats_.period() / 4)
    return false;
  if ((r.present & (cumulative_mask | uptime_bit)) & ~former_present_) return false;
  if (r.has(counter::uptime) && r.get(counter::uptime) != uptime_) return false;
  for (std::size_t i = 0; i < cumulative_count; ++i)
    if (r.present >> (first_cumulative + i) & 1u && r.values[first_cumulative + i] != former_[i])
      return false;
  return true;
}

/// An older heartbeat of the same life, overtaken by a newer one: its own clock says so.
bool daemon::is_stale(const record& r) const {
  if (!r.has(counter::uptime) || r.sent_at == unset || last_sent_ == unset ||
      r.sent_at >= last_sent_ || r.get(counter::uptime) >= uptime_)
    return false;
  const duration sent_apart = between(r.sent_at, last_sent_);
  const duration up_apart = seconds(uptime_ - r.get(counter::uptime));
  return sent_apart <= later(timestamp{up_apart}, 2s).time_since_epoch() &&
         up_apart <= later(timestamp{sent_apart}, 2s).time_since_epoch();
}

/// Uptime or, as the only sign or beside a growing uptime, a counter went down: another life.
bool daemon::fell(const record& r) const {
  const std::uint32_t common = r.present & former_present_;
  if (common & uptime_bit && r.get(counter::uptime) < uptime_) return true;
  // Any difference below zero, or a number so large that the sign says nothing: look closer.
  std::uint64_t signs = 0;
  for (std::size_t i = 0; i < cumulative_count; ++i)
    signs |= (r.values[first_cumulative + i] - former_[i]) | former_[i];
  if (!(signs >> 63)) return false;
  for (std::size_t i = 0; i < cumulative_count; ++i)
    if (common >> (first_cumulative + i) & 1u && r.values[first_cumulative + i] < former_[i])
      return true;
  return false;
}

/// Whatever its silence had raised is over.
void daemon::heard(const record& r, effects& out) {
  for (auto kind : {symptom_kind::heartbeat_lost, symptom_kind::heartbeat_late,
                    symptom_kind::daemon_stopped, symptom_kind::inventory_missing})
    clear(kind, r.at, out);
  stopped_ = false;
  misses_said_ = 0;
}

/// What the daemon says of itself.
void daemon::describe(const record& r, effects& out) {
  if (!r.version.empty() && !same(version_, r.version)) {
    version_ = r.version.substr(0, limits::label_bytes_max);
    member_changed_ = true;
  }
  // Another network is another group: symptoms must end where they began, so it waits until there
  // are none.
  if (!r.network.empty() && raised_ == 0 && !same(network_, r.network)) {
    network_ = r.network.substr(0, limits::label_bytes_max);
    member_changed_ = true;
  }
  if (r.reliability_s > 0 && r.reliability_s != reliability_s_) {
    reliability_s_ = r.reliability_s;
    member_changed_ = true;
  }
  if (member_changed_ || !announced_) {
    announced_ = true;
    member_changed_ = false;
    inventory_at_ = never;
    std::string group = segment();
    member_seen seen{subject_,       group,          version_,
                     reliability_s_, heard_through_, to_seconds(beats_.period())};
    out.push_back({r.at, std::move(group), std::move(seen)});
  }
  if (unknown_ != is(symptom_kind::inventory_unknown)) {
    if (unknown_) {
      raise(symptom_kind::inventory_unknown, severity::info, r.at, out);
    } else {
      clear(symptom_kind::inventory_unknown, r.at, out);
    }
  }
}

void daemon::learn(timestamp at) {
  if (anchor_ == unset) {
    anchor_ = at;
    return;
  }
  const beat_model::lesson lesson = beats_.learn(between(anchor_, at), between(last_heard_, at));
  missed_ += lesson.missed;
  if (lesson.anchor_moves) anchor_ = at;
}

void daemon::remember(const record& r) {
  if ((r.present & cumulative_mask) == cumulative_mask) {
    std::memcpy(former_.data(), r.values.data() + first_cumulative, sizeof former_);
  } else {
    for (std::size_t i = 0; i < cumulative_count; ++i)
      if (r.present >> (first_cumulative + i) & 1u) former_[i] = r.values[first_cumulative + i];
  }
  former_present_ |= r.present & (cumulative_mask | uptime_bit);
  if (r.has(counter::uptime)) uptime_ = r.get(counter::uptime);
  last_sent_ = r.sent_at;
  vantage_ = r.vantage;
  ++heartbeats_;
  if (first_heard_ == unset) first_heard_ = r.at;
  last_heard_ = r.at;
}

void daemon::restarted(const record& r, const host_peers* peers, bool announced, effects& out) {
  const bool uptime_fell =
      r.present & former_present_ & uptime_bit && r.get(counter::uptime) < uptime_;
  // Without a fallen uptime the start may have been at any time since it was last heard.
  const bool start_known =
      r.has(counter::uptime) && (uptime_fell || !(former_present_ & uptime_bit));
  const timestamp start =
      start_known ? std::max(earlier(r.at, seconds(r.get(counter::uptime))), last_heard_) : r.at;
  trouble& t = in_trouble();
  t.restart = {r.at,
               between(last_heard_, start),
               uptime_,
               r.get(counter::uptime),
               static_cast<bool>(r.present & former_present_ & uptime_bit),
               announced,
               between(last_heard_, start) >= rules_->heartbeat.reboot_gap_min};
  t.add_reset(r.at);
  ++resets_;
  gap_from_ = last_heard_;
  restarted_at_ = start;
  former_.fill(0);
  anchor_ = r.at;
  outbound_.recent.clear();
  inbound_.recent.clear();
  if (history_) history_->cut();
  clear(symptom_kind::clients_limit_forecast, r.at, out, {{"restarted", true}});

  const bool flapping = t.resets_within_hour(r.at) > resets_calm;
  const timestamp hold = later(r.at, rules_->heartbeat.restart_hold);
  if (start_known && host_rebooted(start, r.at, peers)) {
    t.reboot_hold = hold;
    raise_or_change(symptom_kind::host_rebooted, flapping ? severity::critical : severity::warning,
                    r.at, out);
    return;
  }
  t.restart_hold = hold;
  // A stop that was announced has been said already: its restart is told, but nobody is woken by
  // it.
  const severity level = flapping    ? severity::critical
                         : announced ? severity::info
                                     : severity::warning;
  raise_or_change(symptom_kind::daemon_restarted, level, r.at, out);
}

/// More than a period and its slack without a sign.
bool daemon::overdue(timestamp at) const {
  return at > later(later(silence_base(), beats_.period()), beats_.slack());
}

/// The host was down between the last sign of any of its daemons and the first new start, and that
/// is long enough. No daemon may have lived through it; one that fell silent before tells nothing.
bool daemon::host_rebooted(timestamp start, timestamp at, const host_peers* peers) const {
  if (!peers) return false;
  timestamp last_sign = last_heard_, first_start = start;
  bool any = false;
  for (const daemon* p : peers->daemons) {
    if (p == this || !p->announced_ || p->blind()) continue;
    if (p->restarted_at_ != unset && p->restarted_at_ > last_heard_) {
      last_sign = std::max(last_sign, p->gap_from_);
      first_start = std::min(first_start, p->restarted_at_);
    } else {
      if (p->last_heard_ >= start) return false;         // lived on
      if (!p->stopped_ && !p->overdue(at)) return false; // not due yet: cannot be told
      if (p->overdue(last_heard_)) continue;
      last_sign = std::max(last_sign, p->last_heard_);
    }
    any = true;
  }
  return any && between(last_sign, first_start) >= rules_->heartbeat.reboot_gap_min;
}

} // namespace tocsin

// A daemon's dispatch of records, its deadlines and how it says its symptoms.
#include "core/daemon.hpp"

#include <algorithm>

#include "core/daemon_trouble.hpp"
#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

std::string_view to_text(liveness_state state) {
  constexpr std::string_view names[] = {"unknown", "alive", "late", "lost", "stopped", "missing"};
  return names[static_cast<std::size_t>(state)];
}

daemon::daemon(std::string_view host, std::string_view service, std::string_view network,
               std::shared_ptr<const daemon_rules> rules, timestamp born)
    : clock_(born), rules_(std::move(rules)), beats_(rules_->heartbeat.period),
      host_size_(static_cast<std::uint32_t>(host.size())),
      network_(network.substr(0, limits::label_bytes_max)), subject_(subject_of(host, service)),
      born_(born) {}

daemon::daemon(daemon&&) noexcept = default;
daemon& daemon::operator=(daemon&&) noexcept = default;
daemon::~daemon() = default;

std::string daemon::segment() const {
  std::string out{"segment/"};
  out.append(service()).append("/").append(network_);
  return out;
}

void daemon::apply(const record& r, const host_peers* peers, effects& out) {
  if (r.at > clock_) clock_ = r.at;
  switch (r.kind) {
  case record_kind::heartbeat:
    return heartbeat(r, peers, out);
  case record_kind::host_start:
    host_start(r, peers, out);
    break;
  case record_kind::host_stop:
    host_stop(r, out);
    break;
  case record_kind::data_loss_inbound:
    lose(side::inbound, r.get(counter::lost_count), r.peer, true, r.at, out);
    break;
  case record_kind::data_loss_outbound:
    lose(side::outbound, r.get(counter::lost_count), r.peer, true, r.at, out);
    break;
  case record_kind::retransmission_suppressed:
    suppression_advised_ = true;
    if (!r.peer.empty()) in_trouble().suppressed_peer = r.peer.substr(0, limits::host_bytes_max);
    break;
  case record_kind::sight_lost:
    sight_lost(r, out);
    break;
  case record_kind::sight_regained:
    sight_regained(r);
    break;
  case record_kind::retransmission_sent:
  case record_kind::unreachable_transport:
  case record_kind::time_mark:
  case record_kind::operator_said:
  case record_kind::equipment_said:
    return;
  }
  arm_liveness();
  rearm();
}

void daemon::arm_liveness() {
  const heartbeat_rule& rule = rules_->heartbeat;
  liveness_at_ = never;
  if (last_heard_ == unset || stopped_ || !rule.enabled || is(symptom_kind::heartbeat_lost) ||
      blind())
    return;
  const timestamp base = silence_base();
  if (rule.mode == heartbeat_rule::mode_t::fixed) {
    const bool late_first = rule.late_after > duration{0} && rule.late_after < rule.lost_after;
    liveness_at_ = later(base, late_first && misses_said_ == 0 ? rule.late_after : rule.lost_after);
  } else {
    // After the first missed beat the next word is "suspect" or, when the budget allows it, "lost".
    const std::int64_t beats = misses_said_ < 2 ? misses_said_ + 1 : beats_.misses_to_lost(rule);
    std::int64_t wait = 0;
    if (__builtin_mul_overflow(beats_.period().count(), beats, &wait)) return;
    liveness_at_ = later(later(base, duration{wait}), beats_.slack());
  }
  if (liveness_at_ < clock_) liveness_at_ = clock_;
}

void daemon::fire_liveness(timestamp at, effects& out) {
  const heartbeat_rule& rule = rules_->heartbeat;
  ++misses_said_;
  const bool fixed = rule.mode == heartbeat_rule::mode_t::fixed;
  const bool late_first =
      fixed ? rule.late_after > duration{0} && rule.late_after < rule.lost_after : true;
  const std::uint32_t lost_at = fixed ? (late_first ? 2 : 1) : beats_.misses_to_lost(rule);
  const bool lost = misses_said_ > 2 || misses_said_ >= lost_at;
  if (lost) {
    raise(symptom_kind::heartbeat_lost, severity::critical, at, out);
  } else if (misses_said_ == 1) {
    raise(symptom_kind::heartbeat_late, severity::info, at, out);
  } else {
    change(symptom_kind::heartbeat_late, severity::warning, at, out);
  }
}

void daemon::fire(effects& out) {
  const timestamp t = next_;
  clock_ = std::max(clock_, t);
  if (liveness_at_ == t) fire_liveness(t, out);
  if (inventory_at_ == t && !blind()) {
    inventory_at_ = never;
    if (!announced_ && !stopped_) raise(symptom_kind::inventory_missing, severity::warning, t, out);
  }
  if (trouble_) fire_trouble(t, out);
  arm_liveness();
  rearm();
}

/// Every deadline that fires is disarmed, whatever a snapshot may have claimed: time must go on.
void daemon::fire_trouble(timestamp at, effects& out) {
  if (trouble_->restart_hold == at) {
    trouble_->restart_hold = never;
    clear(symptom_kind::daemon_restarted, at, out);
  }
  if (trouble_->reboot_hold == at) {
    trouble_->reboot_hold = never;
    clear(symptom_kind::host_rebooted, at, out);
  }
  if (blind()) return;
  for (bool inbound : {true, false}) {
    trouble::loss_episode& l = trouble_->losses[inbound ? 0 : 1];
    if (l.quiet_at != at) continue;
    l.quiet_at = never;
    clear(kind_of_loss(inbound), at, out);
  }
}

void daemon::rearm() {
  next_ = liveness_at_;
  if (!trouble_ && inventory_at_ == never) return;
  if (inventory_at_ < next_ && !blind()) next_ = inventory_at_;
  if (!trouble_) return;
  // While blind nobody can say that losses have ended.
  next_ = std::min({next_, trouble_->restart_hold, trouble_->reboot_hold});
  if (!blind()) next_ = std::min(next_, trouble_->next());
  if (raised_ == 0 && trouble_->resets_within_hour(clock_) == 0 &&
      trouble_->suppressed_peer.empty())
    trouble_.reset();
}

void daemon::expect(duration wait) {
  expected_ = true;
  unknown_ = false;
  inventory_wait_ = std::max(wait, duration{0});
  if (!announced_) inventory_at_ = std::max(later(born_, inventory_wait_), clock_);
  rearm();
}

void daemon::mark_unknown() {
  unknown_ = true;
  expected_ = false;
  inventory_at_ = never;
  rearm();
}

void daemon::set_client_limit(std::uint64_t limit) { inventory_limit_ = limit; }

void daemon::set_rules(std::shared_ptr<const daemon_rules> rules, timestamp now) {
  clock_ = std::max(clock_, now);
  if (rules->heartbeat.period != rules_->heartbeat.period)
    beats_.set_prior(rules->heartbeat.period);
  rules_ = std::move(rules);
  if (trouble_) {
    const duration quiet = rules_->data_loss.quiet;
    for (trouble::loss_episode& l : trouble_->losses)
      if (l.last != unset)
        l.quiet_at = quiet > duration{0} ? std::max(later(l.last, quiet), clock_) : never;
  }
  if (!rules_->forecast.enabled) history_.reset();
  arm_liveness();
  rearm();
}

timestamp daemon::silent_since() const {
  const bool silent =
      stopped_ || is(symptom_kind::heartbeat_late) || is(symptom_kind::heartbeat_lost);
  return silent && last_heard_ != unset ? last_heard_ : never;
}

daemon::trouble& daemon::in_trouble() {
  if (!trouble_) trouble_ = std::make_unique<trouble>();
  return *trouble_;
}

severity daemon::level_of(symptom_kind kind) const {
  const trouble::raised_symptom* s = trouble_ ? trouble_->find(kind) : nullptr;
  return s ? s->level : severity::info;
}

void daemon::say(symptom_kind kind, symptom_state state, severity level, timestamp since,
                 timestamp at, evidence facts, effects& out) const {
  out.push_back(
      {at, segment(), symptom{at, subject_, kind, state, level, since, std::move(facts)}});
}

void daemon::raise(symptom_kind kind, severity level, timestamp at, effects& out) {
  if (is(kind)) return;
  in_trouble().raised.push_back({kind, level, at});
  raised_ |= 1u << static_cast<unsigned>(kind);
  say(kind, symptom_state::raised, level, at, at, facts(kind, at), out);
}

void daemon::change(symptom_kind kind, severity level, timestamp at, effects& out) {
  if (!is(kind)) return;
  trouble::raised_symptom& s = *trouble_->find(kind);
  s.level = level;
  say(kind, symptom_state::changed, level, s.since, at, facts(kind, at), out);
}

void daemon::clear(symptom_kind kind, timestamp at, effects& out, evidence more) {
  if (!is(kind)) return;
  const trouble::raised_symptom was = *trouble_->find(kind);
  evidence all = facts(kind, at);
  for (fact& f : more) all.push_back(std::move(f));
  std::erase_if(trouble_->raised, [&](const trouble::raised_symptom& s) { return s.kind == kind; });
  raised_ &= ~(1u << static_cast<unsigned>(kind));
  switch (kind) {
  case symptom_kind::daemon_restarted:
    trouble_->restart_hold = never;
    break;
  case symptom_kind::host_rebooted:
    trouble_->reboot_hold = never;
    break;
  case symptom_kind::data_loss_inbound:
    trouble_->losses[0] = {};
    break;
  case symptom_kind::data_loss_outbound:
    trouble_->losses[1] = {};
    break;
  case symptom_kind::hidden_loss:
    trouble_->suppressed_peer.clear();
    break;
  default:
    break;
  }
  say(kind, symptom_state::cleared, was.level, was.since, at, std::move(all), out);
}

} // namespace tocsin

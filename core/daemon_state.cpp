// A daemon's status for people, and its snapshot.
#include <algorithm>

#include "core/daemon.hpp"
#include "core/daemon_trouble.hpp"
#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
constexpr std::uint8_t snapshot_version = 1;
constexpr std::uint32_t kinds_mask = (1u << symptom_kind_count) - 1;

template <class T>
bool get_enum(reader& in, T& value, std::size_t count) {
  const auto raw = in.get<std::uint8_t>();
  if (raw >= count) return false;
  value = static_cast<T>(raw);
  return true;
}
} // namespace

daemon_status daemon::status() const {
  daemon_status s;
  s.subject = subject_;
  s.host = host();
  s.service = service();
  s.network = network_;
  s.version = version_;
  s.state = blind()                               ? liveness_state::unknown
            : stopped_                            ? liveness_state::stopped
            : is(symptom_kind::heartbeat_lost)    ? liveness_state::lost
            : is(symptom_kind::heartbeat_late)    ? liveness_state::late
            : is(symptom_kind::inventory_missing) ? liveness_state::missing
            : last_heard_ != unset                ? liveness_state::alive
                                                  : liveness_state::unknown;
  s.first_heard = first_heard_;
  s.last_heard = last_heard_;
  if (s.state == liveness_state::alive) s.due = later(silence_base(), beats_.period());
  s.period_s = to_seconds(beats_.period());
  s.jitter_s = beats_.jitter_s();
  s.loss_rate = beats_.loss_rate();
  s.heartbeats = heartbeats_;
  s.misses = missed_;
  s.resets = resets_;
  s.uptime_s = uptime_;
  s.clients = clients_;
  s.client_limit = client_limit();
  s.retransmission_outbound_percent = outbound_.percent;
  s.retransmission_inbound_percent = inbound_.percent;
  s.lost_inbound = former_[static_cast<std::size_t>(counter::lost_inbound) - first_cumulative];
  s.lost_outbound = former_[static_cast<std::size_t>(counter::lost_outbound) - first_cumulative];
  if (trouble_)
    for (const trouble::raised_symptom& r : trouble_->raised)
      s.symptoms.push_back({r.since, subject_, r.kind, symptom_state::raised, r.level, r.since,
                            facts(r.kind, clock_)});
  if (history_)
    for (std::size_t i = 0; i < history_->size(); ++i) {
      const client_history::point& p = (*history_)[i];
      s.history.push_back({history_->time_of(p),
                           p.clients == client_history::unknown ? 0.0 : p.clients,
                           p.out_centi / 100.0, p.in_centi / 100.0});
    }
  return s;
}

std::uint32_t daemon::trouble::resets_within_hour(timestamp at) const {
  std::uint32_t n = 0;
  for (std::size_t i = 0; i < reset_count; ++i) n += between(resets[i], at) < 1h;
  return n;
}

void daemon::trouble::add_reset(timestamp at) {
  if (reset_count == resets.size()) {
    std::move(resets.begin() + 1, resets.end(), resets.begin());
    --reset_count;
  }
  resets[reset_count++] = at;
}

void daemon::trouble::save(writer& out) const {
  out.put(static_cast<std::uint8_t>(raised.size()));
  for (const raised_symptom& s : raised) {
    out.put(s.kind);
    out.put(s.level);
    out.put(s.since);
  }
  for (const loss_episode& l : losses) {
    out.put(l.by_counter);
    out.put(l.by_advisory);
    out.put(l.last);
    out.put(l.quiet_at);
    out.put(static_cast<std::uint8_t>(l.peers.size()));
    for (const std::string& p : l.peers) out.put(std::string_view{p});
    out.put(l.peers_more);
  }
  out.put(restart.at);
  out.put(restart.downtime_max);
  out.put(restart.uptime_before);
  out.put(restart.uptime_after);
  for (bool b : {restart.uptime_known, restart.announced, restart.reboot_possible}) out.put(b);
  out.put(reset_count);
  for (timestamp t : resets) out.put(t);
  out.put(restart_hold);
  out.put(reboot_hold);
  for (double d : {forecast.probability, forecast.drift, forecast.eta_p05_s, forecast.eta_p50_s,
                   forecast.eta_p95_s})
    out.put(d);
  out.put(std::string_view{suppressed_peer});
}

bool daemon::trouble::load(reader& in) {
  const auto count = in.get<std::uint8_t>();
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < count; ++i) {
    raised_symptom s{};
    if (!get_enum(in, s.kind, symptom_kind_count) || !get_enum(in, s.level, 3)) return false;
    s.since = in.get_time();
    const std::uint32_t bit = 1u << static_cast<unsigned>(s.kind);
    if (seen & bit) return false;
    seen |= bit;
    raised.push_back(s);
  }
  for (loss_episode& l : losses) {
    l.by_counter = in.get<std::uint64_t>();
    l.by_advisory = in.get<std::uint64_t>();
    l.last = in.get_time();
    l.quiet_at = in.get_time();
    const auto peers = in.get<std::uint8_t>();
    if (peers > loss_episode::peers_max) return false;
    for (std::size_t i = 0; i < peers; ++i) l.peers.push_back(in.get_text());
    l.peers_more = in.get<std::uint32_t>();
  }
  restart.at = in.get_time();
  restart.downtime_max = in.get_duration();
  restart.uptime_before = in.get<std::uint64_t>();
  restart.uptime_after = in.get<std::uint64_t>();
  for (bool* b : {&restart.uptime_known, &restart.announced, &restart.reboot_possible})
    *b = in.get<std::uint8_t>();
  reset_count = in.get<std::uint8_t>();
  for (timestamp& t : resets) t = in.get_time();
  restart_hold = in.get_time();
  reboot_hold = in.get_time();
  for (double* d : {&forecast.probability, &forecast.drift, &forecast.eta_p05_s,
                    &forecast.eta_p50_s, &forecast.eta_p95_s})
    *d = in.get<double>();
  suppressed_peer = in.get_text();
  return in.ok() && reset_count <= resets.size();
}

namespace {
// Saving and loading name every member once, in one order: `Visit` writes or reads it.
struct saver {
  writer& out;
  template <class T>
  bool operator()(const T& value) {
    if constexpr (requires { value.save(out); }) {
      value.save(out);
    } else if constexpr (std::is_same_v<T, std::string>) {
      out.put(std::string_view{value});
    } else {
      out.put(value);
    }
    return true;
  }
};

struct loader {
  reader& in;
  template <class T>
  bool operator()(T& value) {
    if constexpr (requires { value.load(in); }) {
      return value.load(in);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = in.get_text();
      return value.size() <= limits::label_bytes_max * 4;
    } else if constexpr (std::is_same_v<T, timestamp>) {
      value = in.get_time();
    } else if constexpr (std::is_same_v<T, duration>) {
      value = in.get_duration();
      return value >= duration{0};
    } else if constexpr (std::is_same_v<T, bool>) {
      value = in.get<std::uint8_t>() != 0;
    } else {
      value = in.get<T>();
    }
    return true;
  }
};
} // namespace

template <class Self, class Visit>
bool daemon::visit(Self& d, Visit v) {
  bool ok = v(d.last_heard_) && v(d.silence_from_) && v(d.anchor_) && v(d.clock_) &&
            v(d.last_sent_) && v(d.raised_) && v(d.former_present_) && v(d.uptime_) &&
            v(d.clients_) && v(d.record_limit_) && v(d.heartbeats_) && v(d.heard_through_) &&
            v(d.recent_through_) && v(d.unsighted_) && v(d.sighted_) && v(d.beats_) &&
            v(d.reliability_s_) && v(d.vantage_) && v(d.misses_said_) && v(d.skewed_) &&
            v(d.suppressing_) && v(d.announced_) && v(d.member_changed_) && v(d.stopped_) &&
            v(d.expected_) && v(d.unknown_) && v(d.suppression_advised_) && v(d.advisories_only_) &&
            v(d.version_) && v(d.inventory_limit_) && v(d.missed_) && v(d.resets_) &&
            v(d.suppressed_) && v(d.skew_s_) && v(d.first_heard_) && v(d.restarted_at_) &&
            v(d.gap_from_) && v(d.inventory_at_) && v(d.inventory_wait_);
  for (auto& n : d.former_) ok = ok && v(n);
  for (auto* w : {&d.outbound_, &d.inbound_})
    ok = ok && v(w->recent) && v(w->over_warning) && v(w->over_critical) && v(w->under_critical) &&
         v(w->held) && v(w->percent) && v(w->expected_s) && v(w->packets) && v(w->repeated);
  return ok;
}

void daemon::save(writer& out) const {
  out.put(snapshot_version);
  out.put(host());
  out.put(service());
  out.put(std::string_view{network_});
  out.put(born_);
  visit(*this, saver{out});
  out.put(static_cast<std::uint8_t>((trouble_ ? 1 : 0) | (history_ ? 2 : 0)));
  if (trouble_) trouble_->save(out);
  if (history_) history_->save(out);
}

result<daemon> daemon::load(reader& in, std::shared_ptr<const daemon_rules> rules) {
  const auto version = in.get<std::uint8_t>();
  if (!in.ok()) return fail(errc::truncated, "snapshot of a daemon is empty; it starts anew");
  if (version != snapshot_version)
    return fail(errc::version, "snapshot of a daemon has version " + std::to_string(version) +
                                   ", we read " + std::to_string(snapshot_version) +
                                   "; it starts anew");
  const std::string host = in.get_text(), service = in.get_text(), network = in.get_text();
  daemon d{host, service, network, std::move(rules), in.get_time()};
  bool ok = visit(d, loader{in});
  const auto parts = in.get<std::uint8_t>();
  if (ok && parts & 1) ok = d.in_trouble().load(in);
  if (ok && parts & 2) {
    d.history_ = std::make_unique<client_history>();
    ok = d.history_->load(in);
  }
  std::uint32_t listed = 0;
  if (d.trouble_)
    for (const trouble::raised_symptom& s : d.trouble_->raised)
      listed |= 1u << static_cast<unsigned>(s.kind);
  if (!in.ok())
    return fail(errc::truncated,
                "snapshot of daemon " + d.subject_ + " is cut off; it starts anew");
  if (!ok || parts > 3 || listed != d.raised_ || d.raised_ & ~kinds_mask)
    return fail(errc::malformed,
                "snapshot of daemon " + d.subject_ + " is damaged; it starts anew");
  if (!d.rules_->forecast.enabled) d.history_.reset();
  d.arm_liveness(); // the rules may have changed since
  d.rearm();
  return d;
}

} // namespace tocsin

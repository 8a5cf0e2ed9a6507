// A daemon's counters against its rules: data loss, clients, retransmissions, suppressed requests,
// clock.
#include <algorithm>
#include <cmath>

#include "core/daemon.hpp"
#include "core/daemon_trouble.hpp"
#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
/// Counters beyond 2^63 cannot come from a daemon; signed numbers convert faster.
double real(std::uint64_t n) { return static_cast<double>(clamp_signed(n)); }

/// part / whole >= percent / 100, exact for whole percents below 2^53 / 100.
struct share {
  double part_hundredfold, whole;
  share(std::uint64_t part, std::uint64_t of)
      : part_hundredfold(real(part) * 100), whole(real(of)) {}
  bool reaches(double percent) const { return part_hundredfold >= whole * percent; }
};

void count(std::uint8_t& in_a_row, bool yes) {
  if (!yes) {
    in_a_row = 0;
  } else if (in_a_row < 255) {
    ++in_a_row;
  }
}

/// A rule's "so many in a row", as far as we count.
std::uint8_t row(std::uint32_t wanted) {
  return static_cast<std::uint8_t>(std::clamp(wanted, 1u, 255u));
}

std::uint32_t small(std::uint64_t n) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(n, ~0u));
}
} // namespace

void daemon::judge(const record& r, effects& out) {
  judge_loss(side::inbound, r, out);
  judge_loss(side::outbound, r, out);
  judge_clients(r, out);
  judge_retransmissions(side::outbound, r, out);
  judge_retransmissions(side::inbound, r, out);
  judge_suppression(r, out);
  judge_forecast(r, out);
  judge_clock(r, out);
}

void daemon::judge_loss(side s, const record& r, effects& out) {
  const bool inbound = s == side::inbound;
  const symptom_kind kind = kind_of_loss(inbound);
  bool known = false;
  const std::uint64_t lost =
      growth(r, inbound ? counter::lost_inbound : counter::lost_outbound, known);
  if (lost > 0) {
    lose(s, lost, {}, false, r.at, out);
  } else if (is(kind)) {
    const data_loss_rule& rule = rules_->data_loss;
    trouble::loss_episode& l = trouble_->losses[static_cast<std::size_t>(s)];
    const bool over = rule.quiet == duration{0} && (known || l.by_counter == 0);
    if (over || !rule.enabled) return clear(kind, r.at, out);
    // The rule may have changed while we were away.
    if (rule.quiet > duration{0} && l.quiet_at == never) l.quiet_at = later(r.at, rule.quiet);
  }
}

void daemon::lose(side s, std::uint64_t lost, std::string_view peer, bool advisory, timestamp at,
                  effects& out) {
  const data_loss_rule& rule = rules_->data_loss;
  const symptom_kind kind = kind_of_loss(s == side::inbound);
  if (!rule.enabled) return clear(kind, at, out);
  trouble::loss_episode& l = in_trouble().losses[static_cast<std::size_t>(s)];
  std::uint64_t& total = advisory ? l.by_advisory : l.by_counter;
  total = total + lost < total ? ~std::uint64_t{0} : total + lost;
  l.last = at;
  l.quiet_at = rule.quiet > duration{0} ? later(at, rule.quiet) : never;
  peer = peer.substr(0, limits::host_bytes_max);
  bool new_peer = !peer.empty() && std::find(l.peers.begin(), l.peers.end(), peer) == l.peers.end();
  if (new_peer && l.peers.size() == trouble::loss_episode::peers_max) {
    if (l.peers_more < ~0u) ++l.peers_more;
    new_peer = false;
  }
  if (new_peer) l.peers.emplace_back(peer);
  if (!is(kind)) {
    raise(kind, severity::critical, at, out);
  } else if (new_peer) {
    change(kind, severity::critical, at, out);
  }
}

std::uint64_t daemon::client_limit() const {
  return record_limit_      ? record_limit_
         : inventory_limit_ ? inventory_limit_
                            : rules_->clients.limit;
}

void daemon::judge_clients(const record& r, effects& out) {
  constexpr symptom_kind high = symptom_kind::clients_high,
                         critical = symptom_kind::clients_critical;
  if (r.has(counter::client_limit)) record_limit_ = r.get(counter::client_limit);
  if (!r.has(counter::clients)) return;
  clients_ = r.get(counter::clients);
  const clients_rule& rule = rules_->clients;
  if (!rule.enabled) {
    clear(high, r.at, out);
    return clear(critical, r.at, out);
  }
  const std::uint64_t limit = client_limit();
  if (limit == 0) return;
  const share taken{clients_, limit};
  if (taken.reaches(rule.warning_percent)) {
    raise(high, severity::warning, r.at, out);
  } else if (is(high) && !taken.reaches(rule.clear_below_percent)) {
    clear(high, r.at, out);
  }
  if (rule.critical_percent > 0 && taken.reaches(rule.critical_percent)) {
    raise(critical, severity::critical, r.at, out);
  } else if (is(critical)) {
    const double back = rule.critical_percent - (rule.warning_percent - rule.clear_below_percent);
    if (!(rule.critical_percent > 0) || !taken.reaches(back)) clear(critical, r.at, out);
  }
}

/// Raised when the limit is likely to be reached and the drift is no accident; over when it has
/// become unlikely, or when the limit is reached: then there is nothing left to foretell.
/// clients_high does not end it: the time that is left matters most then.
void daemon::judge_forecast(const record& r, effects& out) {
  constexpr symptom_kind kind = symptom_kind::clients_limit_forecast;
  const forecast_rule& rule = rules_->forecast;
  if (!rule.enabled) {
    if (is(kind)) clear(kind, r.at, out);
    return;
  }
  if (!history_) history_ = std::make_unique<client_history>();
  const std::uint32_t clients = r.has(counter::clients)
                                    ? std::min(small(clients_), client_history::unknown - 1)
                                    : client_history::unknown;
  // Half of the horizon is looked back on.
  if (!history_->push(r.at, clients, outbound_.percent, inbound_.percent, rule.horizon / 2)) return;
  const std::uint64_t limit = client_limit();
  if (limit == 0 || clients == client_history::unknown) return;
  if (clients_ >= limit) return clear(kind, r.at, out, {{"reached", true}});
  if (!is(kind) && !may_reach_limit(*history_, limit, rule.horizon)) return;
  auto f = forecast_limit(*history_, limit, rule.horizon, rule.samples_min);
  if (!f) return;
  if (is(kind)) {
    add_quantiles(*f);
    trouble_->forecast = *f;
    if (f->recent_probability < rule.clear_probability) clear(kind, r.at, out);
  } else if (f->significant && f->probability >= rule.raise_probability &&
             f->recent_probability >= rule.clear_probability) {
    add_quantiles(*f);
    in_trouble().forecast = *f;
    raise(kind, severity::warning, r.at, out);
  }
}

void daemon::judge_retransmissions(side s, const record& r, effects& out) {
  const bool inbound = s == side::inbound;
  const retransmission_rule& rule =
      inbound ? rules_->retransmission_inbound : rules_->retransmission_outbound;
  const symptom_kind kind =
      inbound ? symptom_kind::retransmission_inbound : symptom_kind::retransmission_outbound;
  rate_watch& w = inbound ? inbound_ : outbound_;
  if (!rule.enabled) {
    if (is(kind)) clear(kind, r.at, out);
    return;
  }
  bool packets_known = false, repeated_known = false, suppressed_known = false;
  const std::uint64_t packets =
      growth(r, inbound ? counter::packets_received : counter::packets_sent, packets_known);
  const std::uint64_t repeated =
      growth(r, inbound ? counter::missed : counter::retransmitted, repeated_known);
  if (!packets_known || !repeated_known || packets < std::max<std::uint64_t>(rule.packets_min, 1))
    return;
  const share bad{repeated, packets};
  const double percent = bad.part_hundredfold / bad.whole;
  w.percent = static_cast<float>(percent);
  w.packets = small(packets);
  w.repeated = small(repeated);
  w.recent.push(percent);
  if (!is(kind) && !bad.reaches(rule.warning_percent)) {
    w.over_warning = w.over_critical = w.under_critical = 0;
    return;
  }
  const bool critical = rule.critical_percent > 0 && bad.reaches(rule.critical_percent);
  count(w.over_warning, bad.reaches(rule.warning_percent));
  count(w.over_critical, critical);
  count(w.under_critical, !critical);
  if (!is(kind)) {
    if (w.over_warning < row(rule.intervals)) return;
  } else if (!bad.reaches(rule.clear_below_percent)) {
    // A receiver that is no longer answered repeats its requests in vain: fewer repeats are no
    // recovery.
    const bool suppressed =
        suppression_advised_ ||
        growth(r, inbound ? counter::suppressed_inbound : counter::suppressed_outbound,
               suppressed_known) > 0;
    w.held = suppressed;
    if (!suppressed) {
      clear(kind, r.at, out);
      w.expected_s = -1;
      return;
    }
  } else {
    w.held = false;
  }
  if (!is(kind)) {
    // First what is; what is to come is said as a change.
    const bool now = rule.critical_percent > 0 && w.over_critical >= row(rule.intervals);
    return raise(kind, now ? severity::critical : severity::warning, r.at, out);
  }
  const severity before = level_of(kind);
  const double interval_s = to_seconds(between(last_heard_, r.at));
  const severity level = retransmission_level(w, rule, percent, interval_s, before);
  if (level != before) change(kind, level, r.at, out);
}

/// Critical when the rate is, or when its trend will be within half an hour: then data loss is
/// near. Back to warning when the rate is below and no longer rises.
severity daemon::retransmission_level(rate_watch& w, const retransmission_rule& rule,
                                      double percent, double interval_s, severity now) const {
  constexpr double foresight_s = 30 * 60;
  w.expected_s = -1;
  if (!(rule.critical_percent > 0)) return severity::warning;
  const loss_trend trend = trend_of(w.recent);
  if (trend.rising && trend.slope > 0) {
    const double left_s =
        std::max(0.0, (rule.critical_percent - percent) / trend.slope) * interval_s;
    if (left_s <= foresight_s) w.expected_s = static_cast<float>(std::round(left_s));
  }
  if (w.over_critical >= row(rule.intervals) || w.expected_s >= 0) return severity::critical;
  const bool calmer = w.under_critical >= row(rule.intervals) && trend.slope <= 0;
  return calmer ? severity::warning : now;
}

/// For verdicts that only get worse while they are raised.
void daemon::raise_or_change(symptom_kind kind, severity level, timestamp at, effects& out) {
  if (!is(kind)) {
    raise(kind, level, at, out);
  } else if (level > level_of(kind)) {
    change(kind, level, at, out);
  }
}

void daemon::judge_suppression(const record& r, effects& out) {
  constexpr symptom_kind kind = symptom_kind::hidden_loss;
  bool in_known = false, out_known = false;
  const std::uint64_t n = growth(r, counter::suppressed_inbound, in_known) +
                          growth(r, counter::suppressed_outbound, out_known);
  const bool growing = n > 0 || suppression_advised_;
  if (!growing && suppressing_ == 0) return;
  suppression_advised_ = false;
  if (growing && rules_->hidden_loss.enabled) {
    count(suppressing_, true);
    suppressed_ = small(n);
    advisories_only_ = !in_known && !out_known;
    if (suppressing_ >= row(rules_->hidden_loss.intervals))
      raise(kind, severity::warning, r.at, out);
  } else if (in_known || out_known || advisories_only_ || !rules_->hidden_loss.enabled) {
    suppressing_ = 0;
    clear(kind, r.at, out);
    if (trouble_) trouble_->suppressed_peer.clear();
  }
}

void daemon::judge_clock(const record& r, effects& out) {
  constexpr symptom_kind kind = symptom_kind::clock_skew;
  const clock_skew_rule& rule = rules_->clock_skew;
  if (!rule.enabled) {
    if (is(kind)) clear(kind, r.at, out);
    return;
  }
  if (r.timed_by == time_source::message || r.sent_at == unset) return;
  const duration apart = r.at > r.sent_at ? between(r.sent_at, r.at) : between(r.at, r.sent_at);
  // What only came late is no wrong clock.
  const double skew = (r.at > r.sent_at ? to_seconds(apart) : -to_seconds(apart)) - static_cast<double>(r.moved_s);
  count(skewed_, std::abs(skew) > to_seconds(rule.limit));
  skew_s_ = static_cast<float>(skew);
  if (skewed_ == 0 && is(kind)) {
    clear(kind, r.at, out);
  } else if (skewed_ >= row(rule.heartbeats)) {
    raise(kind, severity::warning, r.at, out);
  }
}

} // namespace tocsin

// Machine: one TIB/RV daemon on one service. Judges itself: liveness, data loss, clients,
// retransmissions, clock. Pure: time comes with the input.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/client_forecast.hpp"
#include "core/effect.hpp"
#include "core/limits.hpp"
#include "core/liveness.hpp"
#include "core/loss_trend.hpp"
#include "core/record.hpp"
#include "core/rules.hpp"

namespace tocsin {

enum class liveness_state : std::uint8_t { unknown, alive, late, lost, stopped, missing };
std::string_view to_text(liveness_state state);

class daemon;

/// The daemons of one host, so that a restart can be told from a reboot. Kept by the driver; all
/// daemons of a host live in one shard.
struct host_peers {
  std::vector<const daemon*> daemons;
};

/// What the API and the CLI show of a daemon.
struct daemon_status {
  std::string subject, host, service, network, version;
  liveness_state state = liveness_state::unknown;
  timestamp first_heard = unset, last_heard = unset, due = never;
  double period_s = 0, jitter_s = 0, loss_rate = 0;
  std::uint64_t heartbeats = 0, misses = 0, resets = 0;
  std::uint64_t uptime_s = 0, clients = 0, client_limit = 0;
  double retransmission_outbound_percent = 0, retransmission_inbound_percent = 0;
  std::uint64_t lost_inbound = 0, lost_outbound = 0;
  std::vector<symptom> symptoms; ///< raised now
  struct point {
    timestamp at;
    double clients, out_percent, in_percent;
  };
  std::vector<point> history;
};

class daemon {
public:
  /// `born`: the time of the first record about it, or of the start for one that is only expected.
  daemon(std::string_view host, std::string_view service, std::string_view network,
         std::shared_ptr<const daemon_rules> rules, timestamp born);
  daemon(daemon&&) noexcept;
  daemon& operator=(daemon&&) noexcept;
  ~daemon();

  /// Applies a record about this daemon, or a sight record of a vantage point. The driver has
  /// called advance(r.at) before. `peers` may be null.
  void apply(const record& r, const host_peers* peers, effects& out);
  /// Fires every deadline strictly before `now`, in order, each stamped with its own time: a record
  /// that arrives exactly at a deadline is in time.
  void advance(timestamp now, effects& out) {
    while (next_ < now) fire(out);
  }
  /// Earliest deadline, or `never`.
  timestamp next_deadline() const { return next_; }

  /// Expected by the inventory: inventory_missing is raised `wait` after birth unless heard before.
  void expect(duration wait);
  /// Not in a configured inventory: raises inventory_unknown with the first heartbeat.
  void mark_unknown();
  /// Limit from the inventory; wins over the rules, a record's own limit wins over both. 0 = none.
  void set_client_limit(std::uint64_t limit);
  /// New rules count from now on. A deadline that would have been earlier under them fires at
  /// `now`, or, without it, at the last record or deadline.
  void set_rules(std::shared_ptr<const daemon_rules> rules, timestamp now = unset);

  std::string_view host() const { return std::string_view{subject_}.substr(4, host_size_); }
  std::string_view service() const { return std::string_view{subject_}.substr(5 + host_size_); }
  const std::string& subject() const { return subject_; }
  std::string segment() const;
  timestamp last_heard() const { return last_heard_; }
  timestamp restarted_at() const {
    return restarted_at_;
  }                               ///< start of its present life, if it fell; else unset
  timestamp silent_since() const; ///< last heard while late, lost or stopped; else `never`
  daemon_status status() const;

  void save(writer& out) const;
  static result<daemon> load(reader& in, std::shared_ptr<const daemon_rules> rules);

private:
  enum class side : std::uint8_t { inbound, outbound };
  /// The cumulative counters lie together in a record, from messages_sent to suppressed_outbound.
  static constexpr std::size_t first_cumulative = static_cast<std::size_t>(counter::messages_sent);
  static constexpr std::size_t cumulative_count =
      static_cast<std::size_t>(counter::suppressed_outbound) - first_cumulative + 1;
  static constexpr std::uint32_t cumulative_mask = ((1u << cumulative_count) - 1)
                                                   << first_cumulative;

  /// Retransmissions of one direction.
  struct rate_watch {
    rate_window recent;
    std::uint8_t over_warning = 0, over_critical = 0, under_critical = 0; ///< intervals in a row
    bool held = false;     ///< would have been cleared, but requests are suppressed
    float percent = 0;     ///< last judged interval
    float expected_s = -1; ///< data loss foreseen in so long; negative = not
    std::uint32_t packets = 0, repeated = 0; ///< last judged interval
  };
  struct trouble; ///< what only a daemon with a symptom or a recent restart needs

  // daemon.cpp: dispatch and deadlines
  void fire(effects& out);
  void fire_liveness(timestamp at, effects& out);
  void fire_trouble(timestamp at, effects& out);
  void arm_liveness();
  void rearm();
  timestamp silence_base() const {
    return last_heard_ > silence_from_ ? last_heard_ : silence_from_;
  }
  bool is(symptom_kind kind) const { return raised_ >> static_cast<unsigned>(kind) & 1u; }
  trouble& in_trouble();
  void say(symptom_kind kind, symptom_state state, severity level, timestamp since, timestamp at,
           evidence facts, effects& out) const;
  void raise(symptom_kind kind, severity level, timestamp at, effects& out);
  void change(symptom_kind kind, severity level, timestamp at, effects& out);
  void clear(symptom_kind kind, timestamp at, effects& out, evidence more = {});
  severity level_of(symptom_kind kind) const;

  // daemon_sight.cpp: vantage points and inventory
  bool blind() const {
    if (heard_through_) return !(heard_through_ & ~unsighted_);
    return unsighted_ && !sighted_; // never heard: any vantage point that sees might be the one
  }
  static std::uint64_t bit_of(std::uint8_t vantage) {
    return std::uint64_t{1} << (vantage % limits::vantages_max);
  }
  void through(std::uint8_t vantage, timestamp at) {
    const std::uint64_t bit = bit_of(vantage);
    recent_through_ |= bit;
    if (!(heard_through_ & bit & ~unsighted_)) first_through(bit, at);
  }
  void first_through(std::uint64_t bit, timestamp at);
  void sight_back(timestamp at);
  void forget_quiet_vantages();
  void sight_lost(const record& r, effects& out);
  void sight_regained(const record& r);

  // daemon_life.cpp: heartbeats, stops, starts, restarts
  void heartbeat(const record& r, const host_peers* peers, effects& out);
  void host_start(const record& r, const host_peers* peers, effects& out);
  void host_stop(const record& r, effects& out);
  bool is_copy(const record& r) const;
  bool is_stale(const record& r) const;
  bool fell(const record& r) const;
  void heard(const record& r, effects& out);
  void describe(const record& r, effects& out);
  void restarted(const record& r, const host_peers* peers, bool announced, effects& out);
  bool host_rebooted(timestamp start, timestamp at, const host_peers* peers) const;
  bool overdue(timestamp at) const;
  void learn(timestamp at);
  void remember(const record& r);

  // daemon_judgement.cpp: counters against rules
  void judge(const record& r, effects& out);
  void judge_loss(side s, const record& r, effects& out);
  void lose(side s, std::uint64_t lost, std::string_view peer, bool advisory, timestamp at,
            effects& out);
  void judge_clients(const record& r, effects& out);
  void judge_forecast(const record& r, effects& out);
  void judge_retransmissions(side s, const record& r, effects& out);
  void raise_or_change(symptom_kind kind, severity level, timestamp at, effects& out);
  severity retransmission_level(rate_watch& w, const retransmission_rule& rule, double percent,
                                double interval_s, severity now) const;
  void judge_suppression(const record& r, effects& out);
  void judge_clock(const record& r, effects& out);
  std::uint64_t client_limit() const;
  /// Growth of a counter since the last heartbeat; 0 when it cannot be told, then `known` is false.
  std::uint64_t growth(const record& r, counter c, bool& known) const {
    const auto i = static_cast<std::size_t>(c);
    known = (r.present & former_present_) >> i & 1u;
    return known ? r.values[i] - former_[i - first_cumulative] : 0;
  }

  // daemon_state.cpp: one list of members for saving and loading
  template <class Self, class Visit>
  static bool visit(Self& self, Visit visit);

  // daemon_evidence.cpp
  evidence facts(symptom_kind kind, timestamp at) const;
  evidence silence_facts(timestamp at) const;
  evidence restart_facts() const;
  evidence forecast_facts() const;
  evidence loss_facts(side s) const;
  evidence rate_facts(side s) const;

  // Every heartbeat touches these.
  timestamp next_ = never;
  timestamp last_heard_ = unset;
  timestamp silence_from_ = unset; ///< silence counts from here when we were blind until then
  timestamp anchor_ = unset; ///< last beat on the rhythm; unset = the next gap teaches nothing
  timestamp liveness_at_ = never;
  timestamp clock_ = unset;     ///< last record or deadline
  timestamp last_sent_ = unset; ///< the message's own time
  std::shared_ptr<const daemon_rules> rules_;
  std::unique_ptr<trouble> trouble_;
  std::unique_ptr<client_history> history_;
  std::uint32_t raised_ = 0;
  std::uint32_t former_present_ = 0; ///< bits as in record::present
  std::array<std::uint64_t, cumulative_count> former_{};
  std::uint64_t uptime_ = 0, clients_ = 0, record_limit_ = 0;
  std::uint64_t heartbeats_ = 0;
  std::uint64_t heard_through_ = 0, recent_through_ = 0, unsighted_ = 0,
                sighted_ = 0; ///< a bit per vantage
  beat_model beats_;
  float reliability_s_ = 0;
  std::uint8_t vantage_ = 0; ///< of the last heartbeat that counted
  std::uint8_t misses_said_ = 0;
  std::uint8_t skewed_ = 0, suppressing_ = 0; ///< heartbeats, intervals in a row
  bool announced_ = false, member_changed_ = false, stopped_ = false;
  bool expected_ = false, unknown_ = false;
  bool suppression_advised_ = false, advisories_only_ = false;
  std::uint32_t host_size_ = 0;
  std::string version_, network_;
  rate_watch outbound_, inbound_;
  std::string subject_;

  std::uint64_t inventory_limit_ = 0, missed_ = 0;
  std::uint32_t resets_ = 0, suppressed_ = 0; ///< suppressed requests of the last interval
  float skew_s_ = 0;
  timestamp born_ = unset, first_heard_ = unset, restarted_at_ = unset;
  timestamp gap_from_ = unset; ///< last heard in its former life
  timestamp inventory_at_ = never;
  duration inventory_wait_{0};
};

} // namespace tocsin

// Machine: one TIB/RV daemon on one service. Judges itself: liveness, data loss, clients,
// retransmissions, clock. Pure: time comes with the input.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/effect.hpp"
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
  struct point { timestamp at; double clients, out_percent, in_percent; };
  std::vector<point> history;
};

class daemon {
public:
  /// `born`: the time of the first record about it, or of the start for one that is only expected.
  daemon(std::string_view host, std::string_view service, std::string_view network,
         std::shared_ptr<const daemon_rules> rules, timestamp born);

  /// Applies a record about this daemon, or a sight record of a vantage point. The driver has called
  /// advance(r.at) before. `peers` may be null.
  void apply(const record& r, const host_peers* peers, effects& out);
  /// Fires every deadline strictly before `now`, in order, each stamped with its own time: a record
  /// that arrives exactly at a deadline is in time.
  void advance(timestamp now, effects& out);
  /// Earliest deadline, or `never`.
  timestamp next_deadline() const { return next_; }

  /// Expected by the inventory: inventory_missing is raised `wait` after birth unless heard before.
  void expect(duration wait);
  /// Not in a configured inventory: raises inventory_unknown with the first heartbeat.
  void mark_unknown();
  /// Limit from the inventory; wins over the rules, a record's own limit wins over both.
  void set_client_limit(std::uint64_t limit);
  void set_rules(std::shared_ptr<const daemon_rules> rules);

  std::string_view host() const { return host_; }
  std::string_view service() const { return service_; }
  const std::string& subject() const { return subject_; }
  std::string segment() const;
  timestamp last_heard() const { return last_heard_; }
  timestamp restarted_at() const { return restarted_at_; } ///< start of its present life, if it fell; else unset
  timestamp silent_since() const; ///< last heard while late, lost or stopped; else `never`
  daemon_status status() const;

  void save(writer& out) const;
  static result<daemon> load(reader& in, std::shared_ptr<const daemon_rules> rules);

private:
  std::string host_, service_, network_, subject_;
  timestamp next_ = never, last_heard_ = unset, restarted_at_ = unset;
};

} // namespace tocsin

// Every threshold of the judgement, with its default, unit and range. Filled by config, resolved per daemon.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/symptom.hpp"
#include "core/time.hpp"

namespace tocsin {

/// Heartbeat expectation. `learned`: period, jitter and loss are learned per daemon and a loss is
/// declared when the fleet's false-alarm budget allows it. `fixed`: lost exactly `lost_after` of silence.
struct heartbeat_rule {
  enum class mode_t : std::uint8_t { learned, fixed };
  bool enabled = true;
  mode_t mode = mode_t::learned;
  duration period = 90s;        ///< expected before anything is learned; > 0
  duration late_after = 0s;     ///< fixed mode; 0 = never said
  duration lost_after = 280s;   ///< fixed mode; > 0
  double false_alarms_per_week = 1; ///< budget of the whole fleet; > 0
  std::uint32_t fleet = 500;    ///< daemons the budget is shared by; >= 1
  std::uint32_t misses_min = 2; ///< never lost on fewer missed beats; >= 2
  std::uint32_t misses_max = 6; ///< always lost after that many; >= misses_min
  duration restart_hold = 10min;///< how long daemon_restarted and host_rebooted stay raised
  duration reboot_gap_min = 45s;///< a host cannot reboot faster
};

struct data_loss_rule {
  bool enabled = true;
  duration quiet = 10min; ///< cleared after so long without a further loss; 0 = by the next heartbeat without one
};

struct clients_rule {
  bool enabled = true;
  std::uint64_t limit = 0;         ///< clients a daemon can take; 0 = unknown (a record may carry it)
  double warning_percent = 80;     ///< of the limit, 0 to 100
  double critical_percent = 95;    ///< 0 = off
  double clear_below_percent = 75; ///< clears clients_high; clients_critical clears below critical - (warning - clear)
};

struct forecast_rule {
  bool enabled = true;
  duration horizon = 4h;      ///< how far ahead the limit is looked for
  double raise_probability = 0.9;
  double clear_probability = 0.5;
  std::uint32_t samples_min = 8; ///< heartbeats before the first forecast
};

/// Packets repeated (outbound) or missed (inbound) against packets, over the interval between heartbeats.
struct retransmission_rule {
  bool enabled = true;
  double warning_percent = 1;
  double critical_percent = 5;  ///< 0 = off
  double clear_below_percent = 1;
  std::uint64_t packets_min = 1000; ///< intervals with fewer packets are not judged; >= 1
  std::uint32_t intervals = 2;  ///< in a row before it is raised; >= 1
};

struct hidden_loss_rule {
  bool enabled = true;
  std::uint32_t intervals = 2; ///< in a row with suppressed requests
};

struct clock_skew_rule {
  bool enabled = true;
  duration limit = 5s;
  std::uint32_t heartbeats = 3; ///< in a row
};

struct daemon_rules {
  heartbeat_rule heartbeat;
  data_loss_rule data_loss;
  clients_rule clients;
  forecast_rule forecast;
  retransmission_rule retransmission_outbound;
  retransmission_rule retransmission_inbound{.warning_percent = 0.1, .critical_percent = 1, .clear_below_percent = 0.1};
  hidden_loss_rule hidden_loss;
  clock_skew_rule clock_skew;
};

/// A daemon that ought to be there.
struct expected_daemon {
  std::string host;
  std::string service = "7500";
  std::string network;
  std::uint64_t client_limit = 0; ///< 0 = by the rules
  std::vector<std::pair<std::string, std::string>> labels; ///< location, group, category …
};

/// How a segment's group correlates.
struct group_rules {
  duration wait = 30s;              ///< symptoms that may belong together are awaited so long
  duration close_after = 60s;       ///< calm before an incident closes
  double silent_share = 0.8;        ///< of the members, for segment_silent
  std::uint32_t silent_members_min = 2;
  std::uint32_t storm_members_min = 3; ///< daemons with loss symptoms that make one storm
  duration storm_window = 5min;
  duration sight_grace = 5s;        ///< a link that is back within it is not said
  bool config_drift = true;
  std::uint32_t drift_members_min = 3; ///< no majority among fewer
};

/// The rules of every daemon: global, then by pattern in order, then per daemon.
class rule_book {
public:
  struct pattern {
    std::string match; ///< glob over "rvd/<host>/<service>", '*' and '?'
    std::shared_ptr<const daemon_rules> rules;
  };
  rule_book();
  std::shared_ptr<const daemon_rules> resolve(std::string_view host, std::string_view service) const;
  const expected_daemon* expected(std::string_view host, std::string_view service) const;

  std::shared_ptr<const daemon_rules> global;
  std::vector<pattern> patterns; ///< the last match wins; each is already merged over what it overrides
  std::vector<expected_daemon> inventory; ///< empty = newcomers are not reported
  duration inventory_wait = 300s;  ///< from start to inventory_missing
  group_rules groups;
  std::string version;   ///< hash of the configuration it came from
};

bool glob_match(std::string_view pattern, std::string_view text);

} // namespace tocsin

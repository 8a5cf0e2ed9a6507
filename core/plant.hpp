// A simulated fleet of Rendezvous daemons with faults, for scenarios, the demo and tests: the same
// options and faults give the same records, however they are fetched.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/record.hpp"

namespace tocsin {

/// Daemons on one service and network, one per host. Two fleets may share hosts and segments.
struct fleet_options {
  std::uint32_t daemons = 24; ///< 1 to limits::daemons_max in all fleets together
  std::string
      first_host; ///< the others follow it, skipping .0 and .255; empty = 10.<fleet number>.0.1
  std::string service = "7500";
  std::string network;
  duration period = 90s;      ///< between heartbeats, >= 1 ms
  duration jitter = 50ms;     ///< standard deviation of a heartbeat's moment, below period / 10
  double loss = 0;            ///< share of heartbeats lost on their way, 0 to 1
  std::uint32_t clients = 20; ///< usual number of clients of a daemon
  std::string version = "8.7.0";
  double reliability_s = 60; ///< rli
  std::uint8_t vantage = 0;  ///< through which we hear them
  std::uint64_t seed = 1;
};

/// A vantage point. Loss and retransmission advisories are shown by a daemon to its own clients
/// only.
struct vantage_options {
  std::string name = "main";
  std::string
      host; ///< the daemon it is connected to; empty = to every daemon, all advisories are seen
};

struct plant_options {
  timestamp start;
  std::vector<fleet_options> fleets;
  std::vector<vantage_options> vantages{{}};
};

enum class fault_kind : std::uint8_t {
  die,             ///< not heard any more; the process lives on
  revive,          ///< heard again, counters went on
  stop,            ///< HOST.STOP, then gone
  start,           ///< HOST.START, a new life with counters and uptime from zero
  restart,         ///< gone without a word for `down`, then a new life
  reboot,          ///< the same for every daemon of the hosts
  silence_segment, ///< nobody of `service`, `network` is heard
  restore_segment,
  break_link,   ///< sight_lost of `vantage`; nothing of it is heard
  restore_link, ///< sight_regained
  leak,  ///< clients grow by `amount` an hour, at most to `up_to`, for `lasts`; then they leave
  storm, ///< `from` repeat packets for `on`: shares grow over `ramp` to `amount`, then data is lost
  suppress,        ///< requests for repetition are suppressed: irrs and orrs grow while rx falls
  reset_counters,  ///< every counter but the uptime starts again from zero
  skew_clock,      ///< the daemon's own clock is `amount` seconds ahead
  upgrade,         ///< restart with version `text`, one target `every` so long
  set_reliability, ///< rli becomes `amount`
  lose_heartbeats, ///< share `amount` of the heartbeats is lost, for `lasts`
  join,            ///< new daemons `on` the segment `service`, `network`
};

/// A daemon or, without a service, all daemons of a host.
struct plant_target {
  std::string host;
  std::string service;
};

struct fault {
  fault_kind kind;
  timestamp at;
  std::vector<plant_target> on;
  std::vector<plant_target> from; ///< storm: the senders; empty = the rest of the segment
  duration lasts{0};              ///< 0 = for good
  duration down = 20s;            ///< restart, reboot, upgrade: time without the daemon
  duration ramp = 10min;          ///< storm: from nothing to the peak
  duration every{0};              ///< upgrade
  double amount = 0;
  std::uint64_t up_to = ~std::uint64_t{0};
  bool lossless = false; ///< storm: every repetition succeeds, no data is lost
  std::string text;
  std::string service, network;
  std::uint8_t vantage = 0;
};

class plant {
public:
  /// Bad options (a first_host that is no address, too many daemons) are reported, not repaired.
  static result<plant> make(plant_options o);
  ~plant();
  plant(plant&&) noexcept;
  plant& operator=(plant&&) noexcept;

  /// Faults in the past happen at once. Refuses targets that do not exist at the time of the call;
  /// a join makes them exist.
  result<void> inject(const fault& f);
  /// Appends the records up to and including `until`, in time order, but no more than `most` in
  /// `out` altogether. Returns whether more are waiting.
  bool next(timestamp until, record_batch& out, std::size_t most = ~std::size_t{0});
  /// When the next thing happens (not everything that happens is heard).
  timestamp next_due() const;
  std::size_t size() const; ///< daemons, those that have joined included
  /// Every (host, service) there is, in order of fleets and hosts.
  std::vector<plant_target> daemons() const;

private:
  struct state;
  explicit plant(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

/// Where the `n`-th fleet begins that does not say: "10.<n>.0.1".
std::string default_first_host(std::size_t n);
/// The `k`-th address after `first` whose last number is 1 to 254. Fails when `first` is no IPv4
/// address or the addresses end.
result<std::string> host_after(std::string_view first, std::uint32_t k);

} // namespace tocsin

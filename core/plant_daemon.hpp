// One simulated daemon: its life, its counters and the faults that work on it.
#pragma once

#include <string>
#include <vector>

#include "core/plant.hpp"
#include "core/splitmix.hpp"

namespace tocsin {

/// A share of packets that grows from 0 at `from` over `ramp` to `peak`, and is over at `to`.
struct plant_share {
  timestamp from, to;
  duration ramp;
  double peak;
  double at(timestamp t) const;
};

struct plant_leak {
  timestamp from, to;
  double per_hour;
  std::uint64_t up_to;
};

/// Pure: everything happens at the times it is told.
class plant_daemon {
public:
  /// `seed`: different for every daemon. Its life began before `now` and its counters show it.
  plant_daemon(std::string host, std::uint32_t fleet, const fleet_options& o, std::uint64_t seed,
               timestamp now);

  /// Sets what it receives, which follows from what the others send, and lives up to `now`.
  void settle(double receive_per_s, timestamp now);
  /// Starts a new life: uptime and counters from zero.
  void begin_life(timestamp now);
  /// Lives up to `now`: counters grow with the traffic.
  void live(timestamp now);
  void fill(record& r, record_batch& batch, const fleet_options& o, timestamp now);
  void reset_counters(timestamp now);
  void count_loss(counter which, std::uint64_t n) { values_[static_cast<std::size_t>(which)] += n; }
  /// Whether this heartbeat gets lost on its way. Always costs one number, so that rates do not
  /// shift others.
  bool loses_one(double usual, timestamp now);

  std::string host;
  std::uint32_t fleet;
  splitmix64 random;
  timestamp nominal = unset; ///< of the next heartbeat, before jitter
  std::uint32_t life = 0;    ///< heartbeats of former lives are dropped
  bool running = true;
  bool silent = false;   ///< lives but is not heard
  double send_per_s = 0; ///< packets
  std::string version;
  double reliability_s = 60;
  duration skew{0};
  std::vector<plant_leak> leaks;
  std::vector<plant_share> repeats; ///< share of sent packets that are sent again
  std::vector<plant_share> misses;  ///< share of received packets that are missed
  plant_share suppressed{unset, unset, 0s, 0};
  plant_share lossy{unset, unset, 0s, 0};

private:
  std::uint64_t clients_at(timestamp now) const;
  std::array<std::uint64_t, counter_count> values_{};
  timestamp born_, lived_;
  double receive_per_s_ = 0;
  double bytes_per_message_;
  std::int64_t clients_base_, clients_walk_ = 0;
};

} // namespace tocsin

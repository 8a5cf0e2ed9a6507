// What a plant consists of: its daemons, and everything that is still to happen, in order of time.
#pragma once

#include <array>
#include <deque>
#include <queue>
#include <unordered_map>
#include <utility>

#include "core/limits.hpp"
#include "core/plant_daemon.hpp"

namespace tocsin {

/// Kinds of events; at the same moment faults come first, then heartbeats.
enum class step : std::uint8_t {
  fault_begins,
  life_begins,
  data_lost,
  data_lost_advised,
  heartbeat
};

struct event {
  timestamp at;
  step what;
  std::uint32_t index;      ///< of the daemon; of the storm for data_lost
  std::uint32_t detail = 0; ///< heartbeat: the life it belongs to; fault_begins: the fault
  std::uint64_t order = 0;
  bool operator>(const event& o) const {
    if (at != o.at) return at > o.at;
    if (what != o.what) return what > o.what;
    return what == step::heartbeat && index != o.index ? index > o.index : order > o.order;
  }
};

struct plant_storm {
  std::vector<std::uint32_t> senders, receivers;
  timestamp to;
  splitmix64 random;
  std::uint32_t sender = 0, receiver = 0; ///< of the loss being advised
  std::uint64_t lost = 0;
};

struct plant::state {
  plant_options options;
  std::deque<plant_daemon> daemons;
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_host;
  std::priority_queue<event, std::vector<event>, std::greater<>> events;
  std::deque<fault> faults;
  std::deque<plant_storm> storms;
  std::array<bool, limits::vantages_max> blind{};
  std::vector<std::pair<std::string, std::string>> silent_segments;
  timestamp now;
  std::uint64_t pushed = 0;

  // plant.cpp: the healthy plant
  void populate(std::uint32_t fleet);
  std::uint32_t add(std::uint32_t fleet, std::string host);
  void schedule_heartbeat(std::uint32_t index);
  void push(event e);
  const fleet_options* segment_fleet(std::string_view service, std::string_view network) const;
  bool heard(const plant_daemon& d) const;
  void heartbeat(std::uint32_t index, record_batch& out);
  record& say(record_kind kind, std::uint32_t index, record_batch& out);
  void say_sight(std::uint8_t vantage, bool sighted, record_batch& out);

  // plant_faults.cpp: what can go wrong
  result<std::vector<std::uint32_t>> find(const std::vector<plant_target>& targets) const;
  result<void> inject(fault f);
  result<void> inject_join(const fault& f);
  result<void> check(const fault& f) const;
  void happen(const event& e, record_batch& out);
  void begin_for_plant(const fault& f, std::uint32_t fault_number, record_batch& out);
  void begin_for_daemon(const fault& f, std::uint32_t fault_number, std::uint32_t index,
                        record_batch& out);
  void begin_life(const fault& f, std::uint32_t index, record_batch& out);
  void go_down(std::uint32_t index);
  void begin_storm(const fault& f, std::uint32_t fault_number);
  void lose_data(std::uint32_t storm_number, record_batch& out);
  void advise_sender(std::uint32_t storm_number, record_batch& out);
  void schedule_loss(std::uint32_t storm_number, timestamp after);
  bool advised(const plant_daemon& d) const;
};

} // namespace tocsin

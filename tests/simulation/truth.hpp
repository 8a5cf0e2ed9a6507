// What really happens, and what must be said about it: nothing here knows how Tocsin judges.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/story.hpp"
#include "world.hpp"

namespace tocsin::simulation {

inline constexpr duration heartbeat_period = 5s, lost_after = 12s, group_wait = 3s;

class truth {
public:
  explicit truth(world& w);
  /// The next heartbeat that is heard.
  timestamp next_beat() const { return beats_.empty() ? never : beats_.begin()->first; }
  void beat(); ///< writes it to the input

  /// Compares what was told with what happened. `told`: everything, in order; `w.inbox`: what came through.
  void judge(const story& told) const;
  /// Who is silent for good, so that an incident about it must be open at the end.
  std::set<std::string> silent_for_good() const;
  /// Who fell silent or was heard again so late that nothing need be said of it yet.
  std::set<std::string> in_change() const;

private:
  struct daemon {
    std::string host, network;
    timestamp dies = never, revives = never; ///< not heard between
    std::vector<timestamp> heard;
  };
  std::string subject(const daemon& d) const { return "rvd/" + d.host + "/7500"; }
  void no_false_loss(const story& told) const;
  void every_loss_is_told(const story& told) const;
  timestamp in_time(timestamp due) const;

  world& w_;
  std::vector<daemon> daemons_;
  std::multimap<timestamp, std::size_t> beats_;
};

} // namespace tocsin::simulation

// The daemons of one shard or partition as hosted actors, and the answers to questions about them. Part of the actor that hosts them.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "actors/hosted_actor.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"
#include "core/daemon_table.hpp"

namespace tocsin {

class daemon_host {
public:
  explicit daemon_host(caf::event_based_actor* self) : self_(self) {}

  daemon& adopt(daemon fresh);
  daemon& replace(daemon& broken, daemon fresh, const std::string& why);
  /// `recorder`: keeps the bytes; null: it is only counted.
  void quarantine(const record& r, const std::string& why, const caf::actor& recorder);
  void end_all(const std::string& why);

  caf::result<caf::actor> handle_of(daemon_table& table, const find_daemon& which) const;
  caf::result<status_ptr> answer(hosted_message& m) const;
  static daemon_list list(const daemon_table& table, const list_daemons& question);

  /// Adds what changed since the last call.
  void count(const daemon_table& table, node_metrics& m);

private:
  caf::event_based_actor* self_;
  std::vector<caf::strong_actor_ptr> subjects_;
  std::unordered_map<const daemon*, std::size_t> subject_of_;
  std::size_t daemons_reported_ = 0;
  daemon_table::counts reported_;
};

} // namespace tocsin

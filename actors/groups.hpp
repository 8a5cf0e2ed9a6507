// The host of the correlation groups: waits until every shard has done a step, brings what they said into
// canonical order, lets the groups judge it, and passes the story on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/hosted_actor.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"
#include "core/merge.hpp"

namespace tocsin {

struct groups_options {
  std::uint32_t shards = 1;
  std::shared_ptr<const rule_book> rules;
  alerting_rules receivers;
  std::shared_ptr<node_metrics> metrics;
  bool correlate = true;                ///< false: symptoms only
  std::vector<std::string> vantage_names;
  bool vantages_nested = false;         ///< the first is the input that the others write
  std::shared_ptr<const std::string> snapshot; ///< group state of a former life
  std::function<void(story&&)> tell;    ///< called in canonical order, on this actor
  std::function<void(snapshot_taken&&)> snapshot_done;
  std::function<void(const notification_settled&)> settled; ///< passed on in line with what is told
  std::function<void()> lead_taken;                         ///< the same
};

/// What stands behind a group's handle; the groups themselves live in the table, in one order of time.
struct group_handle {
  std::string name;
};

class groups final : public caf::event_based_actor {
public:
  groups(caf::actor_config& cfg, groups_options options);
  const char* name() const override { return "groups"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  struct pending {
    std::uint32_t said = 0;
    timestamp until = unset, complete = unset;
  };
  struct cut {
    std::uint32_t marks = 0; ///< shards that have come to it
    snapshot_taken all;
  };
  void add(const step_said& s);
  void settle(std::uint64_t number, timestamp until, timestamp complete);
  void add_part(const snapshot_part& part);
  void count(const story& s);
  void name_vantages() { table_.set_vantage_names(options_.vantage_names, options_.vantages_nested); }

  groups_options options_;
  group_table table_;
  merge merge_;
  std::map<std::uint64_t, pending> steps_;
  std::map<std::uint64_t, cut> cuts_;
  std::vector<timestamp> wakes_; ///< by shard
  std::vector<std::string> floods_; ///< receivers in flood mode, as the metrics have them
  std::map<std::string, caf::strong_actor_ptr> handles_;
  caf::actor intake_;
};

} // namespace tocsin

// The actor for one partition of the input: hosts the daemons whose keys hash there.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/daemon_host.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"

namespace tocsin {

struct shard_options {
  daemon_table::partition part;
  std::shared_ptr<const rule_book> rules;
  std::shared_ptr<node_metrics> metrics;
  caf::actor groups;                       ///< told what the subjects say
  caf::actor recorder;                     ///< null: quarantined records are only counted
  timestamp start = unset;                 ///< unset: with the first record
  std::vector<std::shared_ptr<const std::string>> snapshot; ///< daemons of a former life, of all its shards
  std::function<void(const record&)> probe; ///< tests: may throw
};

class shard final : public caf::event_based_actor, private daemon_keeper {
public:
  shard(caf::actor_config& cfg, shard_options options);
  const char* name() const override { return "shard"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  daemon& adopt(daemon fresh) override;
  daemon& replace(daemon& broken, daemon fresh, const std::string& why) override;
  void quarantine(const record& r, const std::string& why) override;
  void apply(const step& s);
  void begin_snapshot(const take_snapshot& cut);
  void continue_snapshot_of(std::uint64_t number, std::size_t most);

  shard_options options_;
  daemon_host host_;
  daemon_table table_;
  std::shared_ptr<effects> said_ = std::make_shared<effects>();
  take_snapshot cut_{0, unset};
  bool started_ = false;
};

} // namespace tocsin

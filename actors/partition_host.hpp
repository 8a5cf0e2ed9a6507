// The actor for one partition of the input that this node owns: hosts its daemons as hosted actors, lets time pass for them, and
// writes what they say to the cluster's log.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/cluster_protocol.hpp"
#include "actors/daemon_host.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"
#include "core/cluster/partition_watch.hpp"
#include "core/log_sight.hpp"

namespace tocsin {

struct partition_host_options {
  std::uint32_t partition = 0, count = 1;
  std::uint8_t vantages = 1;         ///< the input, and who is known to write it
  std::string node;
  std::uint64_t incarnation = 0;
  std::shared_ptr<const rule_book> rules;
  std::shared_ptr<node_metrics> metrics;
  std::shared_ptr<cluster_shared> shared;
  caf::actor recorder;               ///< of what is quarantined; may be null
  cluster_partition known;           ///< what the log says of it at our claim
  std::shared_ptr<const std::string> snapshot; ///< null: there is none
  duration blind_after{60s}, snapshot_every{30s};
  std::function<bool(std::string entry)> write;         ///< into the cluster's log; false: no room now
  std::function<void(std::int64_t offset, std::string bytes, std::function<void(result<void>)> done)> keep; ///< a snapshot
  std::function<void(std::int64_t offset, std::int64_t epoch)> begin;       ///< the input is to be read from there
  std::function<void()> grant;                          ///< one more batch
  std::function<void(std::int64_t next)> commit;        ///< everybody else's tools may know
};

class partition_host final : public caf::event_based_actor, private partition_watch {
public:
  partition_host(caf::actor_config& cfg, partition_host_options options);
  const char* name() const override { return "partition"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  daemon& adopt(daemon fresh) override;
  daemon& replace(daemon& broken, daemon fresh, const std::string& why) override;
  void quarantine(const record& r, const std::string& why) override;
  void take_in(partition_batch& b);
  void look();
  void say(bool progress);
  void flush_unwritten();
  void take_snapshot();
  void send_snapshot();
  void finish();
  void arm();

  partition_host_options options_;
  daemon_host host_;
  log_sight sight_;
  log_sight::look seen_;
  bool moved_ = false, holds_ = true;
  std::deque<std::string> unwritten_; ///< there was no room for them
  std::int64_t covered_ = 0;          ///< of the newest entry
  timestamp said_at_ = unset, began_ = unset, snapshot_at_ = unset;
  std::string snapshot_;              ///< waits until the log has all that is in it
  std::int64_t snapshot_next_ = -1;
  std::int64_t folded_ = -1;          ///< by the log, what we said covers the input before it
  bool keeping_ = false;
  std::vector<caf::response_promise> leaving_;
  std::uint64_t generation_ = 0;
  timestamp armed_ = unset;           ///< when the newest tick is due, by the actors' clock; unset = none is under way
};

} // namespace tocsin

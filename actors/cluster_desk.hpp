// The actor that reads the cluster's log for its node: feeds the correlation groups with it, takes part in who leads, and starts and
// ends the partitions that are ours. It stands where the intake stands in a node by itself.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/clock.hpp"
#include "actors/cluster_link.hpp"
#include "actors/cluster_protocol.hpp"
#include "actors/intake.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"
#include "core/cluster/leadership.hpp"
#include "core/cluster/ownership.hpp"

namespace tocsin {

struct cluster_desk_options {
  std::string node, address, http;
  std::uint64_t incarnation = 0;    ///< at least; one more than any that stands in the log
  double rank = 0;                  ///< 0 to 1, another one for every node
  caf::actor groups, recorder;
  std::shared_ptr<node_metrics> metrics;
  std::shared_ptr<cluster_shared> shared;
  clock_anchor anchor;
  std::shared_ptr<const std::string> fold; ///< of a former life, as it was saved; null: none
  std::function<bool(std::string entry)> write; ///< into the log; false: no room now
  /// The newest snapshot of a partition, or null; told once.
  std::function<void(std::uint32_t partition, std::function<void(std::shared_ptr<const std::string>)> done)> find_snapshot;
  /// A partition of ours, in `parent`'s care.
  std::function<caf::actor(caf::event_based_actor* parent, const cluster_partition& known, std::uint32_t partition, std::uint64_t incarnation,
                           std::shared_ptr<const std::string> snapshot)> host;
  std::function<void()> grant;      ///< a batch of the log is dealt with
  std::function<void(std::size_t source)> grant_source;
  std::function<void(bool leads)> lead; ///< it changed
  std::function<void(std::vector<peer>)> peers;  ///< who is there, by the log
  std::function<void(const std::string& why)> failed; ///< the node cannot go on
  leadership_rules leading;
};

class cluster_desk final : public caf::event_based_actor {
public:
  cluster_desk(caf::actor_config& cfg, cluster_desk_options options);
  const char* name() const override { return "desk"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  struct in_flight {
    std::uint64_t number;                     ///< of the step
    bool last_of_batch;                       ///< then another batch may come
    std::vector<caf::response_promise> done;  ///< orders obeyed with it
  };
  struct owned {
    caf::actor host;   ///< null: its snapshot is being looked for
    std::int64_t epoch;
  };

  void begin();
  void read(const log_read& batch);
  void take_in(const cluster_log_entry& e, bool newest);
  void after_owners_changed();
  void take_over(const snapshot_found& s);
  void give_up(std::uint32_t partition);
  void pass(cluster_fold::step&& s);
  void done(const step_done& d);
  void look();
  void write(decltype(cluster_entry::what) what);
  void flush_unwritten();
  void report(const source_batch& b);
  caf::result<caf::unit_t> obey(const operator_order& o);
  caf::result<caf::unit_t> revoke(const group_revoked& r);
  void snapshot(bool at_once);
  bool is_another_us(const cluster_entry& e);
  void tell_peers();

  cluster_desk_options options_;
  cluster_fold fold_;
  leadership lead_;
  ownership ownership_;
  std::map<std::uint32_t, owned> owned_;
  std::deque<std::string> unwritten_;
  std::deque<in_flight> steps_;
  std::map<std::uint64_t, caf::response_promise> orders_; ///< written, not yet read: by their number
  std::uint64_t order_number_ = 0;
  std::vector<caf::response_promise> idle_, step_orders_;
  std::uint64_t number_ = 0;
  timestamp wake_ = never, passed_ = unset, hello_ = unset;
  bool at_end_ = false, caught_up_ = false, led_ = false, failed_ = false;
  duration snapshot_every_{0};
  std::int64_t snapshot_offset_ = -1;
  std::vector<peer> peers_;
};

} // namespace tocsin

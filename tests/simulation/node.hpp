// One simulated node: the machines of core/cluster and the correlation groups, driven as the actors drive them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "core/cluster/clock.hpp"
#include "core/cluster/fold.hpp"
#include "core/cluster/leadership.hpp"
#include "core/cluster/ownership.hpp"
#include "core/cluster/partition_watch.hpp"
#include "core/group_table.hpp"
#include "core/log_sight.hpp"
#include "log_story.hpp"
#include "world.hpp"

namespace tocsin::simulation {

class node {
public:
  node(world& w, std::uint32_t number, const judgement& by);

  bool alive() const { return life_ != nullptr; }
  const std::string& name() const { return name_; }
  void start();
  void kill();
  void look();    ///< everything a node does now and then
  timestamp next_look() const { return next_look_; }

  const cluster_fold& fold() const { return life_->fold; }
  std::string desk() const;          ///< everything the groups know, to be compared
  const story& told() const { return life_->told; }
  std::vector<std::uint32_t> watched() const; ///< partitions it believes to be its own, and sees
  bool caught_up() const;
  void read_to_end() { read_log(); } ///< once time is over
  std::size_t queued() const { return life_->unwritten.size(); }
  std::size_t pending() const { return life_->outbox.size(); }

private:
  struct owned {
    owned(std::uint32_t number, std::uint32_t count, std::shared_ptr<const rule_book> rules, std::size_t vantages, duration blind_after, timestamp steady)
        : watch(number, count, std::move(rules), static_cast<std::uint8_t>(vantages)), sight(blind_after, steady) {}
    partition_watch watch;
    log_sight sight;
    timestamp progress = unset, snapshot = unset;
    std::uint64_t said = 0;   ///< number of the newest entry of ours about it
    std::uint64_t snapshot_after = 0;
    std::string snapshot_bytes;
  };
  struct unwritten_entry {
    std::uint64_t number;
    std::string bytes;
  };
  struct disk {
    std::string fold, groups;
    std::map<std::string, notification> outbox;
  };
  struct life {
    std::uint64_t incarnation;
    cluster_fold fold;
    group_table groups;
    cluster_clock clock;
    leadership lead;
    ownership owned_by_us;
    std::map<std::uint32_t, std::unique_ptr<owned>> partitions;
    std::deque<unwritten_entry> unwritten;
    std::uint64_t numbers = 0, written = 0;
    std::map<std::string, notification> outbox;
    story told;
    bool joined = false, cut_off = false;
    timestamp settles_until = unset;
    timestamp hello = unset, saved = unset, sending = unset;
  };

  timestamp steady() const;
  bool at_end() const;
  void read_log();
  void take_in(std::int64_t offset, const std::string& bytes);
  void tell(story& s);
  void claims_changed();
  void write(cluster_entry e);
  void send_written();
  void member_of_group();
  void let_go(std::uint32_t partition, bool clean);
  void watch_inputs();
  void read_input(owned& p);
  void say(owned& p, bool progress);
  void take_snapshot(owned& p);
  void deliver();
  void save();

  world& w_;
  std::uint32_t number_;
  std::string name_;
  std::shared_ptr<const rule_book> rules_;
  alerting_rules receivers_;
  std::vector<std::string> vantages_;
  std::unique_ptr<life> life_;
  disk disk_;
  std::uint64_t lives_ = 0;
  duration steady_origin_{0};
  timestamp next_look_ = unset, start_at_ = unset;
};

} // namespace tocsin::simulation

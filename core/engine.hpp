// The machines alone, without actors: one shard, one group table, virtual time. Replay and scenarios
// run on it; the actors do the same with a mailbox in between, and must say the same.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "core/daemon_table.hpp"
#include "core/group_table.hpp"
#include "core/merge.hpp"

namespace tocsin {

/// Gives every record a time that does not decrease. Returns how many had to be moved.
std::uint64_t sequence(record_batch& batch, timestamp& watermark);

class engine final : private daemon_keeper {
public:
  struct options {
    bool groups = true; ///< false: symptoms of daemons only, nothing is correlated
  };
  engine(std::shared_ptr<const rule_book> rules, alerting_rules receivers, options o);

  /// Applies a batch; everything that happened before its last record is said in `out`.
  void feed(record_batch& batch, story& out);
  /// Lets time pass to `until` without input: deadlines up to and including it fire.
  void advance(timestamp until, story& out);
  /// Names for vantage points, by index, for titles and causes.
  void set_vantage_names(std::vector<std::string> names) { groups_.set_vantage_names(std::move(names)); }
  /// Says what happened at the very last moment. Time stands still.
  void finish(story& out);

  timestamp now() const { return watermark_; }
  std::uint64_t moved() const { return moved_; } ///< records that came with an earlier time than the one before
  const daemon_table& daemons() const { return table_; }
  const group_table& groups() const { return groups_; }
  void set_probe(std::function<void(const record&)> p) { probe = std::move(p); }

private:
  daemon& adopt(daemon fresh) override;
  daemon& replace(daemon& broken, daemon fresh, const std::string& why) override;
  void quarantine(const record& r, const std::string& why) override;
  void settle(timestamp complete_until, story& out);

  options options_;
  std::deque<daemon> machines_; ///< a deque keeps addresses
  daemon_table table_;
  group_table groups_;
  merge merge_;
  effects fresh_;
  timestamp watermark_ = unset;
  std::uint64_t moved_ = 0;
};

} // namespace tocsin

// The daemons of one shard: finds the machine of a record, drives it, and keeps everybody's
// deadlines in one timer wheel. Used alike by replay (machines alone) and by the shard actor
// (hosted actors).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/daemon.hpp"
#include "core/saturating.hpp"
#include "core/sight_promises.hpp"
#include "core/timer_wheel.hpp"

namespace tocsin {

/// Who keeps the machines in memory.
class daemon_keeper {
public:
  virtual ~daemon_keeper() = default;
  /// Takes over a new machine; its address stays valid until `replace` or the end.
  virtual daemon& adopt(daemon fresh) = 0;
  /// The machine threw `why`: puts `fresh` in its place.
  virtual daemon& replace(daemon& broken, daemon fresh, const std::string& why) = 0;
  /// The same record crashed its machine twice: it is set aside.
  virtual void quarantine(const record& r, const std::string& why) = 0;
  /// Called with every record before its machine sees it; tests make it throw.
  std::function<void(const record&)> probe;
};

class daemon_table {
public:
  struct partition {
    std::uint32_t index = 0, count = 1; ///< this shard of so many
    bool keyed = false; ///< a partition of a keyed log, not a shard: keys are placed as Kafka places them
  };
  struct counts {
    std::uint64_t records = 0, refused = 0, restarts = 0, quarantined = 0, without_host = 0;
  };

  daemon_table(std::shared_ptr<const rule_book> rules, daemon_keeper& keeper, partition part);

  /// The time before which nothing happened: daemons of the inventory are born now.
  void start(timestamp now, effects& out);
  /// Applies the records at `positions` in order; their times must not decrease over calls.
  void apply(const record_batch& batch, std::span<const std::uint32_t> positions, effects& out);
  void apply(const record_batch& batch, effects& out);
  /// Fires every deadline strictly before `now`.
  void advance(timestamp now, effects& out);
  /// When to call advance at the latest (may be early, never late by more than a tick); `never` =
  /// no deadline.
  timestamp next_wake() const { return std::min(wheel_.next_wake(), later(promises_.due(), duration{1})); }
  /// Of those who wrote the input, who promised to speak again and did not: a bit for each vantage point.
  std::uint64_t broken_promises() const { return promises_.broken(); }
  /// Tells all daemons of a vantage point's sight as if `r` had come, where it is nobody's word: it is we who do not hear, or hear again.
  void see(const record& r, effects& out);
  void suspend_promises() { promises_.suspend(sight_promises::everybody); } ///< none ends until await_promises()
  /// What was promised before they were suspended counts from `now`.
  void await_promises(timestamp now) { promises_.resume(sight_promises::everybody, now); }
  /// Of all vantage points only `whose` may have promised anything; of them `lost` have said that they do not see.
  void keep_promises(std::uint64_t whose, std::uint64_t lost) { promises_.keep(whose, lost); }

  void set_rules(std::shared_ptr<const rule_book> rules);
  std::size_t size() const { return slots_.size(); }
  const counts& totals() const { return counts_; }
  daemon* find(std::string_view host, std::string_view service);
  void for_each(const std::function<void(const daemon&)>& visit) const;
  /// Which shard of `count` owns a host.
  static std::uint32_t shard_of(std::uint64_t key_hash, std::uint32_t count) {
    return count == 1 ? 0 : static_cast<std::uint32_t>(key_hash >> 40) % count;
  }

  void save(writer& out) const;
  /// A snapshot of this moment, taken bit by bit: whoever is about to change is saved first. The same bytes as save()
  /// gives now, but in another order. A cut that is under way is dropped.
  void begin_cut();
  /// Saves at most `most` more daemons; true when all are saved.
  bool continue_cut(std::size_t most);
  std::string take_cut();
  bool cutting() const { return cutting_; }
  /// Adds the daemons of a snapshot that belong to this partition.
  result<void> load(reader& in);

private:
  struct slot {
    daemon* machine;
    std::uint64_t hash;
    std::uint64_t filed; ///< tick under which the wheel holds it; none = not held
    host_peers* peers;
  };
  static constexpr std::uint64_t none = ~std::uint64_t{0};

  bool is_ours(std::uint64_t hash, std::string_view host) const;
  bool speaks_for_all() const { return part_.index == 0 || part_.keyed; }
  std::uint32_t locate(const record& r);
  std::uint32_t insert(daemon fresh, std::uint64_t hash);
  void grow_index();
  template <class At>
  void apply_run(std::size_t count, At at, effects& out);
  template <class At>
  void apply_chunk(std::size_t count, At at, effects& out);
  void apply_one(const record& r, std::uint32_t index, effects& out);
  void recover(const record& r, std::uint32_t index, const std::string& why, effects& out);
  void recovered(const record& r, std::uint32_t index, effects& out);
  void apply_to_many(const record& r, effects& out);
  void break_promises(timestamp now, effects& out);
  void refile(std::uint32_t index);
  void save_one(std::uint32_t index, writer& out) const;
  void save_before_change(std::uint32_t index);
  daemon make(std::string_view host, std::string_view service, std::string_view network,
              timestamp born) const;

  std::shared_ptr<const rule_book> rules_;
  daemon_keeper& keeper_;
  partition part_;
  timer_wheel wheel_;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> index_; ///< open addressing: slot number + 1, 0 = free
  std::uint32_t mask_;
  std::unordered_map<std::string, std::unique_ptr<host_peers>> hosts_;
  std::unordered_map<std::uint32_t, timestamp> sick_; ///< since a record of theirs was quarantined
  counts counts_;
  sight_promises promises_;

  bool cutting_ = false;
  writer cut_;
  std::vector<bool> cut_saved_;
  std::uint32_t cut_next_ = 0;
};

} // namespace tocsin

// Machine: the owner of one partition of the input. Takes it over from whoever had it, watches its daemons, and says what
// is to be written to the cluster's log.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/cluster/fold.hpp"
#include "core/daemon_table.hpp"

namespace tocsin {

/// Claimed → replaying (nothing is said) → sighted. The driver writes the claim, reads the input from where claimed() says, and
/// tells when its end is reached.
class partition_watch : protected daemon_keeper {
public:
  enum class phase : std::uint8_t { claiming, replaying, sighted, over };

  /// `count`: partitions of the input; `vantages`: the input itself, and after it those who are known to write it.
  partition_watch(std::uint32_t partition, std::uint32_t count, std::shared_ptr<const rule_book> rules, std::uint8_t vantages = 1);
  partition_watch(const partition_watch&) = delete; // the table knows us as its keeper

  /// Our claim was read, `known` is what the log says of the partition at that point: nobody else's word counts after it.
  /// `snapshot`: the newest one, may be empty. Gives the offset to read from, -1 = the earliest; a snapshot that cannot be used is
  /// named in `trouble`.
  std::int64_t claimed(const cluster_partition& known, std::string_view snapshot, std::string& trouble);
  /// Records of the partition in order of offset; `offsets`: of each. `next`: the first offset not contained.
  void feed(record_batch& batch, std::span<const std::int64_t> offsets, std::int64_t next);
  /// The end of the input was reached at cluster time `now`: from here on time passes without records, too.
  void reached_end(timestamp now);
  /// Time has passed; only once sighted. Deadlines strictly before `now` fire.
  void advance(timestamp now);
  /// We cannot read the input any more, which counts from what was judged last, or again. Whether those who write it see is in the input itself.
  void sight(bool sighted, timestamp at);
  /// Cluster time before which advance() need not be called.
  timestamp next_wake() const { return at_ == phase::sighted ? table_->next_wake() : never; }
  /// What is to be written, if anything: what daemons said, or how far we are if `progress`.
  std::optional<said_entry> take_said(bool progress);
  /// Somebody else owns it. Nothing is said any more.
  void overtaken() { at_ = phase::over; }

  /// To be kept once everything that take_said() gave is in the log.
  std::string save() const;

  void set_rules(std::shared_ptr<const rule_book> rules) {
    rules_ = rules;
    table_->set_rules(std::move(rules));
  }
  phase state() const { return at_; }
  std::uint32_t partition() const { return partition_; }
  std::int64_t epoch() const { return epoch_; }
  std::int64_t next_offset() const { return next_; }
  timestamp watermark() const { return watermark_; }
  const daemon_table& daemons() const { return *table_; }
  daemon_table& daemons() { return *table_; }

protected:
  daemon& adopt(daemon fresh) override;
  daemon& replace(daemon& broken, daemon fresh, const std::string& why) override;
  void quarantine(const record& r, const std::string& why) override;

private:
  result<void> restore(std::string_view snapshot);
  void begin_anew();
  void reconcile(timestamp now);
  void apply_sight(bool sighted, timestamp at);
  void tell_sights(timestamp at);
  void hear_of_writers(record_batch& batch);
  /// A bit for each vantage point that wrote that it cannot see, or was to write again and did not.
  std::uint64_t blind_writers() const { return others_blind_ | table_->broken_promises(); }

  std::uint32_t partition_, count_;
  std::uint8_t vantages_;
  std::shared_ptr<const rule_book> rules_;
  std::deque<daemon> machines_; ///< a deque keeps addresses
  std::optional<daemon_table> table_; ///< always there; made anew when a snapshot was broken
  phase at_ = phase::claiming;
  std::int64_t epoch_ = -1, next_ = -1;
  std::int64_t mute_until_ = 0;  ///< what follows from input before it was said by others
  std::int64_t said_next_ = -1;
  timestamp watermark_ = unset, said_until_ = unset;
  standing_symptoms standing_;   ///< as the log has it, until we are sighted
  bool started_ = false;
  bool cut_off_ = false;         ///< we cannot read
  std::uint64_t others_blind_ = 0; ///< a bit for each vantage point that wrote that it cannot see
  std::uint64_t wrote_ = 0;        ///< by whom records came
  effects fresh_;
};

} // namespace tocsin

// Puts all input of a node into one order: gives every record its time and offset, hands it to the
// journal and the shards, and lets time pass when nothing comes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "actors/clock.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"

namespace tocsin {

struct intake_options {
  std::vector<caf::actor> shards;
  caf::actor groups;
  std::shared_ptr<node_metrics> metrics;
  clock_anchor anchor;
  timestamp watermark = unset;      ///< of a former life
  std::function<void(std::size_t source)> grant;        ///< a batch of this source is done
  std::function<void(std::size_t source, const decode_error&)> trouble;
  std::function<void(std::size_t source, std::uint64_t ticket)> kept; ///< without a recorder: a log's batch is done
};

/// From now on time is the clock's, and what comes is journaled. Before it (and in replay) time is the
/// records' own.
struct go_live {
  caf::actor recorder;          ///< null: nothing is journaled
  duration snapshot_every = 0s; ///< 0 = never
  /// Bit i: source i reads a log, which kept what was said while we were away. Time waits for all of them first.
  std::uint64_t logs = 0;
};

/// Asks the intake to let time pass (replay): answered with unit when everything before is said.
struct pass_time {
  timestamp until; ///< unset: not at all
};

/// Records that may wait for the store before sources are held up: some 15 MB. A store that is busy for a moment (a
/// snapshot) must not make us deaf: what arrives meanwhile would be stamped late.
inline constexpr std::size_t unjournaled_records_max = 65'536;

class intake final : public caf::event_based_actor {
public:
  intake(caf::actor_config& cfg, intake_options options);
  const char* name() const override { return "intake"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  struct in_flight {
    std::uint64_t number;
    std::size_t source; ///< whose credit it is; no_source = nobody's
    std::size_t records;
    std::uint64_t ticket; ///< 0 = of no log, or the recorder tells
    caf::response_promise done;
  };
  /// Done, and not yet with the store.
  struct unjournaled {
    std::uint64_t number;
    std::size_t source, records;
  };
  static constexpr std::size_t no_source = ~std::size_t{0};

  void add(source_batch& b);
  void count_promises_from_now(record_batch& batch);
  void obey(const operator_order& o, caf::response_promise promise);
  void pass(timestamp until, timestamp complete, std::size_t source, batch_ptr batch, caf::response_promise done, std::uint64_t ticket = 0);
  void hold(const source_behind& b);
  timestamp present() const;
  void send_step(const batch_ptr& batch, timestamp until, timestamp complete);
  void done(const step_done& d);
  void grant_journaled();
  void start_living(const go_live& g);
  void look_at_clock();
  void wake_at(timestamp when);
  void snapshot(bool at_once);
  duration until_next_snapshot() const;

  intake_options options_;
  caf::actor recorder_;
  duration snapshot_every_{0};
  bool live_ = false;
  std::uint64_t held_by_ = 0; ///< bit i: time waits for source i
  /// While a former life is folded: what our receivers do now must not come before what they did then. A few each.
  std::vector<std::pair<operator_order, caf::response_promise>> early_;
  std::vector<caf::response_promise> idle_; ///< asked to be told when nothing is in flight
  timestamp watermark_;
  std::uint64_t number_ = 0;
  std::deque<in_flight> steps_;
  /// Done, but not yet with the store: a journal slower than the judgement slows the sources down.
  std::deque<unjournaled> unjournaled_;
  std::size_t unjournaled_records_ = 0, granted_early_ = 0; ///< the first `granted_early_` have their credit back
  std::uint64_t journal_asked_ = 0, journaled_ = 0; ///< newest step whose input was sent to, is with the store
  timestamp wake_ = never;          ///< earliest deadline known
  std::uint64_t generation_ = 0;    ///< of the timer that counts
  timestamp armed_ = never;
  std::uint64_t records_at_snapshot_ = 0;
};

} // namespace tocsin

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::pass_time)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::go_live)

// The node's memory on a thread of its own: journals input, stores incidents and notifications, then
// has them delivered. What it has committed survives kill -9.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/clock.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"
#include "actors/refused_stories.hpp"
#include "io/store.hpp"

namespace tocsin {

struct recorder_options {
  std::shared_ptr<store> disk;     ///< null: nothing is kept, everything is still notified
  std::shared_ptr<node_metrics> metrics;
  clock_anchor anchor;
  caf::actor notifier;             ///< null: nobody is told
  duration keep_journal, keep_incidents;
  std::vector<std::string> source_names{}; ///< of those that read logs
  std::function<void(std::size_t source, std::uint64_t ticket)> kept{}; ///< a log's batch is committed; on our thread
  std::function<bool()> delivers{};        ///< of a cluster: whether this node hands over what is told; empty: it does
  std::function<void(const std::string& id, bool dead)> settled{}; ///< a receiver of ours has it, or never will
  std::function<void()> lead_taken{};      ///< everything that others said to be delivered is known
};

class recorder final : public caf::event_based_actor {
public:
  recorder(caf::actor_config& cfg, recorder_options options);
  const char* name() const override { return "recorder"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  void journal(const batch_ptr& batch);
  void write(const batch_ptr& batch);
  void cover(const journal_append& j);
  void tell(const story_ptr& told);
  bool put(const story& told); ///< false: the store refused some of it
  void remember(const story_ptr& told, const std::vector<deliver>& fresh);
  void put_refused();
  bool put_notices(); ///< of the oldest of what was refused
  void try_again_later();
  void enqueue(const notification& n, bool durable, std::vector<deliver>& fresh);
  void save(const snapshot_taken& s);
  void write_file(std::shared_ptr<const snapshot_taken> s, std::uint64_t offset);
  void written(const snapshot_written& w);
  void keep_snapshot(std::uint64_t offset, std::size_t size, const std::string& bytes);
  void record(const attempted& a);
  caf::result<refill> waiting_for(const refill_please& r);
  void add_refused(const refill_please& r, refill& out) const;
  caf::result<std::uint64_t> redrive(const redrive_dead& r);
  bool open_transaction();
  bool commit();
  void give_up(const std::string& id, const error& why);
  void complain(const char* what, const error& e);

  recorder_options options_;
  bool open_ = false;
  bool commit_armed_ = false;
  std::uint64_t uncommitted_records_ = 0;
  std::vector<std::pair<std::size_t, std::uint64_t>> covered_; ///< sources and tickets, until the next commit that works
  batch_ptr mark_;                              ///< newest time mark, written only if something depends on it
  std::map<std::uint64_t, std::uint64_t> cuts_; ///< step number -> journal offset
  std::uint64_t snapshot_offsets_[2] = {0, 0};  ///< of the last two snapshots
  bool writing_ = false;                        ///< a snapshot's file
  std::shared_ptr<const snapshot_taken> next_;  ///< to be written then
  std::uint64_t next_offset_ = 0;
  std::vector<caf::response_promise> flushes_; ///< answered when no snapshot is under way
  timestamp complained_ = unset;
  refused_stories refused_;
  bool again_armed_ = false;
};

} // namespace tocsin

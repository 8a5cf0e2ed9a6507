// The store in one SQLite file: a connection that writes, guarded like the one that only reads.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "io/file_descriptor.hpp"
#include "io/sqlite.hpp"
#include "io/store.hpp"

namespace tocsin {

/// A transaction in which anything failed is lost as a whole: commit says why, and the journal goes
/// on where it was before. begin() drops a transaction that was never committed.
class sqlite_store final : public store {
public:
  static result<std::unique_ptr<store>> open(const std::string& path);
  static result<std::unique_ptr<store>> open_read_only(const std::string& path);

  result<void> begin() override;
  result<void> commit() override;
  result<void> append(const record_batch& batch, std::size_t begin, std::size_t end) override;
  result<void> save_snapshot(const snapshot& s) override;
  result<void> save_positions(const std::string& source, const log_positions& reached) override;
  result<void> upsert_incident(const incident& i, const std::string& json) override;
  result<bool> enqueue(const outbox_entry& e) override;
  result<void> record_attempt(const std::string& id, const std::string& state, timestamp at,
                              timestamp next_attempt, const std::string& answer,
                              const std::vector<std::string>& remaining = {}) override;
  result<std::uint64_t> redrive(const std::string& receiver, timestamp from, timestamp until, timestamp now) override;
  result<std::uint64_t> bury(const std::string& receiver, const std::string& answer) override;
  result<void> quarantine(timestamp at, const std::string& source, const decode_error& e) override;
  result<void> note(const std::vector<decision>& decisions, const std::vector<alarm_change>& changes) override;
  result<void> trim(std::uint64_t offset, timestamp before) override;

  std::string snapshot_folder() const override { return folder_; }
  std::uint64_t next_offset() const override { return next_offset_; }
  result<std::uint64_t> offset_at(timestamp t) const override;
  result<log_positions> positions(const std::string& source) const override;
  result<std::optional<snapshot>> load_snapshot() const override { return snapshot_of_age(0); }
  result<std::optional<snapshot>> previous_snapshot() const override { return snapshot_of_age(1); }
  result<void> replay(std::uint64_t offset,
                      const std::function<void(record_batch&&)>& visit) const override;
  result<void> replay_while(std::uint64_t offset,
                            const std::function<bool(record_batch&&)>& visit) const override;
  result<std::vector<outbox_entry>> waiting(timestamp due, std::size_t most) const override;
  result<std::vector<outbox_entry>> waiting_for(const std::string& receiver, std::size_t most) const override;
  result<std::vector<std::pair<std::string, std::uint64_t>>> receivers_waiting() const override;
  result<std::vector<outbox_entry>> outbox(const std::string& state, const std::string& receiver,
                                           std::size_t most) const override;
  std::optional<timestamp> next_due() const override;
  result<std::vector<stored_incident>> incidents(const std::string& state,
                                                 std::size_t most) const override;
  result<std::vector<stored_incident>> incidents_changed(timestamp since, std::size_t most) const override;
  result<std::optional<stored_incident>> find_incident(const std::string& id) const override;
  result<std::vector<std::string>> failing_receivers() const override;
  result<std::vector<decision>> decisions(const std::string& incident) const override;
  result<std::vector<alarm_change>> alarm_changes(const std::string& alarm, std::size_t most) const override;
  result<std::string> ledger(const std::string& incident_id) const override;

private:
  sqlite_store(std::unique_ptr<sqlite::connection> writing,
               std::unique_ptr<sqlite::connection> reading, file_descriptor lock);
  result<void> find_next_offset();
  /// Runs one write; remembers its failure if a transaction is under way.
  template <class Write>
  auto write(Write&& act) -> decltype(act(std::declval<sqlite::connection&>()));
  result<std::int64_t> delete_chunk(const char* sql, std::int64_t bound);
  result<void> delete_all(const char* sql, std::int64_t bound);
  result<std::optional<snapshot>> snapshot_of_age(std::int64_t age) const;
  /// The stored batch that holds `offset` or the first one after it; nothing at the end.
  struct journal_row {
    std::uint64_t first_offset, count;
    std::string records;
  };
  result<std::optional<journal_row>> row_at(std::uint64_t offset) const;
  std::string folder_; ///< of the file; "" = in memory
  sqlite::connection& for_reading() const { return reading_ ? *reading_ : *writing_; }

  std::unique_ptr<sqlite::connection> writing_; ///< null: read only
  std::unique_ptr<sqlite::connection> reading_; ///< null: in memory, which has one connection only
  file_descriptor lock_;                        ///< keeps a second process away
  std::atomic<std::uint64_t> next_offset_{0};
  std::atomic<std::uint64_t> committed_offset_{0}; ///< what the reading connection sees
  bool in_transaction_ = false;
  std::optional<error> failed_; ///< why the present transaction cannot be committed
};

template <class Write>
auto sqlite_store::write(Write&& act) -> decltype(act(std::declval<sqlite::connection&>())) {
  if (!writing_) return fail(errc::refused, reading_->path() + ": opened for reading only");
  if (failed_) return tl::make_unexpected(*failed_);
  const std::lock_guard guard{writing_->mutex};
  auto done = act(*writing_);
  if (!done && in_transaction_) failed_ = done.error();
  return done;
}

} // namespace tocsin

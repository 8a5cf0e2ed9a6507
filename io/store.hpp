// The durable memory of a node: input journal, snapshots, incidents and the outbox of notifications.
// One SQLite file (WAL); every call blocks and belongs on the recorder's thread, except the const queries,
// which open their own read connection and may run on any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codecs/decoder.hpp"
#include "core/incident.hpp"
#include "core/log_position.hpp"
#include "core/record.hpp"
#include "core/story.hpp"

namespace tocsin {

struct outbox_entry {
  std::string id;        ///< notification id: the same over retries and restarts
  std::string receiver;
  std::string body;      ///< the notification as JSON (json_views)
  timestamp created, next_attempt;
  std::uint32_t attempts = 0;
  std::string state;     ///< "waiting", "delivered", "dead"
  std::string last_answer;
  severity level = severity::critical; ///< of the incident: urgent ones are delivered first
  std::vector<std::string> remaining{}; ///< parts still to do, e.g. recipients; empty = all
};

struct stored_incident {
  std::string id, state, severity, title, json; ///< json: the newest incident object
  timestamp since;
  std::string rules; ///< version of those that judged it when it opened; "" = opened before that was kept
};

struct snapshot {
  std::uint64_t next_offset; ///< first journal offset not contained
  std::string bytes;         ///< to save: empty = in the file of that offset, which is there
};

class store {
public:
  virtual ~store() = default;

  // -- one transaction: all or nothing. After a failed call commit fails, too, and nothing is kept. begin drops a
  // transaction that was never committed. Without begin each call is a transaction of its own.
  // Committed means: survives the death of the process. A power cut may cost the last commits (journal and outbox
  // alike, so they stay consistent). --
  virtual result<void> begin() = 0;
  virtual result<void> commit() = 0;

  /// Appends records [begin, end) of the batch at the journal's next offsets, whatever its own.
  virtual result<void> append(const record_batch& batch, std::size_t begin, std::size_t end) = 0;
  virtual result<void> save_snapshot(const snapshot& s) = 0;
  /// How far a source has read its log; belongs into the transaction of what was read.
  virtual result<void> save_positions(const std::string& source, const log_positions& reached) = 0;
  virtual result<void> upsert_incident(const incident& i, const std::string& json) = 0;
  /// A notification id that is already there, in whatever state, is left alone: false.
  virtual result<bool> enqueue(const outbox_entry& e) = 0;
  virtual result<void> record_attempt(const std::string& id, const std::string& state, timestamp at,
                                      timestamp next_attempt, const std::string& answer,
                                      const std::vector<std::string>& remaining = {}) = 0;
  /// Dead notifications made in [from, until) wait again, for one receiver or ("") all. Returns how many.
  virtual result<std::uint64_t> redrive(const std::string& receiver, timestamp from, timestamp until, timestamp now) = 0;
  /// Whatever waits for a receiver becomes dead, with this answer. Returns how many.
  virtual result<std::uint64_t> bury(const std::string& receiver, const std::string& answer) = 0;
  virtual result<void> quarantine(timestamp at, const std::string& source, const decode_error& e) = 0;
  /// Why somebody was told or not, and what became of alarms. What is there already (a replay) is left alone.
  virtual result<void> note(const std::vector<decision>& decisions, const std::vector<alarm_change>& changes) = 0;
  /// Drops journal rows before `offset` and closed incidents, outbox rows that wait no more, quarantine, notes before
  /// `before`. The newest journal row always stays: offsets continue from it. Outside a transaction it works in
  /// small ones.
  virtual result<void> trim(std::uint64_t offset, timestamp before) = 0;

  /// Folder for snapshot files (io/snapshot_file); "" = there is none, all is in the database.
  virtual std::string snapshot_folder() const = 0;
  virtual std::uint64_t next_offset() const = 0;
  /// First offset of the stored batch in which `t` or a later time occurs; next_offset() if none does. For trim.
  virtual result<std::uint64_t> offset_at(timestamp t) const = 0;
  /// Where a source has to go on, for each partition it ever read; in order of topic and partition.
  virtual result<log_positions> positions(const std::string& source) const = 0;
  /// The newest of the two that are kept.
  virtual result<std::optional<snapshot>> load_snapshot() const = 0;
  /// The one before it, should the newest be unusable.
  virtual result<std::optional<snapshot>> previous_snapshot() const = 0;
  /// Calls `visit` for each stored batch from `offset` on, in order; a batch that holds `offset` comes without
  /// what precedes it. What was trimmed away is skipped; what was appended meanwhile is not visited. A batch that
  /// is missing or cannot be decoded ends it with an error that names its offset; all before it was visited.
  virtual result<void> replay(std::uint64_t offset, const std::function<void(record_batch&&)>& visit) const = 0;
  /// The same; ends as soon as `visit` gives false.
  virtual result<void> replay_while(std::uint64_t offset, const std::function<bool(record_batch&&)>& visit) const = 0;
  virtual result<std::vector<outbox_entry>> waiting(timestamp due, std::size_t most) const = 0;
  /// What waits for one receiver: the most urgent first, then the oldest.
  virtual result<std::vector<outbox_entry>> waiting_for(const std::string& receiver, std::size_t most) const = 0;
  /// Receivers that something waits for, with how many.
  virtual result<std::vector<std::pair<std::string, std::uint64_t>>> receivers_waiting() const = 0;
  /// Newest first; "" = any state, any receiver.
  virtual result<std::vector<outbox_entry>> outbox(const std::string& state, const std::string& receiver,
                                                   std::size_t most) const = 0;
  virtual std::optional<timestamp> next_due() const = 0;
  /// Newest first. `state`: "opened", "updated", "closed"; "open" = not closed; "" = all.
  virtual result<std::vector<stored_incident>> incidents(const std::string& state, std::size_t most) const = 0;
  /// Those that changed at `since` or later, the oldest change first.
  virtual result<std::vector<stored_incident>> incidents_changed(timestamp since, std::size_t most) const = 0;
  virtual result<std::optional<stored_incident>> find_incident(const std::string& id) const = 0;
  /// Names of the receivers that open incidents are about: the last that was known of them is that they fail.
  virtual result<std::vector<std::string>> failing_receivers() const = 0;
  /// Every decision about an incident, oldest first.
  virtual result<std::vector<decision>> decisions(const std::string& incident) const = 0;
  /// The newest changes of one alarm, or of all when `alarm` is empty; newest first.
  virtual result<std::vector<alarm_change>> alarm_changes(const std::string& alarm, std::size_t most) const = 0;
  /// The ledger of an incident: every notification with its attempts and answers, as a JSON array.
  virtual result<std::string> ledger(const std::string& incident_id) const = 0;
};

/// Creates or opens `path`, and its directory (":memory:" for tests: queries then see what is not yet committed).
/// Refuses a file of another schema version (errc::version), one that is no database (malformed), another
/// program's (invalid), and one that another process writes (refused).
result<std::unique_ptr<store>> open_sqlite_store(const std::string& path);
/// Reads a journal without writing to it, for `tocsin replay --format journal`.
result<std::unique_ptr<store>> open_sqlite_store_read_only(const std::string& path);

} // namespace tocsin

// The store in one SQLite file: the queries, which any thread may ask.
#include <algorithm>

#include "codecs/journal_codec.hpp"
#include "codecs/json_views.hpp"
#include "io/snapshot_file.hpp"
#include "io/sqlite_store.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

stored_incident incident_in(const sqlite::statement& row) {
  return {row.string(0), row.string(1), row.string(2), row.string(3), row.string(5), row.time(4), row.string(6)};
}

/// The ledger as JSON, built row by row: one row per attempt, or one without for a notification
/// never tried.
class ledger_text {
public:
  void add(const sqlite::statement& row) {
    if (const auto id = row.text(0); id != open_id_) {
      close();
      out_ += out_.size() > 1 ? ",{\"id\":" : "{\"id\":";
      append_json_string(out_, id);
      field("receiver", row.text(1));
      field("state", row.text(2));
      field("created", to_rfc3339(row.time(3)));
      if (row.text(2) == "waiting") field("next_attempt", to_rfc3339(row.time(4)));
      out_ += ",\"attempt_count\":" + std::to_string(row.integer(5)) + ",\"attempts\":[";
      open_id_ = id;
      empty_ = true;
    }
    if (row.integer(6) == 0) return; // never tried
    out_ += empty_ ? "{\"number\":" : ",{\"number\":";
    empty_ = false;
    out_ += std::to_string(row.integer(6));
    field("at", to_rfc3339(row.time(7)));
    field("state", row.text(8));
    field("answer", row.text(9));
    out_ += '}';
  }

  std::string take() {
    close();
    out_ += ']';
    return std::move(out_);
  }

private:
  void field(std::string_view name, std::string_view value) {
    out_ += ",\"";
    out_ += name;
    out_ += "\":";
    append_json_string(out_, value);
  }
  void close() {
    if (!open_id_.empty()) out_ += "]}";
  }

  std::string out_{"["}, open_id_;
  bool empty_ = true;
};

} // namespace

result<std::uint64_t> sqlite_store::offset_at(timestamp t) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query = db.prepare("SELECT min(first_offset) FROM journal WHERE last_at >= ?");
  if (!query) return tl::make_unexpected(query.error());
  const auto row = query->bind(1, t).step();
  if (!row) return tl::make_unexpected(row.error());
  return query->is_null(0) ? next_offset() : static_cast<std::uint64_t>(query->integer(0));
}

result<std::optional<snapshot>> sqlite_store::snapshot_of_age(std::int64_t age) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query =
      db.prepare("SELECT next_offset, bytes FROM snapshots ORDER BY id DESC LIMIT 1 OFFSET ?");
  if (!query) return tl::make_unexpected(query.error());
  const auto row = query->bind(1, age).step();
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return std::nullopt;
  snapshot found{static_cast<std::uint64_t>(query->integer(0)), query->string(1)};
  if (!found.bytes.empty() || folder_.empty()) return found;
  auto bytes = read_snapshot_file(snapshot_file(folder_, found.next_offset));
  if (!bytes) return tl::make_unexpected(bytes.error());
  found.bytes = std::move(*bytes);
  return found;
}

result<std::optional<sqlite_store::journal_row>> sqlite_store::row_at(std::uint64_t offset) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  // The newest row that begins at or before the offset holds it, or ends before it: then the next
  // one does.
  auto query =
      db.prepare("SELECT first_offset, count, records FROM journal WHERE first_offset >="
                 " coalesce((SELECT max(first_offset) FROM journal WHERE first_offset <= ?1), 0)"
                 " AND first_offset + count > ?1 ORDER BY first_offset LIMIT 1");
  if (!query) return tl::make_unexpected(query.error());
  const auto row = query->bind(1, offset).step();
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return std::nullopt;
  return journal_row{static_cast<std::uint64_t>(query->integer(0)),
                     static_cast<std::uint64_t>(query->integer(1)), query->string(2)};
}

result<void> sqlite_store::replay(std::uint64_t offset,
                                  const std::function<void(record_batch&&)>& visit) const {
  return replay_while(offset, [&](record_batch&& b) {
    visit(std::move(b));
    return true;
  });
}

result<void> sqlite_store::replay_while(std::uint64_t offset,
                                        const std::function<bool(record_batch&&)>& visit) const {
  // What is being written has its offsets already, but cannot be read yet.
  const std::uint64_t end = reading_ ? committed_offset_.load() : next_offset();
  const auto& path = for_reading().path();
  bool visited = false;
  while (offset < end) {
    // Row by row and unlocked in between: the visitor may take its time and ask the store.
    auto row = row_at(offset);
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) {
      if (!visited) return {}; // all of it was trimmed
      return fail(errc::missing, path + ": journal ends at offset " + std::to_string(offset) +
                                     ", " + std::to_string(end) +
                                     " was expected; restore the file from a backup");
    }
    const auto [first, count, bytes] = std::move(**row);
    if (visited && first > offset)
      return fail(errc::missing, path + ": journal lacks offsets " + std::to_string(offset) +
                                     " to " + std::to_string(first - 1) +
                                     "; restore the file from a backup, or replay from " +
                                     std::to_string(first));
    auto batch = decode_records(bytes);
    if (batch && batch->records.size() != count)
      batch = fail(errc::malformed, "holds " + std::to_string(batch->records.size()) +
                                        " records, " + std::to_string(count) + " were written");
    if (!batch)
      return fail(batch.error().code, path + ": journal at offset " + std::to_string(first) + ": " +
                                          batch.error().text +
                                          "; restore the file from a backup, or replay from " +
                                          std::to_string(first + count));
    if (first < offset) {
      const auto known = static_cast<std::ptrdiff_t>(offset - first);
      batch->records.erase(batch->records.begin(), batch->records.begin() + known);
    }
    batch->first_offset = std::max(first, offset);
    offset = first + count;
    visited = true;
    if (!visit(std::move(*batch))) return {};
  }
  return {};
}

result<std::vector<stored_incident>> sqlite_store::incidents(const std::string& state,
                                                             std::size_t most) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query =
      state.empty() ? db.prepare("SELECT id, state, severity, title, since, json, rules FROM incidents"
                                 " ORDER BY since DESC, id LIMIT ?2")
      : state == "open"
          ? db.prepare("SELECT id, state, severity, title, since, json, rules FROM incidents"
                       " WHERE state IN ('opened', 'updated') ORDER BY since DESC, id LIMIT ?2")
          : db.prepare("SELECT id, state, severity, title, since, json, rules FROM incidents"
                       " WHERE state = ?1 ORDER BY since DESC, id LIMIT ?2");
  if (!query) return tl::make_unexpected(query.error());
  if (!state.empty() && state != "open") query->bind(1, state);
  query->bind(2, static_cast<std::uint64_t>(std::min<std::size_t>(most, INT64_MAX)));
  std::vector<stored_incident> out;
  for (;;) {
    const auto row = query->step();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return out;
    out.push_back(incident_in(*query));
  }
}

result<std::vector<stored_incident>> sqlite_store::incidents_changed(timestamp since, std::size_t most) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query = db.prepare("SELECT id, state, severity, title, since, json, rules FROM incidents WHERE at >= ? ORDER BY at, id LIMIT ?");
  if (!query) return tl::make_unexpected(query.error());
  query->bind(1, since).bind(2, static_cast<std::uint64_t>(std::min<std::size_t>(most, INT64_MAX)));
  std::vector<stored_incident> out;
  for (;;) {
    const auto row = query->step();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return out;
    out.push_back(incident_in(*query));
  }
}

result<std::optional<stored_incident>> sqlite_store::find_incident(const std::string& id) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query =
      db.prepare("SELECT id, state, severity, title, since, json, rules FROM incidents WHERE id = ?");
  if (!query) return tl::make_unexpected(query.error());
  const auto row = query->bind(1, id).step();
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return std::nullopt;
  return incident_in(*query);
}

result<std::vector<std::string>> sqlite_store::failing_receivers() const {
  constexpr std::string_view prefix = "receiver/";
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query = db.prepare("SELECT json_extract(json, '$.cause.subject') AS subject FROM incidents"
                          " WHERE state IN ('opened', 'updated') AND subject LIKE 'receiver/%'");
  if (!query) return tl::make_unexpected(query.error());
  std::vector<std::string> out;
  for (;;) {
    const auto row = query->step();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return out;
    out.push_back(query->string(0).substr(prefix.size()));
  }
}

result<std::string> sqlite_store::ledger(const std::string& incident_id) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query = db.prepare("SELECT o.id, o.receiver, o.state, o.created, o.next_attempt, o.attempts,"
                          " coalesce(a.number, 0), a.at, a.state, a.answer FROM outbox o"
                          " LEFT JOIN attempts a ON a.notification = o.id WHERE o.incident = ?1 OR o.id IN"
                          " (SELECT detail FROM decisions WHERE incident = ?1 AND what = 'told')"
                          " ORDER BY o.created, o.rowid, a.number");
  if (!query) return tl::make_unexpected(query.error());
  query->bind(1, incident_id);
  ledger_text text;
  for (;;) {
    const auto row = query->step();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return text.take();
    text.add(*query);
  }
}

} // namespace tocsin

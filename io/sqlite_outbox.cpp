// The store in one SQLite file: the outbox of notifications.
#include <algorithm>

#include "core/limits.hpp"
#include "io/sqlite_store.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

const std::string columns = "SELECT id, receiver, body, created, next_attempt, attempts, state, last_answer, level,"
                            " remaining FROM outbox";

/// "<incident id>.<revision>@<receiver>" without revision and receiver.
std::string_view incident_of(const outbox_entry& e) {
  std::string_view id = e.id;
  if (id.ends_with(e.receiver)) id.remove_suffix(e.receiver.size());
  if (id.ends_with('@')) id.remove_suffix(1);
  return id.substr(0, id.rfind('.'));
}

/// Parts are addresses and ids: neither holds a line end.
std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& p : parts) out += (out.empty() ? "" : "\n") + p;
  return out;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

result<std::vector<outbox_entry>> entries(sqlite::statement& query) {
  std::vector<outbox_entry> out;
  for (;;) {
    const auto row = query.step();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return out;
    out.push_back({query.string(0), query.string(1), query.string(2), query.time(3), query.time(4),
                   static_cast<std::uint32_t>(query.integer(5)), query.string(6), query.string(7),
                   static_cast<severity>(std::clamp<std::int64_t>(query.integer(8), 0, 2)), split(query.text(9))});
  }
}

std::uint64_t bounded(std::size_t most) { return std::min<std::size_t>(most, INT64_MAX); }

} // namespace

result<bool> sqlite_store::enqueue(const outbox_entry& e) {
  return write([&](sqlite::connection& db) -> result<bool> {
    auto put = db.prepare(
        "INSERT OR IGNORE INTO outbox (id, receiver, incident, created, next_attempt, attempts,"
        " state, last_answer, body, level) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!put) return tl::make_unexpected(put.error());
    const std::string answer = one_line(e.last_answer, limits::answer_bytes_max);
    put->bind(1, e.id)
        .bind(2, e.receiver)
        .bind(3, incident_of(e))
        .bind(4, e.created)
        .bind(5, e.next_attempt);
    put->bind(6, std::int64_t{e.attempts})
        .bind(7, e.state.empty() ? "waiting" : std::string_view{e.state});
    put->bind(10, static_cast<std::int64_t>(e.level));
    if (auto done = put->bind(8, answer).bind(9, e.body).run(); !done)
      return tl::make_unexpected(done.error());
    return db.changes() > 0;
  });
}

result<void> sqlite_store::record_attempt(const std::string& id, const std::string& state,
                                          timestamp at, timestamp next_attempt,
                                          const std::string& answer,
                                          const std::vector<std::string>& remaining) {
  return write([&](sqlite::connection& db) -> result<void> {
    const bool alone = !in_transaction_;
    if (alone)
      if (auto begun = db.run("BEGIN IMMEDIATE"); !begun) return begun;
    const std::string kept = one_line(answer, limits::answer_bytes_max);
    const auto act = [&]() -> result<void> {
      auto change =
          db.prepare("UPDATE outbox SET attempts = attempts + 1, state = ?2, next_attempt = ?3,"
                     " last_answer = ?4, remaining = ?5 WHERE id = ?1");
      if (!change) return tl::make_unexpected(change.error());
      if (auto done = change->bind(1, id).bind(2, state).bind(3, next_attempt).bind(4, kept).bind(5, joined(remaining)).run();
          !done)
        return done;
      if (db.changes() == 0)
        return fail(errc::missing, "outbox: no notification " + one_line(id, 200));
      // Counted by itself: what is driven again counts its attempts from the start, its ledger goes on.
      auto note = db.prepare("INSERT INTO attempts (notification, number, at, state, answer)"
                             " SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4 FROM attempts WHERE notification = ?1");
      if (!note) return tl::make_unexpected(note.error());
      if (auto done = note->bind(1, id).bind(2, at).bind(3, state).bind(4, kept).run(); !done)
        return done;
      auto forget = db.prepare("DELETE FROM attempts WHERE notification = ?1 AND number <="
                               " (SELECT max(number) FROM attempts WHERE notification = ?1) - ?2");
      if (!forget) return tl::make_unexpected(forget.error());
      return forget->bind(1, id).bind(2, std::int64_t{limits::ledger_attempts_max}).run();
    };
    auto done = act();
    if (alone && done) done = db.run("COMMIT");
    if (alone && db.in_transaction()) (void)db.run("ROLLBACK");
    return done;
  });
}

result<std::uint64_t> sqlite_store::redrive(const std::string& receiver, timestamp from, timestamp until, timestamp now) {
  return write([&](sqlite::connection& db) -> result<std::uint64_t> {
    auto change = db.prepare("UPDATE outbox SET state = 'waiting', attempts = 0, next_attempt = ?4 WHERE state = 'dead'"
                             " AND (?1 = '' OR receiver = ?1) AND created >= ?2 AND created < ?3");
    if (!change) return tl::make_unexpected(change.error());
    if (auto done = change->bind(1, receiver).bind(2, from).bind(3, until).bind(4, now).run(); !done)
      return tl::make_unexpected(done.error());
    return static_cast<std::uint64_t>(db.changes());
  });
}

result<std::uint64_t> sqlite_store::bury(const std::string& receiver, const std::string& answer) {
  return write([&](sqlite::connection& db) -> result<std::uint64_t> {
    auto change = db.prepare("UPDATE outbox SET state = 'dead', last_answer = ?2 WHERE state = 'waiting' AND receiver = ?1");
    if (!change) return tl::make_unexpected(change.error());
    if (auto done = change->bind(1, receiver).bind(2, answer).run(); !done) return tl::make_unexpected(done.error());
    return static_cast<std::uint64_t>(db.changes());
  });
}

result<std::vector<outbox_entry>> sqlite_store::waiting(timestamp due, std::size_t most) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  static const std::string sql = columns + " WHERE state = 'waiting' AND next_attempt <= ? ORDER BY next_attempt, rowid LIMIT ?"; // prepared once: its address is the key
  auto query = db.prepare(sql.c_str());
  if (!query) return tl::make_unexpected(query.error());
  query->bind(1, due).bind(2, static_cast<std::uint64_t>(std::min<std::size_t>(most, INT64_MAX)));
  return entries(*query);
}

std::optional<timestamp> sqlite_store::next_due() const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query = db.prepare(
      "SELECT next_attempt FROM outbox WHERE state = 'waiting' ORDER BY next_attempt LIMIT 1");
  if (!query) return std::nullopt;
  const auto row = query->step();
  if (!row || !*row) return std::nullopt;
  return query->time(0);
}

result<std::vector<outbox_entry>> sqlite_store::waiting_for(const std::string& receiver, std::size_t most) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  static const std::string sql = columns + " WHERE state = 'waiting' AND receiver = ? ORDER BY level DESC, created, id LIMIT ?"; // prepared once: its address is the key
  auto query = db.prepare(sql.c_str());
  if (!query) return tl::make_unexpected(query.error());
  query->bind(1, receiver).bind(2, bounded(most));
  return entries(*query);
}

result<std::vector<std::pair<std::string, std::uint64_t>>> sqlite_store::receivers_waiting() const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query = db.prepare("SELECT receiver, count(*) FROM outbox WHERE state = 'waiting' GROUP BY receiver ORDER BY receiver");
  if (!query) return tl::make_unexpected(query.error());
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for (;;) {
    const auto row = query->step();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return out;
    out.emplace_back(query->string(0), static_cast<std::uint64_t>(query->integer(1)));
  }
}

result<std::vector<outbox_entry>> sqlite_store::outbox(const std::string& state, const std::string& receiver,
                                                       std::size_t most) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  static const std::string sql = columns + " WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR receiver = ?2)"
                                    " ORDER BY created DESC, rowid DESC LIMIT ?3"; // prepared once: its address is the key
  auto query = db.prepare(sql.c_str());
  if (!query) return tl::make_unexpected(query.error());
  query->bind(1, state).bind(2, receiver).bind(3, bounded(most));
  return entries(*query);
}

} // namespace tocsin

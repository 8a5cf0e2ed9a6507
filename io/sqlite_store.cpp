// The store in one SQLite file: opening and writing.
#include "io/sqlite_store.hpp"
#include "io/snapshot_file.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "codecs/journal_codec.hpp"
#include "core/limits.hpp"
#include "io/sqlite_schema.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

constexpr std::int64_t snapshots_kept = 2;

std::string errno_text() { return std::generic_category().message(errno); }

/// SQLite lets two processes write by turns; two nodes on one outbox would tell everybody
/// everything twice.
result<file_descriptor> lock_out_others(const std::string& path) {
  std::error_code failed;
  const auto directory = std::filesystem::path{path}.parent_path();
  if (!directory.empty()) std::filesystem::create_directories(directory, failed);
  if (failed) return fail(errc::io, directory.string() + ": cannot create: " + failed.message());
  const std::string name = path + ".lock";
  file_descriptor lock{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640)};
  if (!lock.is_open())
    return fail(errc::io, name + ": " + errno_text() +
                              "; allow this user to write the file and its directory");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
    const std::string owner = std::to_string(::getpid()) + "\n";
    // The number is for people only: the lock holds without it.
    if (::ftruncate(lock.get(), 0) != 0 || ::pwrite(lock.get(), owner.data(), owner.size(), 0) < 0)
      errno = 0;
    return lock;
  }
  char owner[32] = {};
  const auto size = ::pread(lock.get(), owner, sizeof owner - 1, 0);
  std::string who = size > 0 ? " (process " + one_line(owner, 20) + ")" : "";
  return fail(errc::refused,
              path + ": in use by another tocsin" + who + "; stop it, or name another data_dir");
}

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path{path}.parent_path().string();
  return parent.empty() ? "." : parent;
}

} // namespace

sqlite_store::sqlite_store(std::unique_ptr<sqlite::connection> writing,
                           std::unique_ptr<sqlite::connection> reading, file_descriptor lock)
    : writing_(std::move(writing)), reading_(std::move(reading)), lock_(std::move(lock)) {}

result<void> sqlite_store::find_next_offset() {
  auto& db = for_reading();
  // The snapshot counts, too: it may be all that is left of a journal.
  const auto next =
      db.number("SELECT max(coalesce((SELECT first_offset + count FROM journal"
                " ORDER BY first_offset DESC LIMIT 1), 0),"
                " coalesce((SELECT next_offset FROM snapshots ORDER BY id DESC LIMIT 1), 0))");
  if (!next) return tl::make_unexpected(next.error());
  committed_offset_ = static_cast<std::uint64_t>(*next);
  next_offset_ = committed_offset_.load();
  return {};
}

result<std::unique_ptr<store>> sqlite_store::open(const std::string& path) {
  const bool in_memory = path == ":memory:";
  file_descriptor lock;
  std::unique_ptr<sqlite::connection> reading;
  if (!in_memory) {
    auto locked = lock_out_others(path);
    if (!locked) return tl::make_unexpected(locked.error());
    lock = std::move(*locked);
  }
  auto writing = sqlite::open_for_writing(path);
  if (!writing) return tl::make_unexpected(writing.error());
  if (!in_memory) {
    auto opened = sqlite::open_for_reading(path);
    if (!opened) return tl::make_unexpected(opened.error());
    reading = std::move(*opened);
  }
  std::unique_ptr<sqlite_store> made{
      new sqlite_store{std::move(*writing), std::move(reading), std::move(lock)}};
  if (!in_memory) made->folder_ = folder_of(path);
  if (auto found = made->find_next_offset(); !found) return tl::make_unexpected(found.error());
  return made;
}

result<std::unique_ptr<store>> sqlite_store::open_read_only(const std::string& path) {
  auto reading = sqlite::open_for_reading(path);
  if (!reading) return tl::make_unexpected(reading.error());
  std::unique_ptr<sqlite_store> made{new sqlite_store{nullptr, std::move(*reading), {}}};
  made->folder_ = folder_of(path);
  if (auto found = made->find_next_offset(); !found) return tl::make_unexpected(found.error());
  return made;
}

result<void> sqlite_store::begin() {
  if (writing_ && in_transaction_) {
    const std::lock_guard guard{writing_->mutex};
    if (writing_->in_transaction()) (void)writing_->run("ROLLBACK");
    next_offset_ = committed_offset_.load();
  }
  in_transaction_ = false;
  failed_.reset();
  auto begun = write([](sqlite::connection& db) { return db.run("BEGIN IMMEDIATE"); });
  in_transaction_ = begun.has_value();
  return begun;
}

result<void> sqlite_store::commit() {
  if (!in_transaction_) return fail(errc::invalid, "commit without begin");
  auto done = write([](sqlite::connection& db) { return db.run("COMMIT"); });
  in_transaction_ = false;
  failed_.reset();
  if (done) {
    committed_offset_ = next_offset_.load();
    return done;
  }
  const std::lock_guard guard{writing_->mutex};
  if (writing_->in_transaction()) (void)writing_->run("ROLLBACK");
  next_offset_ = committed_offset_.load();
  return done;
}

result<void> sqlite_store::append(const record_batch& batch, std::size_t begin, std::size_t end) {
  return write([&](sqlite::connection& db) -> result<void> {
    if (begin > end || end > batch.records.size())
      return fail(errc::invalid, "journal: records [" + std::to_string(begin) + ", " +
                                     std::to_string(end) + ") of a batch of " +
                                     std::to_string(batch.records.size()));
    if (begin == end) return {};
    const std::uint64_t first = next_offset_; // the journal alone knows its offsets
    const auto earlier = [](const record& a, const record& b) { return a.at < b.at; };
    const auto [first_at, last_at] =
        std::minmax_element(batch.records.begin() + static_cast<std::ptrdiff_t>(begin),
                            batch.records.begin() + static_cast<std::ptrdiff_t>(end), earlier);
    const std::string blob = encode_records(batch, begin, end);
    auto insert = db.prepare("INSERT INTO journal (first_offset, count, first_at, last_at, records)"
                             " VALUES (?, ?, ?, ?, ?)");
    if (!insert) return tl::make_unexpected(insert.error());
    insert->bind(1, first)
        .bind(2, std::uint64_t{end - begin})
        .bind(3, first_at->at)
        .bind(4, last_at->at);
    auto done = insert->bind_blob(5, blob).run();
    if (!done) return done;
    next_offset_ = first + (end - begin);
    if (!in_transaction_) committed_offset_ = next_offset_.load();
    return done;
  });
}

result<void> sqlite_store::save_snapshot(const snapshot& s) {
  return write([&](sqlite::connection& db) -> result<void> {
    auto insert = db.prepare("INSERT INTO snapshots (next_offset, bytes) VALUES (?, ?)");
    if (!insert) return tl::make_unexpected(insert.error());
    if (auto done = insert->bind(1, s.next_offset).bind_blob(2, s.bytes).run(); !done) return done;
    auto forget = db.prepare("DELETE FROM snapshots WHERE id <= ?");
    if (!forget) return tl::make_unexpected(forget.error());
    if (auto done = forget->bind(1, db.last_id() - snapshots_kept).run(); !done) return done;
    if (folder_.empty()) return {};
    std::vector<std::uint64_t> kept;
    auto left = db.prepare("SELECT next_offset FROM snapshots");
    if (!left) return tl::make_unexpected(left.error());
    for (;;) {
      const auto row = left->step();
      if (!row) return tl::make_unexpected(row.error());
      if (!*row) break;
      kept.push_back(static_cast<std::uint64_t>(left->integer(0)));
    }
    remove_snapshot_files(folder_, kept);
    return {};
  });
}

result<void> sqlite_store::upsert_incident(const incident& i, const std::string& json) {
  return write([&](sqlite::connection& db) -> result<void> {
    // An older revision comes again when the journal is replayed after a crash.
    auto put = db.prepare(
        "INSERT INTO incidents (id, state, severity, title, since, until, at, revision, json, rules)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET"
        " state = ?2, severity = ?3, title = ?4, since = ?5, until = ?6, at = ?7, revision = ?8,"
        " json = ?9 WHERE ?8 >= revision");
    if (!put) return tl::make_unexpected(put.error());
    put->bind(1, i.id)
        .bind(2, to_text(i.state))
        .bind(3, to_text(i.level))
        .bind(4, i.title)
        .bind(5, i.since);
    if (i.until) put->bind(6, *i.until);
    return put->bind(7, i.at).bind(8, std::int64_t{i.revision}).bind(9, json).bind(10, i.rules).run();
  });
}

result<void> sqlite_store::quarantine(timestamp at, const std::string& source,
                                      const decode_error& e) {
  return write([&](sqlite::connection& db) -> result<void> {
    auto put = db.prepare("INSERT INTO quarantine (at, source, position, code, text, bytes) VALUES "
                          "(?, ?, ?, ?, ?, ?)");
    if (!put) return tl::make_unexpected(put.error());
    put->bind(1, at).bind(2, source).bind(3, e.position).bind(4, static_cast<std::int64_t>(e.code));
    if (auto done = put->bind(5, e.text).bind_blob(6, e.bytes).run(); !done) return done;
    auto forget = db.prepare("DELETE FROM quarantine WHERE id <= ?");
    if (!forget) return tl::make_unexpected(forget.error());
    return forget->bind(1, db.last_id() - static_cast<std::int64_t>(limits::quarantine_records_max))
        .run();
  });
}

result<void> sqlite_store::note(const std::vector<decision>& decisions, const std::vector<alarm_change>& changes) {
  if (decisions.empty() && changes.empty()) return {};
  return write([&](sqlite::connection& db) -> result<void> {
    for (const decision& d : decisions) {
      auto put = db.prepare("INSERT OR IGNORE INTO decisions (at, incident, receiver, route, what, detail)"
                            " VALUES (?, ?, ?, ?, ?, ?)");
      if (!put) return tl::make_unexpected(put.error());
      put->bind(1, d.at).bind(2, d.incident).bind(3, d.receiver).bind(4, d.route);
      if (auto done = put->bind(5, to_text(d.what)).bind(6, d.detail).run(); !done) return done;
    }
    for (const alarm_change& c : changes) {
      auto put = db.prepare("INSERT OR IGNORE INTO alarm_changes (at, alarm, incident, was, became, why)"
                            " VALUES (?, ?, ?, ?, ?, ?)");
      if (!put) return tl::make_unexpected(put.error());
      put->bind(1, c.at).bind(2, c.key).bind(3, c.incident).bind(4, to_text(c.from));
      if (auto done = put->bind(5, to_text(c.to)).bind(6, c.why).run(); !done) return done;
    }
    return {};
  });
}

result<std::int64_t> sqlite_store::delete_chunk(const char* sql, std::int64_t bound) {
  return write([&](sqlite::connection& db) -> result<std::int64_t> {
    auto forget = db.prepare(sql);
    if (!forget) return tl::make_unexpected(forget.error());
    if (auto done = forget->bind(1, bound).run(); !done) return tl::make_unexpected(done.error());
    return db.changes();
  });
}

result<void> sqlite_store::delete_all(const char* sql, std::int64_t bound) {
  for (;;) {
    const auto deleted = delete_chunk(sql, bound);
    if (!deleted) return tl::make_unexpected(deleted.error());
    if (*deleted == 0) return {};
  }
}

result<void> sqlite_store::trim(std::uint64_t offset, timestamp before) {
  const std::int64_t until = to_nanoseconds(before);
  auto done =
      delete_all("DELETE FROM journal WHERE first_offset IN (SELECT first_offset FROM journal"
                 " WHERE first_offset < ?1 AND first_offset + count <= ?1"
                 " AND first_offset < (SELECT max(first_offset) FROM journal)"
                 " ORDER BY first_offset LIMIT 256)",
                 static_cast<std::int64_t>(std::min<std::uint64_t>(offset, INT64_MAX)));
  if (done)
    done = delete_all("DELETE FROM outbox WHERE rowid IN (SELECT rowid FROM outbox"
                      " WHERE created < ?1 AND state <> 'waiting' LIMIT 256)",
                      until);
  if (done)
    done = delete_all("DELETE FROM incidents WHERE rowid IN (SELECT rowid FROM incidents"
                      " WHERE since < ?1 AND at < ?1 AND state = 'closed' LIMIT 256)",
                      until);
  if (done)
    done = delete_all(
        "DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine WHERE at < ?1 LIMIT 1024)",
        until);
  for (const char* sql : {"DELETE FROM decisions WHERE id IN (SELECT id FROM decisions WHERE at < ?1 LIMIT 1024)",
                          "DELETE FROM alarm_changes WHERE id IN (SELECT id FROM alarm_changes WHERE at < ?1 LIMIT 1024)"})
    if (done) done = delete_all(sql, until);
  return done;
}

result<std::unique_ptr<store>> open_sqlite_store(const std::string& path) {
  return sqlite_store::open(path);
}
result<std::unique_ptr<store>> open_sqlite_store_read_only(const std::string& path) {
  return sqlite_store::open_read_only(path);
}

} // namespace tocsin

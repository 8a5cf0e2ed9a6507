// The tables of a store and the check that a file holds them.
#include "io/sqlite_schema.hpp"

namespace tocsin::sqlite {

namespace {

// Long columns come last, so that a scan of the others does not read them.
constexpr const char* schema = R"(
CREATE TABLE journal (
  first_offset INTEGER PRIMARY KEY,
  count INTEGER NOT NULL CHECK (count > 0),
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  records BLOB NOT NULL
);
CREATE INDEX journal_by_time ON journal (last_at);
CREATE TABLE snapshots (
  id INTEGER PRIMARY KEY,
  next_offset INTEGER NOT NULL,
  bytes BLOB NOT NULL
);
CREATE TABLE incidents (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  severity TEXT NOT NULL,
  title TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  at INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  json TEXT NOT NULL
);
CREATE INDEX incidents_by_state ON incidents (state, since);
CREATE INDEX incidents_by_time ON incidents (since);
CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  receiver TEXT NOT NULL,
  incident TEXT NOT NULL,
  created INTEGER NOT NULL,
  next_attempt INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  state TEXT NOT NULL,
  last_answer TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (next_attempt) WHERE state = 'waiting';
CREATE INDEX outbox_by_incident ON outbox (incident);
CREATE INDEX outbox_by_time ON outbox (created);
CREATE TABLE attempts (
  notification TEXT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  state TEXT NOT NULL,
  answer TEXT NOT NULL,
  PRIMARY KEY (notification, number)
) WITHOUT ROWID;
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  source TEXT NOT NULL,
  position INTEGER NOT NULL,
  code INTEGER NOT NULL,
  text TEXT NOT NULL,
  bytes BLOB NOT NULL
);
)";
constexpr const char* tables_of_version_2 = R"(
ALTER TABLE outbox ADD COLUMN level INTEGER NOT NULL DEFAULT 2;
ALTER TABLE outbox ADD COLUMN remaining TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_by_urgency ON outbox (receiver, level DESC, created) WHERE state = 'waiting';
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  incident TEXT NOT NULL,
  receiver TEXT NOT NULL,
  route TEXT NOT NULL,
  what TEXT NOT NULL,
  detail TEXT NOT NULL,
  UNIQUE (incident, receiver, route, at, what, detail)
);
CREATE INDEX decisions_by_time ON decisions (at);
CREATE TABLE alarm_changes (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  alarm TEXT NOT NULL,
  incident TEXT NOT NULL,
  was TEXT NOT NULL,
  became TEXT NOT NULL,
  why TEXT NOT NULL,
  UNIQUE (alarm, at, was, became, why)
);
CREATE INDEX alarm_changes_by_time ON alarm_changes (at);
)";
constexpr const char* columns_of_version_3 = R"(
ALTER TABLE incidents ADD COLUMN rules TEXT NOT NULL DEFAULT '';
)";
constexpr const char* tables_of_version_4 = R"(
CREATE TABLE log_positions (
  source TEXT NOT NULL,
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  next_offset INTEGER NOT NULL,
  PRIMARY KEY (source, topic, partition)
) WITHOUT ROWID;
PRAGMA application_id = 0x746f6373;
PRAGMA user_version = 4;
)";
static_assert(application_id == 0x746f6373 && schema_version == 4, "the schema above says so, too");

enum class content { empty, version_1, version_2, version_3, ours }; ///< in order of age

/// Looks before anything is written: a foreign file stays as it was.
result<content> examine(connection& db) {
  const auto version = db.number("PRAGMA user_version");
  if (!version) return tl::make_unexpected(version.error());
  const auto application = db.number("PRAGMA application_id");
  if (!application) return tl::make_unexpected(application.error());
  const auto tables = db.number("SELECT count(*) FROM sqlite_master");
  if (!tables) return tl::make_unexpected(tables.error());
  if (*application == 0 && *version == 0 && *tables == 0) return content::empty;
  if (*application != application_id)
    return fail(errc::invalid,
                db.path() + ": an SQLite database of another program; name another data_dir");
  if (*version == 1) return content::version_1;
  if (*version == 2) return content::version_2;
  if (*version == 3) return content::version_3;
  if (*version != schema_version)
    return fail(errc::version,
                db.path() + ": written with schema version " + std::to_string(*version) +
                    ", this tocsin reads and writes version " + std::to_string(schema_version) +
                    "; start the tocsin that wrote it, or move the file away to start afresh");
  return content::ours;
}

/// The tables that are missing; what is there stays.
result<void> create_tables(connection& db, content found) {
  if (auto begun = db.run("BEGIN IMMEDIATE"); !begun) return begun;
  result<void> made;
  if (found == content::empty) made = db.run(schema);
  if (made && found < content::version_2) made = db.run(tables_of_version_2);
  if (made && found < content::version_3) made = db.run(columns_of_version_3);
  if (made) made = db.run(tables_of_version_4);
  if (made) made = db.run("COMMIT");
  if (!made && db.in_transaction()) (void)db.run("ROLLBACK");
  return made;
}

} // namespace

result<std::unique_ptr<connection>> open_for_writing(const std::string& path) {
  auto db = connection::open(path, mode::read_write_create);
  if (!db) return db;
  const auto found = examine(**db);
  if (!found) return tl::make_unexpected(found.error());
  // WAL: a reader never waits for the writer. NORMAL: the log is synced at checkpoints only, which
  // survives the death of the process at any moment; a power cut may cost the last commits, never
  // the rest.
  for (const char* setting : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL",
                              "PRAGMA foreign_keys = ON", "PRAGMA journal_size_limit = 67108864"})
    if (auto set = (*db)->run(setting); !set) return tl::make_unexpected(set.error());
  if (*found != content::ours)
    if (auto made = create_tables(**db, *found); !made) return tl::make_unexpected(made.error());
  return db;
}

result<std::unique_ptr<connection>> open_for_reading(const std::string& path) {
  auto db = connection::open(path, mode::read_only);
  if (!db) return db;
  const auto found = examine(**db);
  if (!found) return tl::make_unexpected(found.error());
  if (*found == content::empty)
    return fail(errc::missing,
                path + ": an empty file, no tocsin database; name the file in data_dir of a node");
  return db;
}

} // namespace tocsin::sqlite

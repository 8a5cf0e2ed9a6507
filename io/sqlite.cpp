// A thin, exception-free hold on SQLite.
#include "io/sqlite.hpp"

#include <filesystem>
#include <system_error>

namespace tocsin::sqlite {

namespace {

constexpr int busy_timeout_ms = 2000; // for a backup or a shell that holds the file for a moment

/// What a person can do about an SQLite result code.
error explain(const std::string& path, int code, const char* text) {
  const auto say = [&](errc c, const char* remedy) {
    return error{c, path + ": " + text + "; " + remedy};
  };
  switch (code & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return say(errc::refused, "another program holds the file: close it and try again");
  case SQLITE_NOTADB:
    return say(errc::malformed, "move the file away, or name another data_dir");
  case SQLITE_CORRUPT:
    return say(errc::malformed, "restore the file from a backup, or move it away to start afresh");
  case SQLITE_FULL:
    return say(errc::io, "make room on the disk");
  case SQLITE_READONLY:
  case SQLITE_PERM:
  case SQLITE_AUTH:
    return say(errc::io, "allow this user to write the file and its directory");
  case SQLITE_CANTOPEN:
    return say(errc::io, "check that the path names a file that this user may open");
  case SQLITE_IOERR:
    return say(errc::io, "check the disk: space, quota, file size limit, health");
  case SQLITE_TOOBIG:
    return say(errc::too_large, "one value exceeds what SQLite stores");
  default:
    return say(errc::io, "unexpected answer of SQLite");
  }
}

/// A path as an SQLite URI; "file://x" would name a host.
std::string uri_of(std::string_view path) {
  while (path.starts_with("//")) path.remove_prefix(1);
  std::string out{"file:"};
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      constexpr std::string_view digits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      ((out += '%') += digits[byte >> 4]) += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

} // namespace

statement::~statement() {
  if (handle_ == nullptr) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

statement& statement::bind(int index, std::int64_t value) {
  bound_ |= sqlite3_bind_int64(handle_, index, value);
  return *this;
}

statement& statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL.
  bound_ |= sqlite3_bind_text64(handle_, index, text.data() ? text.data() : "", text.size(),
                                SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

statement& statement::bind_blob(int index, std::string_view bytes) {
  bound_ |= sqlite3_bind_blob64(handle_, index, bytes.data() ? bytes.data() : "", bytes.size(),
                                SQLITE_STATIC);
  return *this;
}

result<bool> statement::step() {
  if (bound_ != SQLITE_OK) return owner_->failure(bound_);
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return owner_->failure(code);
}

result<void> statement::run() {
  auto more = step();
  while (more && *more) more = step();
  if (!more) return tl::make_unexpected(more.error());
  sqlite3_reset(handle_);
  return {};
}

std::string_view statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  const int size = sqlite3_column_bytes(handle_, column);
  return bytes == nullptr ? std::string_view{}
                          : std::string_view{bytes, static_cast<std::size_t>(size)};
}

result<std::unique_ptr<connection>> connection::open_uri(const std::string& path,
                                                         const std::string& uri, int flags) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(uri.c_str(), &handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<connection> made{
      new connection{path, handle}}; // a failed open leaves a handle to close, too
  if (code != SQLITE_OK) return made->failure(code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  // SQLite opens what it may not write for reading, without a word.
  if ((flags & SQLITE_OPEN_READWRITE) != 0 && sqlite3_db_readonly(handle, "main") == 1)
    return tl::make_unexpected(explain(path, SQLITE_READONLY, "may not be written"));
  return made;
}

result<std::unique_ptr<connection>> connection::open(const std::string& path, mode how) {
  if (path == ":memory:") return open_uri(path, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const std::string uri = uri_of(path);
  if (how == mode::read_write_create)
    return open_uri(path, uri, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  auto made = open_uri(path, uri + "?mode=ro", SQLITE_OPEN_READONLY);
  if (!made) return made;
  // The first read of a WAL file makes its side files; where that is forbidden (a read-only
  // archive) and no log is left behind, the file cannot change and is read as it is.
  const auto probe = (*made)->number("PRAGMA schema_version");
  if (probe) return made;
  std::error_code ignored;
  const auto log_bytes = std::filesystem::file_size(path + "-wal", ignored);
  if (probe.error().code != errc::io || !std::filesystem::is_regular_file(path, ignored) ||
      (log_bytes != 0 && log_bytes != static_cast<std::uintmax_t>(-1)))
    return tl::make_unexpected(probe.error());
  return open_uri(path, uri + "?mode=ro&immutable=1", SQLITE_OPEN_READONLY);
}

connection::~connection() {
  for (const auto& [sql, handle] : statements_) sqlite3_finalize(handle);
  sqlite3_close_v2(handle_);
}

result<statement> connection::prepare(const char* sql) {
  sqlite3_stmt*& cached = statements_[sql];
  if (cached == nullptr) {
    const int code =
        sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &cached, nullptr);
    if (code != SQLITE_OK) return failure(code);
  }
  return statement{*this, cached};
}

result<void> connection::run(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return {};
}

result<std::int64_t> connection::number(const char* sql) {
  auto query = prepare(sql);
  if (!query) return tl::make_unexpected(query.error());
  const auto row = query->step();
  if (!row) return tl::make_unexpected(row.error());
  return *row ? query->integer(0) : 0;
}

tl::unexpected<error> connection::failure(int code) const {
  const char* text = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  return tl::make_unexpected(explain(path_, code, text));
}

} // namespace tocsin::sqlite

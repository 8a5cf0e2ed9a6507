// A thin, exception-free hold on SQLite: a connection with cached statements, and errors that name
// file and remedy.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sqlite3.h>

#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin::sqlite {

class connection;

/// A prepared statement borrowed from its connection; reset when it goes. Parameters and columns
/// from 1 and 0. Bound texts must outlive the run.
class statement {
public:
  statement(connection& owner, sqlite3_stmt* handle) : owner_(&owner), handle_(handle) {}
  statement(statement&& other) noexcept
      : owner_(other.owner_), handle_(std::exchange(other.handle_, nullptr)) {}
  statement& operator=(statement&&) = delete;
  ~statement();

  statement& bind(int index, std::int64_t value);
  statement& bind(int index, std::uint64_t value) {
    return bind(index, static_cast<std::int64_t>(value));
  }
  statement& bind(int index, timestamp t) { return bind(index, to_nanoseconds(t)); }
  statement& bind(int index, std::string_view text);
  statement& bind_blob(int index, std::string_view bytes);

  /// Runs to the end, rows are not wanted.
  result<void> run();
  /// True: there is a row, read its columns; false: no more.
  result<bool> step();

  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
  bool is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
  timestamp time(int column) const { return from_nanoseconds(integer(column)); }
  std::string_view text(int column) const; ///< valid until the next step
  std::string string(int column) const { return std::string{text(column)}; }

private:
  connection* owner_;
  sqlite3_stmt* handle_;
  int bound_ = SQLITE_OK;
};

enum class mode { read_write_create, read_only };

/// Not thread-safe: whoever shares one locks `mutex`.
class connection {
public:
  static result<std::unique_ptr<connection>> open(const std::string& path, mode how);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// `sql` must be a literal: it is the key of the cache. A statement in use must not be asked for
  /// again.
  result<statement> prepare(const char* sql);
  /// Runs SQL without parameters and rows.
  result<void> run(const char* sql);
  result<std::int64_t> number(const char* sql);
  std::int64_t changes() const { return sqlite3_changes64(handle_); }
  std::int64_t last_id() const { return sqlite3_last_insert_rowid(handle_); }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  const std::string& path() const { return path_; }
  /// The last failure as an error.
  tl::unexpected<error> failure(int code) const;

  std::mutex mutex;

private:
  connection(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  static result<std::unique_ptr<connection>> open_uri(const std::string& path,
                                                      const std::string& uri, int flags);
  std::string path_;
  sqlite3* handle_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

} // namespace tocsin::sqlite

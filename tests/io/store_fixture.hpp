// What the tests of the store share: a file that goes away, and looks behind the store's back.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/sqlite.hpp"
#include "io/store.hpp"
#include "store_support.hpp"
#include "support.hpp"

namespace tocsin::test {

constexpr timestamp ms(std::int64_t n) { return from_milliseconds(n); }

inline std::unique_ptr<store> open(const std::string& path) {
  auto made = open_sqlite_store(path);
  EXPECT_TRUE(made) << (made ? "" : made.error().text);
  return made ? std::move(*made) : nullptr;
}

inline void append(store& s, std::size_t count) {
  const auto batch = batch_at(s.next_offset(), count);
  const auto done = s.append(batch, 0, count);
  ASSERT_TRUE(done) << done.error().text;
}

/// Replays and gives the borders of what came; checks that each record is the one written there.
inline std::vector<std::pair<std::uint64_t, std::size_t>> replayed(const store& s,
                                                                   std::uint64_t from) {
  std::vector<std::pair<std::uint64_t, std::size_t>> out;
  const auto done = s.replay(from, [&](record_batch&& batch) {
    EXPECT_TRUE(is_as_written(batch)) << "batch at " << batch.first_offset;
    out.emplace_back(batch.first_offset, batch.records.size());
  });
  EXPECT_TRUE(done) << (done ? "" : done.error().text);
  return out;
}

/// What only a shell on the file can do.
inline void tamper(const std::string& path, const char* sql) {
  auto db = sqlite::connection::open(path, sqlite::mode::read_write_create);
  ASSERT_TRUE(db);
  const auto done = (*db)->run(sql);
  ASSERT_TRUE(done) << done.error().text;
}

inline std::int64_t look(const std::string& path, const char* sql) {
  auto db = sqlite::connection::open(path, sqlite::mode::read_only);
  return db ? (*db)->number(sql).value_or(-1) : -1;
}

inline incident an_incident(const std::string& id, std::uint32_t revision, incident_state state,
                            std::int64_t since_ms) {
  incident i{};
  i.id = id;
  i.revision = revision;
  i.state = state;
  i.level = severity::critical;
  i.title = "title of " + id;
  i.at = ms(since_ms + revision);
  i.since = ms(since_ms);
  if (state == incident_state::closed) i.until = i.at;
  return i;
}

/// By value: a range-based for keeps only that alive.
template <class T>
T got(result<T> answer) {
  EXPECT_TRUE(answer) << (answer ? "" : answer.error().text);
  return answer ? std::move(*answer) : T{};
}

class store_file : public testing::Test {
protected:
  temporary_directory directory;
  std::string path = directory.file("node/tocsin.db");
};

} // namespace tocsin::test

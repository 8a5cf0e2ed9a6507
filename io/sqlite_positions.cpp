// How far the sources have read their logs, in the same file and transaction as what they read.
#include "io/sqlite_store.hpp"

namespace tocsin {

result<void> sqlite_store::save_positions(const std::string& source, const log_positions& reached) {
  return write([&](sqlite::connection& db) -> result<void> {
    for (const log_position& p : reached) {
      auto put = db.prepare("INSERT INTO log_positions (source, topic, partition, next_offset) VALUES (?, ?, ?, ?)"
                            " ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset");
      if (!put) return tl::make_unexpected(put.error());
      put->bind(1, source).bind(2, p.topic).bind(3, std::int64_t{p.partition});
      if (auto done = put->bind(4, p.next_offset).run(); !done) return done;
    }
    return {};
  });
}

result<log_positions> sqlite_store::positions(const std::string& source) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query = db.prepare("SELECT topic, partition, next_offset FROM log_positions WHERE source = ? ORDER BY topic, partition");
  if (!query) return tl::make_unexpected(query.error());
  query->bind(1, source);
  log_positions out;
  for (;;) {
    const auto row = query->step();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return out;
    out.push_back({query->string(0), static_cast<std::int32_t>(query->integer(1)), query->integer(2)});
  }
}

} // namespace tocsin

// Records and entries whose content tells their offset, so that a torn or shifted one is seen.
#pragma once

#include <string>

#include "core/record.hpp"
#include "io/store.hpp"

namespace tocsin::test {

/// `count` records from `offset` on, one second apart, each with its offset as uptime and in its
/// host.
inline record_batch batch_at(std::uint64_t offset, std::size_t count) {
  record_batch batch;
  batch.first_offset = offset;
  for (std::size_t i = 0; i < count; ++i) {
    record r;
    r.at = from_milliseconds(static_cast<std::int64_t>(1000 * (offset + i)));
    r.host = batch.keep("10.0.0." + std::to_string((offset + i) % 256));
    r.service = "7500";
    r.key_hash = hash_key(r.host, r.service);
    r.set(counter::uptime, offset + i);
    r.set(counter::packets_sent, 1000 * (offset + i));
    batch.records.push_back(r);
  }
  return batch;
}

/// Whether the batch is what batch_at would make.
inline bool is_as_written(const record_batch& batch) {
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const record& r = batch.records[i];
    const std::uint64_t offset = batch.first_offset + i;
    if (!r.has(counter::uptime) || r.get(counter::uptime) != offset ||
        r.get(counter::packets_sent) != 1000 * offset ||
        r.host != "10.0.0." + std::to_string(offset % 256) || r.service != "7500" ||
        r.at != from_milliseconds(static_cast<std::int64_t>(1000 * offset)))
      return false;
  }
  return true;
}

inline outbox_entry entry(const std::string& incident, int revision, const std::string& receiver,
                          std::int64_t at_ms) {
  outbox_entry e;
  e.id = incident + "." + std::to_string(revision) + "@" + receiver;
  e.receiver = receiver;
  e.body = "{}";
  e.created = e.next_attempt = from_milliseconds(at_ms);
  e.state = "waiting";
  return e;
}

} // namespace tocsin::test

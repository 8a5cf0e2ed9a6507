// What must hold of any text decoder, whatever its input: shared by the fuzz targets.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codecs/decoder.hpp"
#include "core/limits.hpp"

namespace tocsin::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

/// A record the core can take: known enumerators, bounded texts, a host unless it is about sight.
inline void check(const record& r) {
  require(r.kind <= record_kind::time_mark && r.timed_by <= time_source::message);
  require(r.vantage < limits::vantages_max);
  require(r.at != unset && r.at != never);
  require(r.host.size() <= limits::host_bytes_max && r.peer.size() <= limits::host_bytes_max);
  require(r.service.size() <= limits::label_bytes_max);
  require(r.network.size() <= limits::label_bytes_max);
  require(r.version.size() <= limits::label_bytes_max);
  require(std::isfinite(r.reliability_s) && r.reliability_s >= 0);
  require(r.key_hash == hash_key(r.host, r.service));
  require(!r.host.empty() || r.kind == record_kind::sight_lost ||
          r.kind == record_kind::sight_regained || r.kind == record_kind::time_mark);
}

struct outcome {
  std::string kinds; ///< of the records, one character each, with a digest of their contents
  std::uint64_t digest = 0, errors = 0, ignored = 0;
  friend bool operator==(const outcome&, const outcome&) = default;
};

/// Decodes `input` in pieces of `piece` bytes and checks every record and error.
inline outcome run(decoder& d, std::string_view input, std::size_t piece) {
  record_batch batch;
  for (std::size_t at = 0; at < input.size(); at += std::min(piece, input.size() - at))
    d.feed(input.substr(at, piece), unset, batch);
  d.finish(unset, batch);
  outcome o{{}, 0, d.error_count(), d.ignored_count()};
  for (const record& r : batch.records) {
    check(r);
    o.kinds += static_cast<char>('a' + static_cast<int>(r.kind));
    o.digest = o.digest * 1099511628211u ^ r.key_hash;
    o.digest = o.digest * 1099511628211u ^ static_cast<std::uint64_t>(to_nanoseconds(r.at));
    for (const std::uint64_t value : r.values) o.digest = o.digest * 1099511628211u ^ value;
  }
  const auto errors = d.take_errors();
  require(errors.size() <= 1000 && errors.size() <= o.errors);
  for (const decode_error& e : errors)
    require(!e.text.empty() && e.text.size() < 1024 && e.bytes.size() <= 4096 && e.position != 0);
  return o;
}

} // namespace tocsin::fuzz

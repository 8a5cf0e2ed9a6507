#include "io/snapshot_chunks.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/bytes.hpp"

namespace tocsin {

namespace {

constexpr std::uint32_t magic = 0x31435354; ///< "TSC1": the form of a chunk
constexpr std::size_t header_bytes = 4 + 4 + 8 + 4 + 4 + 8 + 4 + 8;
constexpr std::size_t begun_max = 4; ///< sets of one key that come mixed: two writers, each with one that never ended
constexpr std::size_t remark_bytes_max = 2000;

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::uint64_t chunks_of(std::uint64_t size) {
  return std::max<std::uint64_t>(1, (size + cluster_snapshots::chunk_bytes - 1) / cluster_snapshots::chunk_bytes);
}

struct place {
  std::string key;
  unsigned slot = 0;
  std::uint32_t index = 0;
};

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<place> parse_key(std::string_view text) {
  const auto second = text.rfind('/');
  if (second == text.npos || second == 0) return std::nullopt;
  const auto first = text.rfind('/', second - 1);
  if (first == text.npos) return std::nullopt;
  const auto slot = number(text.substr(first + 1, second - first - 1)), index = number(text.substr(second + 1));
  if (!slot || *slot > 1 || !index) return std::nullopt;
  return place{std::string{text.substr(0, first)}, *slot, *index};
}

} // namespace

snapshot_set describe_snapshot(std::uint32_t version, std::uint64_t id, std::int64_t input_offset, std::string_view bytes) {
  return {version, id, static_cast<std::uint32_t>(chunks_of(bytes.size())), bytes.size(), crc_of(bytes), input_offset};
}

std::string snapshot_chunk(const snapshot_set& set, std::uint32_t index, std::string_view bytes) {
  writer w;
  w.put(magic);
  w.put(set.version);
  w.put(set.id);
  w.put(index);
  w.put(set.count);
  w.put(set.size);
  w.put(set.crc);
  w.put(set.input_offset);
  std::string out = w.take();
  out += bytes.substr(std::size_t{index} * cluster_snapshots::chunk_bytes, cluster_snapshots::chunk_bytes);
  return out;
}

std::string snapshot_chunk_key(std::string_view key, unsigned slot, std::uint32_t index) {
  return std::string{key} + '/' + std::to_string(slot) + '/' + std::to_string(index);
}

void snapshot_assembler::torn(const std::string& key, const std::string& why) {
  ++out_.torn;
  if (out_.remark.size() < remark_bytes_max) out_.remark += (out_.remark.empty() ? "" : "; ") + key + ": " + why;
}

void snapshot_assembler::add(std::string_view record_key, std::string_view value) {
  const auto at = parse_key(record_key);
  if (!at) {
    ++out_.malformed;
    return;
  }
  if (value.empty()) return; // what was longer once
  reader r{value.substr(0, header_bytes)};
  const auto form = r.get<std::uint32_t>();
  snapshot_set set;
  set.version = r.get<std::uint32_t>();
  set.id = r.get<std::uint64_t>();
  const auto index = r.get<std::uint32_t>();
  set.count = r.get<std::uint32_t>();
  set.size = r.get<std::uint64_t>();
  set.crc = r.get<std::uint32_t>();
  set.input_offset = r.get<std::int64_t>();
  if (!r.ok() || form != magic) {
    ++out_.malformed;
    return;
  }
  if (set.version != version_) {
    ++out_.unknown_version;
    return;
  }
  const std::uint64_t before = std::uint64_t{index} * cluster_snapshots::chunk_bytes;
  const bool fits = set.size <= cluster_snapshots::snapshot_bytes_max && set.count == chunks_of(set.size) && index < set.count && index == at->index &&
                    value.size() - header_bytes == std::min<std::uint64_t>(set.size - before, cluster_snapshots::chunk_bytes);
  if (!fits || (entries_.size() >= cluster_snapshots::keys_max && !entries_.contains(at->key))) {
    ++out_.malformed;
    return;
  }
  add_chunk(at->key, at->slot, set, index, value.substr(header_bytes));
}

void snapshot_assembler::add_chunk(const std::string& key, unsigned slot, const snapshot_set& set, std::uint32_t index, std::string_view bytes) {
  entry& e = entries_[key];
  e.slots.extent[slot] = std::max(e.slots.extent[slot], index + 1);
  e.last[slot].resize(e.slots.extent[slot]);
  e.last[slot][index] = set.id;
  auto known = std::ranges::find_if(e.begun, [&](const under_way& u) { return u.set.id == set.id; });
  if (known == e.begun.end()) {
    if (e.begun.size() >= begun_max) e.begun.erase(e.begun.begin()); // older than four newer ones
    e.begun.push_back({set, slot, std::vector<std::string>(set.count), 0, std::vector<bool>(set.count)});
    known = std::prev(e.begun.end());
  }
  if (known->set != set || known->slot != slot) {
    ++out_.malformed;
    return;
  }
  if (!known->has[index]) ++known->have; // else it was sent twice
  known->has[index] = true;
  known->chunks[index] = bytes;
  if (known->have == set.count) complete(key, e, static_cast<std::size_t>(known - e.begun.begin()));
}

void snapshot_assembler::complete(const std::string& key, entry& e, std::size_t which) {
  under_way done = std::move(e.begun[which]);
  std::string bytes;
  bytes.reserve(done.set.size);
  for (const std::string& c : done.chunks) bytes += c;
  if (bytes.size() != done.set.size || crc_of(bytes) != done.set.crc) {
    e.begun.erase(e.begun.begin() + static_cast<std::ptrdiff_t>(which));
    return torn(key, "the checksum does not fit");
  }
  e.begun.erase(e.begun.begin(), e.begun.begin() + static_cast<std::ptrdiff_t>(which) + 1); // older ones do not matter any more
  e.slots.whole = done.slot;
  e.known = true;
  e.newest_set = done.set;
  e.newest = {done.set.input_offset, std::move(bytes)};
}

cluster_snapshots_read snapshot_assembler::finish() {
  for (auto& [key, e] : entries_) {
    for (const under_way& u : e.begun)
      torn(key, std::to_string(u.have) + " of " + std::to_string(u.set.count) + " chunks" +
                    (e.known ? ", the one before it is used" : ", none before it is whole; the topic may not be compacted, or keeps too little"));
    if (e.known) out_.newest.emplace(key, std::move(e.newest));
  }
  if (out_.unknown_version > 0) out_.remark += (out_.remark.empty() ? "" : "; ") + std::to_string(out_.unknown_version) + " chunks of another version";
  if (out_.malformed > 0) out_.remark += (out_.remark.empty() ? "" : "; ") + std::to_string(out_.malformed) + " records that are no chunks";
  return std::move(out_);
}

std::map<std::string, snapshot_slots> snapshot_assembler::slots() const {
  std::map<std::string, snapshot_slots> out;
  for (const auto& [key, e] : entries_) {
    snapshot_slots s = e.slots;
    const auto& last = e.last[s.whole];
    const auto others = std::count_if(last.begin(), last.begin() + std::min<std::ptrdiff_t>(std::ssize(last), e.newest_set.count),
                                      [&](std::uint64_t id) { return id != e.newest_set.id; });
    if (e.known && others > 0) s.whole = 1 - s.whole;
    out.emplace(key, s);
  }
  return out;
}

} // namespace tocsin

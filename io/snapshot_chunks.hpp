// A snapshot as chunks that find together again: what is torn, mixed or of another version is recognised.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/cluster_snapshots.hpp"

namespace tocsin {

/// What all chunks of a snapshot say.
struct snapshot_set {
  std::uint32_t version = 0;      ///< of what it contains
  std::uint64_t id = 0;           ///< another one for each snapshot
  std::uint32_t count = 0;        ///< of its chunks
  std::uint64_t size = 0;         ///< bytes of the snapshot
  std::uint32_t crc = 0;          ///< CRC-32 of the snapshot
  std::int64_t input_offset = 0;
  bool operator==(const snapshot_set&) const = default;
};
snapshot_set describe_snapshot(std::uint32_t version, std::uint64_t id, std::int64_t input_offset, std::string_view bytes);
/// Value of the record that holds a chunk.
std::string snapshot_chunk(const snapshot_set& set, std::uint32_t index, std::string_view bytes);
/// Its key: chunks with equal keys replace each other. `slot`: 0 or 1.
std::string snapshot_chunk_key(std::string_view key, unsigned slot, std::uint32_t index);

/// Which of the two sets of a key is the whole one, and how many chunks were ever written of each.
struct snapshot_slots {
  unsigned whole = 1;
  std::array<std::uint32_t, 2> extent{};
};

/// Gets the records of a partition in their order.
class snapshot_assembler {
public:
  explicit snapshot_assembler(std::uint32_t version) : version_(version) {}
  /// An empty value is a tombstone.
  void add(std::string_view record_key, std::string_view value);
  /// At the end of the log.
  cluster_snapshots_read finish();
  /// A set whose chunks were overwritten in part by another writer does not count as whole here: it is the one to be replaced.
  std::map<std::string, snapshot_slots> slots() const;

private:
  struct under_way {
    snapshot_set set;
    unsigned slot = 0;
    std::vector<std::string> chunks;
    std::uint32_t have = 0;
    std::vector<bool> has;
  };
  struct entry {
    snapshot_slots slots;
    std::vector<under_way> begun; ///< in order of their first chunks
    std::array<std::vector<std::uint64_t>, 2> last; ///< set of the last chunk at each place: what compaction leaves
    bool known = false;
    snapshot_set newest_set;
    cluster_snapshot newest;
  };
  void add_chunk(const std::string& key, unsigned slot, const snapshot_set& set, std::uint32_t index, std::string_view bytes);
  void complete(const std::string& key, entry& e, std::size_t which);
  void torn(const std::string& key, const std::string& why);

  std::uint32_t version_;
  std::map<std::string, entry> entries_;
  cluster_snapshots_read out_;
};

} // namespace tocsin

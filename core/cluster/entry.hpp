// What nodes write into the cluster's log: one topic with one partition, read by every node in one order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/effect.hpp"
#include "core/error.hpp"

namespace tocsin {

/// A node is there; repeated, so that one that is gone can be told.
struct hello_entry {
  std::string address, http; ///< of its gateway and of its API; may be empty
  bool leaving = false;
};
/// The partition of the input is the writer's from here on: the entry's own offset is the epoch.
struct claim_entry {
  std::uint32_t partition = 0;
  std::uint64_t number = 0; ///< of the writer's claims: it acts upon its newest only
};
/// The owner has said everything and gives the partition up.
struct release_entry {
  std::uint32_t partition = 0;
  std::int64_t epoch = 0;
};
/// The writer leads if nobody took the lead since `after`, the offset of the lead it replaces; -1 = the first.
struct lead_entry {
  std::int64_t after = -1;
};
/// What the owner of a partition says of its daemons. Counts only while its claim is the newest.
struct said_entry {
  std::uint32_t partition = 0;
  std::int64_t epoch = 0;   ///< offset of the claim
  std::int64_t covered = 0; ///< input before this offset is in it
  timestamp until = unset;  ///< time that has passed for the partition
  effects said;
  bool blind = false;       ///< the owner cannot read the input, or whoever writes it cannot see
};
/// Time has come to `at`, says who leads by `term`.
struct mark_entry {
  timestamp at = unset;
  std::int64_t term = 0; ///< offset of the lead
};
/// A person's order: an encoded operator_command.
struct order_entry {
  std::string bytes;
  std::uint64_t number = 0; ///< of the writer's orders, from 1: one that is written twice is obeyed once
};
/// A receiver has this notification, or never will; nobody need send it again.
struct delivered_entry {
  std::string notification;
  bool dead = false; ///< it never will
};

/// A symptom of a machine whose input no partition holds (equipment): as core/reported_symptom encodes it.
struct report_entry {
  std::string bytes;
};

struct cluster_entry {
  std::string node;
  std::uint64_t incarnation = 0; ///< another one for every start of the node
  std::variant<hello_entry, claim_entry, release_entry, lead_entry, said_entry, mark_entry, order_entry, delivered_entry, report_entry> what;
};

/// Bytes of one entry in the log; larger ones are not written: effects are cut into several entries.
inline constexpr std::size_t entry_bytes_max = 512 * 1024;

std::string encode(const cluster_entry& e);
/// errc::version: written by a newer Tocsin; errc::malformed: the bytes are broken.
result<cluster_entry> decode_entry(std::string_view bytes);
/// The same effects in entries below entry_bytes_max; all but the last have the `covered` and `until` of `before`.
std::vector<said_entry> cut(said_entry whole, std::int64_t covered_before, timestamp until_before);

} // namespace tocsin

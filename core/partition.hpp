// Which partition of a keyed log a key belongs to: the same answer as Kafka's Java producer gives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin {

/// MurmurHash2, 32 bits, seed 0x9747b28c, as in Apache Kafka's Utils.murmur2.
std::uint32_t murmur2(std::string_view key);

/// Kafka's default partitioner for records with a key, librdkafka's "murmur2": 0 to count - 1; `count` is above 0.
inline std::int32_t partition_of(std::string_view key, std::int32_t count) {
  return static_cast<std::int32_t>(murmur2(key) & 0x7fffffffu) % count;
}

/// The key of everything that is heard of a host's daemons: together, so that a reboot can be told from a restart.
inline std::string input_key(std::string_view host) { return "rvd/" + std::string{host}; }

} // namespace tocsin

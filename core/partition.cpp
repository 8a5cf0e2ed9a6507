#include "core/partition.hpp"

namespace tocsin {

std::uint32_t murmur2(std::string_view key) {
  constexpr std::uint32_t m = 0x5bd1e995;
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(key[i])}; };
  std::uint32_t h = 0x9747b28cu ^ static_cast<std::uint32_t>(key.size());
  const std::size_t whole = key.size() / 4 * 4;
  for (std::size_t i = 0; i < whole; i += 4) {
    std::uint32_t k = byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24;
    k *= m;
    k ^= k >> 24;
    h = h * m ^ k * m;
  }
  switch (key.size() % 4) {
  case 3: h ^= byte(whole + 2) << 16; [[fallthrough]];
  case 2: h ^= byte(whole + 1) << 8; [[fallthrough]];
  case 1: h = (h ^ byte(whole)) * m; break;
  default: break;
  }
  h ^= h >> 13;
  h *= m;
  return h ^ h >> 15;
}

} // namespace tocsin

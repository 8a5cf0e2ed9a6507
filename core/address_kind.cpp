// Which network addresses are nobody's business from outside.
#include "core/address_kind.hpp"

#include <algorithm>

namespace tocsin {

std::string_view private_kind(const std::array<std::uint8_t, 4>& a) {
  if (a[0] == 127) return "a loopback address";
  if (a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168)) return "a private address";
  if (a[0] == 169 && a[1] == 254) return "a link-local address"; // cloud metadata: 169.254.169.254
  if (a[0] == 100 && (a[1] & 0xc0) == 64) return "an address shared by carriers";
  if (a[0] == 0) return "an unspecified address";
  if (a[0] == 192 && a[1] == 0 && a[2] == 0) return "a reserved address";
  if (a[0] == 198 && (a[1] & 0xfe) == 18) return "an address for benchmarks";
  if ((a[0] & 0xf0) == 224) return "a multicast address";
  if (a[0] >= 240) return "a reserved address";
  return {};
}

std::string_view private_kind(const std::array<std::uint8_t, 16>& a) {
  const auto v4_at = [&](std::size_t i) { return private_kind(std::array<std::uint8_t, 4>{a[i], a[i + 1], a[i + 2], a[i + 3]}); };
  const auto zero = [&](std::size_t from, std::size_t to) {
    return std::all_of(a.begin() + static_cast<std::ptrdiff_t>(from), a.begin() + static_cast<std::ptrdiff_t>(to),
                       [](std::uint8_t b) { return b == 0; });
  };
  if (zero(0, 15) && a[15] == 1) return "a loopback address";
  if (zero(0, 16)) return "an unspecified address";
  if (zero(0, 10) && a[10] == 0xff && a[11] == 0xff) return v4_at(12);
  if (zero(0, 12)) return v4_at(12);
  if (a[0] == 0 && a[1] == 0x64 && a[2] == 0xff && a[3] == 0x9b) return zero(4, 12) ? v4_at(12) : "a private address";
  if (a[0] == 0x20 && a[1] == 0x02) return v4_at(2);
  if ((a[0] & 0xfe) == 0xfc) return "a private address"; // fd00:ec2::254 is a metadata service
  if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) return "a link-local address";
  if (a[0] == 0xfe && (a[1] & 0xc0) == 0xc0) return "a site-local address";
  if (a[0] == 0xff) return "a multicast address";
  return {};
}

} // namespace tocsin

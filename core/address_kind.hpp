// Which network addresses are nobody's business from outside: loopback, private, link-local, metadata and the like.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tocsin {

/// "a loopback address", "a private address", …; empty for an address of the public Internet. After the IANA
/// special-purpose registries (RFC 6890). Bytes in network order.
std::string_view private_kind(const std::array<std::uint8_t, 4>& v4);
/// Also looks into addresses that carry a v4 address: mapped, compatible, NAT64, 6to4.
std::string_view private_kind(const std::array<std::uint8_t, 16>& v6);

} // namespace tocsin

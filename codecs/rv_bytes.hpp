// Big-endian numbers in byte strings, for the Rendezvous codec.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace tocsin {

static_assert(std::endian::native == std::endian::little);

template <class T>
T swap_bytes(T value) {
  static_assert(std::is_unsigned_v<T>);
  if constexpr (sizeof(T) == 1)
    return value;
  else if constexpr (sizeof(T) == 2)
    return __builtin_bswap16(value);
  else if constexpr (sizeof(T) == 4)
    return __builtin_bswap32(value);
  else
    return __builtin_bswap64(value);
}

/// The caller has checked that sizeof(T) bytes are there.
template <class T>
T read_be(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return swap_bytes(value);
}

template <class T>
void write_be(char* to, T value) {
  value = swap_bytes(value);
  std::memcpy(to, &value, sizeof value);
}

template <class T>
void append_be(std::string& out, T value) {
  char bytes[sizeof value];
  write_be(bytes, value);
  out.append(bytes, sizeof value);
}

} // namespace tocsin

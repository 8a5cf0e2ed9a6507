// Writes Rendezvous messages: the same bytes as the recorded peers, for our client and the test
// daemon.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/rv_bytes.hpp"
#include "codecs/rv_message.hpp"

namespace tocsin {

/// Name of a field, at most 252 bytes, with an optional id (0 = none).
struct rv_name {
  std::string_view text;
  std::uint16_t id = 0;
  rv_name(const char* name, std::uint16_t number = 0) : text(name), id(number) {}
  rv_name(std::string_view name, std::uint16_t number = 0) : text(name), id(number) {}
  rv_name(const std::string& name, std::uint16_t number = 0) : text(name), id(number) {}
};

/// How the seconds of a datetime lie in its eight bytes.
enum class rv_time_layout { seconds_40_bit, seconds_32_bit };

/// Builds one message. Longer names and texts than the wire can hold are cut; the result may be
/// larger than readers accept, which is the caller's to avoid.
class rv_message_writer {
public:
  rv_message_writer() { clear(); }

  /// Dotted text; always in the 16-bit size form, as peers write it. Fails (writing nothing) on an
  /// empty element, one of more than 252 bytes or a subject longer than limits::subject_bytes_max.
  result<void> subject(rv_name name, std::string_view dotted);
  void text(rv_name name, std::string_view value); ///< a terminating NUL is added
  void signed_integer(rv_name name, std::int64_t value, int bytes = 4);
  void unsigned_integer(rv_name name, std::uint64_t value, int bytes = 4);
  void real(rv_name name, double value, int bytes = 8);
  void boolean(rv_name name, bool value);
  void address(rv_name name, std::uint32_t value); ///< host byte order
  void port(rv_name name, std::uint16_t value);
  /// Whole microseconds; times before 1970 or after 2106 become 1970.
  void time(rv_name name, timestamp value, rv_time_layout layout = rv_time_layout::seconds_40_bit);
  void opaque(rv_name name, std::string_view bytes) { raw(name, rv_type::opaque, bytes); }
  /// A complete message, as bytes() of another writer.
  void message(rv_name name, std::string_view message_bytes);
  void strings(rv_name name, const std::vector<std::string>& values);
  void messages(rv_name name, const std::vector<std::string>& values);
  template <class T>
  void array(rv_name name, rv_type type, std::initializer_list<T> values);
  /// Any other type: the smallest size form that fits, then the bytes.
  void raw(rv_name name, rv_type type, std::string_view data);

  std::string_view bytes() const { return bytes_; }
  std::string take(); ///< and starts anew
  void clear();

private:
  void begin(rv_name name, rv_type type);
  void number(rv_name name, rv_type type, std::uint64_t value, int bytes);
  void finish();

  std::string bytes_;
};

template <class T>
void rv_message_writer::array(rv_name name, rv_type type, std::initializer_list<T> values) {
  std::string data;
  for (const T value : values) {
    if constexpr (sizeof(T) == 1)
      data += static_cast<char>(value);
    else if constexpr (sizeof(T) == 2)
      append_be(data, std::bit_cast<std::uint16_t>(value));
    else if constexpr (sizeof(T) == 4)
      append_be(data, std::bit_cast<std::uint32_t>(value));
    else
      append_be(data, std::bit_cast<std::uint64_t>(value));
  }
  raw(name, type, data);
}

} // namespace tocsin

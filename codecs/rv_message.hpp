// Rendezvous messages on the wire: reading without copies, and writing the same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/limits.hpp"
#include "core/time.hpp"

namespace tocsin {

inline constexpr std::uint32_t rv_magic = 0x9955eeaa;
inline constexpr std::size_t rv_header_bytes = 8; ///< length and magic

/// Type codes of fields. Codes not listed here are passed on as they are: their size is known all
/// the same.
enum class rv_type : std::uint8_t {
  message = 1,
  subject = 2,
  datetime = 3,
  opaque = 7,
  string = 8,
  boolean = 9,
  ip = 10, ///< 4 bytes: an address, 2 bytes: a port
  signed_integer = 11,
  unsigned_integer = 12,
  real = 13,
  encrypted = 32,
  i8_array = 34,
  u8_array = 35,
  i16_array = 36,
  u16_array = 37,
  i32_array = 38,
  u32_array = 39,
  i64_array = 40,
  u64_array = 41,
  f32_array = 44,
  f64_array = 45,
  xml = 47,
  string_array = 48,
  message_array = 49,
};

/// Room for the longest subject as dotted text.
using rv_subject_text = std::array<char, limits::subject_bytes_max>;

/// One field: views into the message. A getter gives nothing when type or width do not fit.
struct rv_field {
  std::string_view name;
  std::string_view data;  ///< without the size; of a nested message: the message with its header
  std::size_t offset = 0; ///< of the field in the outermost message
  std::size_t data_offset = 0;
  std::uint16_t id = 0; ///< 0 = none
  rv_type type = rv_type::opaque;
  int depth = 0; ///< of the message it is in; 0 = outermost

  /// Signed and unsigned integers of any width, booleans and ports, unless below zero.
  std::optional<std::uint64_t> as_unsigned() const;
  /// The same, unless beyond 2^63-1.
  std::optional<std::int64_t> as_signed() const;
  /// Reals of 4 and 8 bytes; integers.
  std::optional<double> as_real() const;
  /// A string up to its first NUL (what follows is garbage in some senders).
  std::optional<std::string_view> as_text() const;
  std::optional<std::uint32_t> as_address() const; ///< host byte order
  std::optional<std::uint16_t> as_port() const;
  /// Both layouts of the 8 bytes: seconds in bytes 0-4 if byte 0 is zero, else in bytes 0-3;
  /// microseconds in bytes 5-7. Unambiguous from mid-1970 to 2106. Nothing if there are a million
  /// microseconds or more.
  std::optional<timestamp> as_time() const;
  /// A subject (or a string) as dotted text in `buffer`. Nothing if an element is empty or it is
  /// too long.
  std::optional<std::string_view> as_subject(rv_subject_text& buffer) const;
  /// Elements of an array of numbers, strings or messages; nothing for other types or a broken
  /// count.
  std::optional<std::size_t> element_count() const;
  std::optional<std::int64_t> element_signed(std::size_t i) const;
  std::optional<std::uint64_t> element_unsigned(std::size_t i) const;
  std::optional<double> element_real(std::size_t i) const;
};

/// Length of the frame that begins at `bytes`: nothing when fewer than its first 8 bytes are there.
/// Fails on a wrong magic or a length outside [8, limits::rv_message_bytes_max].
result<std::optional<std::size_t>> rv_frame_length(std::string_view bytes);

/// Walks the fields of one message, in order:
///
///     rv_reader r{frame};
///     for (rv_field f; r.next(f);) ...
///     if (!r.ok()) return tl::make_unexpected(r.failure());
///
class rv_reader {
public:
  /// `message`: exactly one message, with its header.
  explicit rv_reader(std::string_view message) : rv_reader(message, 0, 0) {}
  /// The message in a field of type `message`; fails when nested beyond limits::rv_nesting_max.
  static rv_reader nested(const rv_field& f);

  /// False at the end and on the first error.
  bool next(rv_field& f);
  bool ok() const { return why_ == nullptr; }
  /// Place (offset in the outermost message) and reason. Only if !ok().
  error failure() const;
  std::size_t fields() const { return fields_; } ///< read so far

private:
  rv_reader(std::string_view message, std::size_t base, int depth);
  bool stop(errc code, std::size_t at, const char* why);

  std::string_view bytes_;
  std::size_t at_ = 0, base_ = 0, failed_at_ = 0, fields_ = 0;
  const char* why_ = nullptr;
  errc code_ = errc::malformed;
  int depth_ = 0;
};

/// Messages in a field of type message_array, one after the other.
class rv_message_array_reader {
public:
  explicit rv_message_array_reader(const rv_field& f);
  /// The next as a field of type `message`; false at the end and on error.
  bool next(rv_field& f);
  bool ok() const { return ok_; }

private:
  rv_field array_;
  std::size_t at_ = 4, left_ = 0;
  bool ok_ = true;
};

/// Takes the next string of the rest of a string array. Start with data.substr(4) and
/// element_count().
std::optional<std::string_view> pop_array_string(std::string_view& rest);

/// Walks everything, nested messages and arrays too, within all bounds; returns the number of
/// fields.
result<std::size_t> check_message(std::string_view message);

/// The field of that name in a message; nothing if there is none or the bytes before it are broken.
std::optional<rv_field> find_field(std::string_view message, std::string_view name);

} // namespace tocsin

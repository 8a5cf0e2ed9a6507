// Rendezvous field values: reads that accept what senders really write and refuse the rest.
#include <bit>
#include <limits>

#include "codecs/rv_bytes.hpp"
#include "codecs/rv_message.hpp"

namespace tocsin {

namespace {

/// Two's complement of the given width, extended to 64 bits.
std::optional<std::int64_t> read_signed(std::string_view data) {
  switch (data.size()) {
  case 1:
    return static_cast<std::int8_t>(data[0]);
  case 2:
    return static_cast<std::int16_t>(read_be<std::uint16_t>(data.data()));
  case 4:
    return static_cast<std::int32_t>(read_be<std::uint32_t>(data.data()));
  case 8:
    return static_cast<std::int64_t>(read_be<std::uint64_t>(data.data()));
  default:
    return {};
  }
}

std::optional<std::uint64_t> read_unsigned(std::string_view data) {
  switch (data.size()) {
  case 1:
    return static_cast<std::uint8_t>(data[0]);
  case 2:
    return read_be<std::uint16_t>(data.data());
  case 4:
    return read_be<std::uint32_t>(data.data());
  case 8:
    return read_be<std::uint64_t>(data.data());
  default:
    return {};
  }
}

std::optional<double> read_real(std::string_view data) {
  if (data.size() == 4) return std::bit_cast<float>(read_be<std::uint32_t>(data.data()));
  if (data.size() == 8) return std::bit_cast<double>(read_be<std::uint64_t>(data.data()));
  return {};
}

std::optional<std::uint64_t> not_negative(std::optional<std::int64_t> value) {
  if (!value || *value < 0) return {};
  return static_cast<std::uint64_t>(*value);
}

/// Bytes of one element of an array of numbers; 0 for other types.
std::size_t element_bytes(rv_type type) {
  switch (type) {
  case rv_type::i8_array:
  case rv_type::u8_array:
    return 1;
  case rv_type::i16_array:
  case rv_type::u16_array:
    return 2;
  case rv_type::i32_array:
  case rv_type::u32_array:
  case rv_type::f32_array:
    return 4;
  case rv_type::i64_array:
  case rv_type::u64_array:
  case rv_type::f64_array:
    return 8;
  default:
    return 0;
  }
}

std::string_view element(const rv_field& f, std::size_t i) {
  const std::size_t size = element_bytes(f.type);
  if (size == 0 || i >= f.data.size() / size) return {};
  return f.data.substr(i * size, size);
}

bool signed_elements(rv_type t) {
  return t == rv_type::i8_array || t == rv_type::i16_array || t == rv_type::i32_array ||
         t == rv_type::i64_array;
}

bool real_elements(rv_type t) { return t == rv_type::f32_array || t == rv_type::f64_array; }

} // namespace

std::optional<std::uint64_t> rv_field::as_unsigned() const {
  switch (type) {
  case rv_type::unsigned_integer:
    return read_unsigned(data);
  case rv_type::signed_integer:
    return not_negative(read_signed(data));
  case rv_type::boolean:
    return data.size() == 1 ? read_unsigned(data) : std::nullopt;
  case rv_type::ip:
    return data.size() == 2 ? read_unsigned(data) : std::nullopt;
  default:
    return {};
  }
}

std::optional<std::int64_t> rv_field::as_signed() const {
  if (type == rv_type::signed_integer) return read_signed(data);
  const auto value = as_unsigned();
  if (!value || *value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return {};
  return static_cast<std::int64_t>(*value);
}

std::optional<double> rv_field::as_real() const {
  if (type == rv_type::real) return read_real(data);
  if (type == rv_type::signed_integer) {
    if (const auto value = read_signed(data)) return static_cast<double>(*value);
  } else if (type == rv_type::unsigned_integer) {
    if (const auto value = read_unsigned(data)) return static_cast<double>(*value);
  }
  return {};
}

std::optional<std::string_view> rv_field::as_text() const {
  if (type != rv_type::string) return {};
  return data.substr(0, data.find('\0'));
}

std::optional<std::uint32_t> rv_field::as_address() const {
  if (type != rv_type::ip || data.size() != 4) return {};
  return read_be<std::uint32_t>(data.data());
}

std::optional<std::uint16_t> rv_field::as_port() const {
  if (type != rv_type::ip || data.size() != 2) return {};
  return read_be<std::uint16_t>(data.data());
}

std::optional<timestamp> rv_field::as_time() const {
  if (type != rv_type::datetime || data.size() != 8) return {};
  const std::uint64_t word = read_be<std::uint64_t>(data.data());
  const std::uint64_t seconds = word >> 56 == 0 ? word >> 24 : word >> 32;
  const std::uint64_t microseconds = word & 0xffffff;
  if (microseconds >= 1'000'000) return {};
  // At most 2^32: far below the 2^33 seconds that nanoseconds in 64 bits can hold.
  return from_nanoseconds(static_cast<std::int64_t>(seconds) * 1'000'000'000 +
                          static_cast<std::int64_t>(microseconds) * 1'000);
}

std::optional<std::string_view> rv_field::as_subject(rv_subject_text& buffer) const {
  if (type == rv_type::string) {
    const std::string_view text = *as_text();
    if (text.empty() || text.size() > buffer.size()) return {};
    return text;
  }
  if (type != rv_type::subject || data.empty()) return {};
  std::size_t elements = static_cast<std::uint8_t>(data[0]);
  std::size_t at = 1, written = 0;
  if (elements == 0) return {};
  for (; elements > 0; --elements) {
    // Each element counts itself, its text and a NUL; an empty one would make two dots in a row.
    if (at >= data.size()) return {};
    const std::size_t bytes = static_cast<std::uint8_t>(data[at]);
    if (bytes < 3 || bytes > data.size() - at) return {};
    const std::size_t text = bytes - 2;
    if (written + text + 1 > buffer.size() + (elements == 1)) return {};
    std::memcpy(buffer.data() + written, data.data() + at + 1, text);
    written += text;
    if (elements > 1) buffer[written++] = '.';
    at += bytes;
  }
  if (at != data.size()) return {};
  return std::string_view{buffer.data(), written};
}

std::optional<std::size_t> rv_field::element_count() const {
  if (const std::size_t size = element_bytes(type)) {
    if (data.size() % size != 0) return {};
    return data.size() / size;
  }
  if (type != rv_type::string_array && type != rv_type::message_array) return {};
  if (data.size() < 4) return {};
  const std::size_t count = read_be<std::uint32_t>(data.data());
  // Each string takes a byte and each message eight: a larger count is a lie.
  const std::size_t least = type == rv_type::string_array ? 1 : rv_header_bytes;
  if (count > (data.size() - 4) / least) return {};
  return count;
}

std::optional<std::int64_t> rv_field::element_signed(std::size_t i) const {
  if (real_elements(type)) return {};
  if (signed_elements(type)) return read_signed(element(*this, i));
  const auto value = read_unsigned(element(*this, i));
  if (!value || *value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return {};
  return static_cast<std::int64_t>(*value);
}

std::optional<std::uint64_t> rv_field::element_unsigned(std::size_t i) const {
  if (real_elements(type)) return {};
  if (signed_elements(type)) return not_negative(read_signed(element(*this, i)));
  return read_unsigned(element(*this, i));
}

std::optional<double> rv_field::element_real(std::size_t i) const {
  const std::string_view bytes = element(*this, i);
  if (real_elements(type)) return read_real(bytes);
  if (signed_elements(type)) {
    if (const auto value = read_signed(bytes)) return static_cast<double>(*value);
  } else if (const auto value = read_unsigned(bytes)) {
    return static_cast<double>(*value);
  }
  return {};
}

} // namespace tocsin

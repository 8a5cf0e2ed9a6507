// Rendezvous messages on the wire: the walk over fields, every length checked before it is
// believed.
#include "codecs/rv_message.hpp"

#include "codecs/rv_bytes.hpp"

namespace tocsin {

namespace {

constexpr std::size_t size_plain_max =
    0x78; ///< 119 in practice; 120 is an old constant, read as itself
constexpr std::uint8_t size_16_bit = 0x79;
constexpr std::uint8_t size_32_bit = 0x7a;

std::string hex_word(std::uint32_t word) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[word >> shift & 0xf];
  return text;
}

} // namespace

result<std::optional<std::size_t>> rv_frame_length(std::string_view bytes) {
  if (bytes.size() < rv_header_bytes) return std::nullopt;
  const std::uint32_t length = read_be<std::uint32_t>(bytes.data());
  const std::uint32_t magic = read_be<std::uint32_t>(bytes.data() + 4);
  if (magic != rv_magic)
    return fail(errc::malformed, "wrong magic " + hex_word(magic) +
                                     " at offset 4, expected 9955eeaa: not a Rendezvous message");
  if (length < rv_header_bytes)
    return fail(errc::malformed, "length " + std::to_string(length) +
                                     " at offset 0 is less than the header's 8 bytes");
  if (length > limits::rv_message_bytes_max)
    return fail(errc::too_large,
                "length " + std::to_string(length) + " at offset 0 is more than the " +
                    std::to_string(limits::rv_message_bytes_max) + " bytes accepted");
  return std::optional<std::size_t>{length};
}

rv_reader::rv_reader(std::string_view message, std::size_t base, int depth)
    : bytes_(message), base_(base), depth_(depth) {
  if (depth > limits::rv_nesting_max) {
    stop(errc::too_deep, 0, "nested too deep");
  } else if (bytes_.size() < rv_header_bytes) {
    stop(errc::truncated, 0, "message ends within its header");
  } else if (read_be<std::uint32_t>(bytes_.data() + 4) != rv_magic) {
    stop(errc::malformed, 4, "wrong magic, expected 9955eeaa");
  } else {
    const std::size_t length = read_be<std::uint32_t>(bytes_.data());
    if (length > limits::rv_message_bytes_max)
      stop(errc::too_large, 0, "message is longer than accepted");
    else if (length > bytes_.size())
      stop(errc::truncated, 0, "message ends before its length says");
    else if (length < bytes_.size())
      stop(errc::malformed, 0, "message goes on after its length says it ends");
    else
      at_ = rv_header_bytes;
  }
}

rv_reader rv_reader::nested(const rv_field& f) {
  rv_reader r{f.data, f.data_offset, f.depth + 1};
  if (f.type != rv_type::message) r.stop(errc::malformed, 0, "field is not a message");
  return r;
}

bool rv_reader::stop(errc code, std::size_t at, const char* why) {
  if (why_) return false;
  code_ = code;
  failed_at_ = base_ + at;
  why_ = why;
  at_ = bytes_.size();
  return false;
}

error rv_reader::failure() const {
  return {code_,
          std::string{why_ ? why_ : "no failure"} + " at offset " + std::to_string(failed_at_)};
}

bool rv_reader::next(rv_field& f) {
  const char* const begin = bytes_.data();
  const std::size_t end = bytes_.size();
  std::size_t at = at_;
  if (at >= end) return false;
  if (++fields_ > limits::rv_fields_max)
    return stop(errc::too_large, at, "more fields than accepted");
  f.offset = base_ + at;
  f.depth = depth_;
  f.id = 0;

  std::size_t name_bytes = static_cast<std::uint8_t>(begin[at++]);
  // The type and at least one byte of size follow the name.
  if (end - at < name_bytes + 2)
    return stop(errc::truncated, at - 1, "message ends within a field's name or type");
  const char* const name = begin + at;
  at += name_bytes;
  if (name_bytes >= 3 && name[name_bytes - 3] == '\0') {
    f.id = read_be<std::uint16_t>(name + name_bytes - 2);
    name_bytes -= 2;
  }
  if (name_bytes > 0 && name[name_bytes - 1] == '\0') --name_bytes;
  f.name = {name, name_bytes};
  f.type = static_cast<rv_type>(begin[at++]);

  const std::size_t size_at = at;
  const std::uint8_t form = static_cast<std::uint8_t>(begin[at++]);
  std::size_t size = form;
  if (f.type == rv_type::message) {
    // The nested message's own length is the size, and it counts itself and the magic.
    if (form != size_32_bit)
      return stop(errc::malformed, size_at, "nested message without a 32-bit size");
    if (end - at < 4) return stop(errc::truncated, size_at, "message ends within a size");
    size = read_be<std::uint32_t>(begin + at);
  } else if (form > size_plain_max) {
    const std::size_t width = form == size_16_bit ? 2 : 4;
    if (form > size_32_bit) return stop(errc::malformed, size_at, "unknown form of size");
    if (end - at < width) return stop(errc::truncated, size_at, "message ends within a size");
    size = width == 2 ? read_be<std::uint16_t>(begin + at) : read_be<std::uint32_t>(begin + at);
    if (size < width) return stop(errc::malformed, size_at, "size does not count itself");
    size -= width;
    at += width;
  }
  if (size > end - at) return stop(errc::truncated, size_at, "field is longer than its message");
  f.data_offset = base_ + at;
  f.data = {begin + at, size};
  at_ = at + size;
  return true;
}

rv_message_array_reader::rv_message_array_reader(const rv_field& f) : array_(f) {
  const auto count = f.type == rv_type::message_array ? f.element_count() : std::nullopt;
  ok_ = count.has_value();
  left_ = count.value_or(0);
}

bool rv_message_array_reader::next(rv_field& f) {
  if (!ok_ || left_ == 0) return false;
  const std::string_view rest = array_.data.substr(at_);
  const std::size_t length =
      rest.size() < rv_header_bytes ? 0 : read_be<std::uint32_t>(rest.data());
  if (length < rv_header_bytes || length > rest.size()) return ok_ = false;
  f = array_;
  f.name = {};
  f.type = rv_type::message;
  f.data = rest.substr(0, length);
  f.data_offset = array_.data_offset + at_;
  at_ += length;
  --left_;
  return true;
}

std::optional<std::string_view> pop_array_string(std::string_view& rest) {
  const std::size_t nul = rest.find('\0');
  if (nul == std::string_view::npos) return {};
  const std::string_view text = rest.substr(0, nul);
  rest.remove_prefix(nul + 1);
  return text;
}

namespace {

/// Recursion is bounded: rv_reader refuses depths beyond limits::rv_nesting_max.
std::optional<error> check(rv_reader reader, std::size_t& fields) {
  for (rv_field f; reader.next(f);) {
    if (++fields > limits::rv_fields_max)
      return error{errc::too_large,
                   "more fields than accepted at offset " + std::to_string(f.offset)};
    if (f.type == rv_type::message) {
      if (auto e = check(rv_reader::nested(f), fields)) return e;
    } else if (f.type == rv_type::message_array) {
      rv_message_array_reader items{f};
      for (rv_field item; items.next(item);) {
        if (++fields > limits::rv_fields_max)
          return error{errc::too_large,
                       "more messages than accepted at offset " + std::to_string(item.data_offset)};
        if (auto e = check(rv_reader::nested(item), fields)) return e;
      }
      if (!items.ok())
        return error{errc::malformed,
                     "broken array of messages at offset " + std::to_string(f.offset)};
    }
  }
  if (!reader.ok()) return reader.failure();
  return {};
}

} // namespace

result<std::size_t> check_message(std::string_view message) {
  std::size_t fields = 0;
  if (auto e = check(rv_reader{message}, fields)) return tl::make_unexpected(std::move(*e));
  return fields;
}

std::optional<rv_field> find_field(std::string_view message, std::string_view name) {
  rv_reader reader{message};
  for (rv_field f; reader.next(f);)
    if (f.name == name) return f;
  return {};
}

} // namespace tocsin

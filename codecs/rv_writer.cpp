// Writes Rendezvous messages: size forms and layouts as recorded from peers.
#include "codecs/rv_writer.hpp"

#include <algorithm>

namespace tocsin {

namespace {

constexpr std::size_t name_bytes_max = 252; ///< the length byte also counts the NUL and an id
constexpr std::size_t plain_size_end = 120;
constexpr std::size_t size_16_bit_end = 30'000; ///< where peers change to the 32-bit form

void put_size(std::string& out, std::size_t size) {
  if (size < plain_size_end) {
    out += static_cast<char>(size);
  } else if (size < size_16_bit_end) {
    out += '\x79';
    append_be(out, static_cast<std::uint16_t>(size + 2));
  } else {
    out += '\x7a';
    append_be(out, static_cast<std::uint32_t>(size + 4));
  }
}

} // namespace

void rv_message_writer::clear() {
  bytes_.clear();
  append_be(bytes_, static_cast<std::uint32_t>(rv_header_bytes));
  append_be(bytes_, rv_magic);
}

std::string rv_message_writer::take() {
  std::string taken = std::move(bytes_);
  clear();
  return taken;
}

void rv_message_writer::begin(rv_name name, rv_type type) {
  const std::string_view text = name.text.substr(0, name_bytes_max);
  const std::size_t size = text.empty() && name.id == 0 ? 0 : text.size() + 1 + (name.id ? 2 : 0);
  bytes_ += static_cast<char>(size);
  if (size > 0) {
    bytes_ += text;
    bytes_ += '\0';
    if (name.id) append_be(bytes_, name.id);
  }
  bytes_ += static_cast<char>(type);
}

void rv_message_writer::finish() {
  write_be(bytes_.data(), static_cast<std::uint32_t>(bytes_.size()));
}

void rv_message_writer::raw(rv_name name, rv_type type, std::string_view data) {
  begin(name, type);
  put_size(bytes_, data.size());
  bytes_ += data;
  finish();
}

result<void> rv_message_writer::subject(rv_name name, std::string_view dotted) {
  auto bad = [&](const char* why) {
    return fail(errc::invalid, "subject '" + std::string{dotted.substr(0, 64)} + "' " + why);
  };
  if (dotted.empty()) return bad("is empty");
  if (dotted.size() > limits::subject_bytes_max) return bad("is longer than 255 bytes");
  std::string data(1, '\0');
  unsigned elements = 0;
  for (std::string_view rest = dotted;;) {
    const std::size_t dot = rest.find('.');
    const std::string_view element = rest.substr(0, dot);
    if (element.empty()) return bad("has an empty element");
    if (element.size() > 252) return bad("has an element of more than 252 bytes");
    if (element.find('\0') != std::string_view::npos) return bad("holds a NUL");
    data += static_cast<char>(element.size() + 2);
    data += element;
    data += '\0';
    ++elements;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  data[0] = static_cast<char>(elements); // at most 128 in 255 bytes
  begin(name, rv_type::subject);
  bytes_ += '\x79';
  append_be(bytes_, static_cast<std::uint16_t>(data.size() + 2));
  bytes_ += data;
  finish();
  return {};
}

void rv_message_writer::text(rv_name name, std::string_view value) {
  begin(name, rv_type::string);
  put_size(bytes_, value.size() + 1);
  bytes_ += value;
  bytes_ += '\0';
  finish();
}

void rv_message_writer::number(rv_name name, rv_type type, std::uint64_t value, int bytes) {
  char wide[8];
  write_be(wide, value);
  const auto width = static_cast<std::size_t>(std::clamp(bytes, 1, 8));
  raw(name, type, {wide + 8 - width, width});
}

void rv_message_writer::signed_integer(rv_name name, std::int64_t value, int bytes) {
  number(name, rv_type::signed_integer, static_cast<std::uint64_t>(value), bytes);
}

void rv_message_writer::unsigned_integer(rv_name name, std::uint64_t value, int bytes) {
  number(name, rv_type::unsigned_integer, value, bytes);
}

void rv_message_writer::real(rv_name name, double value, int bytes) {
  if (bytes == 4)
    number(name, rv_type::real, std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4);
  else
    number(name, rv_type::real, std::bit_cast<std::uint64_t>(value), 8);
}

void rv_message_writer::boolean(rv_name name, bool value) {
  number(name, rv_type::boolean, value, 1);
}
void rv_message_writer::address(rv_name name, std::uint32_t value) {
  number(name, rv_type::ip, value, 4);
}
void rv_message_writer::port(rv_name name, std::uint16_t value) {
  number(name, rv_type::ip, value, 2);
}

void rv_message_writer::time(rv_name name, timestamp value, rv_time_layout layout) {
  std::uint64_t microseconds = 0;
  if (value >= from_nanoseconds(0))
    microseconds = static_cast<std::uint64_t>(to_nanoseconds(value)) / 1'000;
  if (microseconds / 1'000'000 > 0xffffffff) microseconds = 0;
  const std::uint64_t seconds = microseconds / 1'000'000;
  const int shift = layout == rv_time_layout::seconds_40_bit ? 24 : 32;
  number(name, rv_type::datetime, seconds << shift | microseconds % 1'000'000, 8);
}

void rv_message_writer::message(rv_name name, std::string_view message_bytes) {
  begin(name, rv_type::message);
  bytes_ += '\x7a'; // the message's own length word is the size
  bytes_ += message_bytes;
  finish();
}

void rv_message_writer::strings(rv_name name, const std::vector<std::string>& values) {
  std::string data;
  append_be(data, static_cast<std::uint32_t>(values.size()));
  for (const std::string& value : values) data.append(value) += '\0';
  raw(name, rv_type::string_array, data);
}

void rv_message_writer::messages(rv_name name, const std::vector<std::string>& values) {
  std::string data;
  append_be(data, static_cast<std::uint32_t>(values.size()));
  for (const std::string& value : values) data += value;
  begin(name, rv_type::message_array);
  bytes_ += '\x7a';
  append_be(bytes_, static_cast<std::uint32_t>(data.size() + 4));
  bytes_ += data;
  finish();
}

} // namespace tocsin

// The parts of a mail: addresses, header fields, encodings.
#include "io/mail_format.hpp"

#include <algorithm>

#include "io/text.hpp"

namespace tocsin {

namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= left ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

} // namespace

mailbox parse_mailbox(std::string_view raw) {
  const std::string line = one_line(raw, 1000);
  std::string_view name, address = trimmed(line);
  if (const auto open = address.rfind('<');
      open != std::string_view::npos && address.ends_with('>')) {
    name = trimmed(address.substr(0, open));
    address = address.substr(open + 1, address.size() - open - 2);
    if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"'))
      name = name.substr(1, name.size() - 2);
  }
  mailbox out{std::string{name}, std::string{address}};
  // None of these is in an address; each could end the command or the header it stands in.
  std::erase_if(out.address, [](char c) { return c == ' ' || c == '<' || c == '>' || c == ','; });
  return out;
}

std::string to_header(const mailbox& m) {
  if (m.name.empty()) return m.address;
  if (!is_ascii(m.name) || m.name.find("=?") != std::string::npos)
    return encoded_words(m.name) + " <" + m.address + ">";
  std::string out{'"'};
  for (const char c : m.name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\" <" + m.address + ">";
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  constexpr std::size_t width = 76;
  out += name;
  out += ':';
  std::size_t column = name.size() + 1;
  bool first = true; // of the value: stays on the line of its name, some readers want it there
  while (!value.empty()) {
    const std::string_view word = value.substr(0, value.find(' '));
    value.remove_prefix(std::min(value.size(), word.size() + 1));
    if (word.empty()) continue;
    if (!first && column + 1 + word.size() > width) {
      out += "\r\n";
      column = 0;
    }
    out += ' ';
    out += word;
    column += 1 + word.size();
    first = false;
  }
  out += "\r\n";
}

std::string encoded_words(std::string_view text) {
  constexpr std::size_t bytes_per_word =
      39; // with "Subject: =?UTF-8?B?" and "?=" within 76 columns
  const bool plain = is_ascii(text) && text.find("=?") == std::string_view::npos;
  if (plain) return std::string{text};
  std::string out;
  while (!text.empty()) {
    std::size_t size = 0;
    while (size < text.size()) {
      const std::size_t length = std::max<std::size_t>(1, utf8_length(text.substr(size)));
      if (size + length > bytes_per_word) break;
      size += length;
    }
    if (!out.empty()) out += ' ';
    out += "=?UTF-8?B?" + base64(text.substr(0, size)) + "?=";
    text.remove_prefix(size);
  }
  return out;
}

std::string quoted_printable(std::string_view text) {
  constexpr std::size_t width = 76;
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool at_end = i + 1 == text.size() || text[i + 1] == '\n';
    const bool blank = c == ' ' || c == '\t';
    const bool plain = (c > 0x20 && c < 0x7f && c != '=') || (blank && !at_end);
    const std::size_t size = plain ? 1 : 3;
    if (column + size > width - (at_end ? 0 : 1)) { // the last column is for the soft break
      out += "=\r\n";
      column = 0;
    }
    if (plain)
      out += static_cast<char>(c);
    else
      ((out += '=') += hex_digits[c >> 4]) += hex_digits[c & 15];
    column += size;
  }
  return out;
}

} // namespace tocsin

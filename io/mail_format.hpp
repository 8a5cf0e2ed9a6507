// The parts of a mail: addresses, header fields, encodings (RFC 5322, 2045, 2047).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

struct mailbox {
  std::string name;    ///< may be empty; UTF-8
  std::string address; ///< ops@fab.example
};

/// "Ops <ops@fab.example>" or "ops@fab.example". Line breaks and control characters are gone.
mailbox parse_mailbox(std::string_view text);
/// As it stands in From and To: the name quoted or encoded as needed.
std::string to_header(const mailbox& m);

/// Appends "Name: value" with CRLF, folded before 78 columns at spaces.
void append_header(std::string& out, std::string_view name, std::string_view value);
/// Text for people in a header: as it is when it is ASCII, else in encoded words.
std::string encoded_words(std::string_view text);
/// Text with LF line ends as quoted-printable with CRLF, lines of 76 at most.
std::string quoted_printable(std::string_view text);

} // namespace tocsin

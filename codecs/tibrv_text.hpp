// A Rendezvous message as the API prints it, "{name=value name=value}", taken apart.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "codecs/advisory.hpp"

namespace tocsin {

/// How a value is written.
enum class text_form : unsigned char { quoted, bare, message, array };

struct text_field {
  std::string_view name;
  std::string_view value; ///< without the quotes; with its braces or brackets
  text_form form = text_form::bare;
};

enum class text_status : unsigned char { complete, incomplete, malformed, too_deep, too_many };

/// Finds the brace that closes a message, also when the text arrives in pieces.
class brace_scanner {
public:
  /// `text[from]` is the opening brace. Later calls give the same text with more appended.
  explicit brace_scanner(std::size_t from = 0) : at_(from) {}
  text_status scan(std::string_view text);
  std::size_t end() const { return at_; } ///< just behind the closing brace, once complete
  int depth() const { return depth_; }
  bool in_string() const { return in_string_; }

private:
  std::size_t at_;
  int depth_ = 0;
  bool in_string_ = false;
};

/// The top-level fields of the message that begins with the brace at `text[0]`. `end`: just behind
/// its closing brace. The fields are views into `text`. `text` of a malformed message may hold
/// anything; then `end` is where reading stopped.
text_status scan_fields(std::string_view text, std::vector<text_field>& fields, std::size_t& end);

/// Whether `name=`, `name(id)=` or `{size}name(id)=` begins at `text[from]`.
bool field_begins(std::string_view text, std::size_t from);

/// Hands a field over by the type its writing shows: 10.1.2.3 is an address, 60.0 a real.
void feed_text_field(const text_field& f, advisory_builder& builder);

} // namespace tocsin

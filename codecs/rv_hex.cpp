// Recorded Rendezvous sessions, "S|C seconds hex" lines, decoded as the client in them would have
// done.
#include <charconv>
#include <cmath>

#include "codecs/decoder.hpp"
#include "codecs/rv_records.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

/// Two digits a byte, and the words before them.
constexpr std::size_t line_bytes_max = 2 * limits::rv_message_bytes_max + 256;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view pop_word(std::string_view& rest) {
  constexpr std::string_view blanks = " \t";
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(blanks));
  rest.remove_prefix(word.size());
  return word;
}

class rv_hex_decoder final : public decoder {
public:
  explicit rv_hex_decoder(decode_context context) : records_(std::move(context)) {}

  void feed(std::string_view bytes, timestamp arrived, record_batch& out) override {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      take(bytes.substr(0, end));
      if (end == std::string_view::npos) return;
      bytes.remove_prefix(end + 1);
      finish_line(arrived, out);
    }
  }

  void finish(timestamp arrived, record_batch& out) override {
    if (!line_.empty() || too_long_) finish_line(arrived, out);
  }

private:
  void take(std::string_view part) {
    if (line_.size() + part.size() > line_bytes_max) {
      too_long_ = true;
      part = part.substr(0, line_bytes_max - line_.size());
    }
    line_ += part;
  }

  void finish_line(timestamp arrived, record_batch& out) {
    ++number_;
    std::string_view line{line_};
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (too_long_)
      report(number_, errc::too_large, "line is longer than any message accepted", line);
    else
      decode_line(line, arrived, out);
    line_.clear();
    too_long_ = false;
  }

  void decode_line(std::string_view line, timestamp arrived, record_batch& out) {
    std::string_view rest = line;
    const std::string_view direction = pop_word(rest);
    if (direction.empty() || direction.front() == '#') return;
    const std::string_view seconds_text = pop_word(rest);
    const std::string_view hex = pop_word(rest);
    double seconds = 0;
    const auto [end, ec] =
        std::from_chars(seconds_text.data(), seconds_text.data() + seconds_text.size(), seconds);
    if (direction != "S" && direction != "C")
      return report(number_, errc::malformed,
                    "line begins with '" + std::string{direction.substr(0, 16)} +
                        "'; write S (from the daemon) or C (from the client)",
                    line);
    if (ec != std::errc{} || end != seconds_text.data() + seconds_text.size() ||
        !(std::abs(seconds) < 9e9))
      return report(number_, errc::malformed, "second word is not a number of seconds", line);
    if (!pop_word(rest).empty())
      return report(number_, errc::malformed,
                    "more than three words on the line; write the hex digits as one", line);
    if (!unhex(hex, line)) return;
    if (direction == "C") {
      ++ignored_total_;
      return;
    }
    decode_frame(timestamp{from_seconds(seconds)}, arrived, line, out);
  }

  bool unhex(std::string_view hex, std::string_view line) {
    frame_.clear();
    if (hex.size() % 2 != 0) {
      report(number_, errc::malformed, "odd number of hex digits", line);
      return false;
    }
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      const int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
      if (high < 0 || low < 0) {
        report(number_, errc::malformed,
               "not a hex digit at position " + std::to_string(i) + " of the bytes", line);
        return false;
      }
      frame_ += static_cast<char>(high * 16 + low);
    }
    return true;
  }

  /// The daemon's three handshake records come before any message, with fixed sizes and no magic.
  bool is_handshake_record() const {
    return !in_session_ &&
           (frame_.size() == rv_version_record_bytes || frame_.size() == rv_option_record_bytes) &&
           !rv_frame_length(frame_);
  }

  void decode_frame(timestamp line_time, timestamp arrived, std::string_view line,
                    record_batch& out) {
    if (is_handshake_record()) {
      ++ignored_total_;
      return;
    }
    if (const auto length = rv_frame_length(frame_); !length)
      return report(number_, length.error().code, length.error().text, line);
    in_session_ = true;
    const auto made = records_.decode(frame_, out);
    if (!made) return report(number_, made.error().code, made.error().text, line);
    if (const auto problem = records_.take_problem())
      report(number_, problem->code, problem->text, line);
    if (!*made) {
      ++ignored_total_;
      return;
    }
    set_time(**made, line_time, arrived);
  }

  static void set_time(record& r, timestamp line_time, timestamp arrived) {
    if (arrived != unset) {
      r.at = arrived;
      r.timed_by = time_source::arrival;
    } else if (r.sent_at != unset) {
      r.at = r.sent_at;
      r.timed_by = time_source::message;
    } else {
      r.at = line_time;
      r.timed_by = time_source::log;
    }
  }

  rv_record_decoder records_;
  std::string line_, frame_;
  std::uint64_t number_ = 0;
  bool too_long_ = false;
  bool in_session_ = false; ///< a message has been seen
};

} // namespace

std::unique_ptr<decoder> make_rv_hex_decoder(decode_context context) {
  return std::make_unique<rv_hex_decoder>(std::move(context));
}

} // namespace tocsin

// What tibrvlisten and the Rendezvous daemon's log print, joined to messages and decoded as
// records.
#include <algorithm>
#include <optional>

#include "codecs/advisory.hpp"
#include "codecs/decoder.hpp"
#include "codecs/tibrv_lines.hpp"
#include "codecs/tibrv_text.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

using limits::text_message_bytes_max;

class tibrvlisten_decoder final : public decoder {
public:
  explicit tibrvlisten_decoder(decode_context context) : builder_(std::move(context)) {}

  void feed(std::string_view bytes, timestamp arrived, record_batch& out) override {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::string_view part = bytes.substr(0, end);
      if (end == std::string_view::npos) return carry(part);
      bytes.remove_prefix(end + 1);
      if (partial_.empty()) {
        take_line(part.substr(0, text_message_bytes_max + 1), arrived, out);
        continue;
      }
      carry(part);
      take_partial(arrived, out);
    }
  }

  void finish(timestamp arrived, record_batch& out) override {
    if (!partial_.empty()) take_partial(arrived, out);
    if (open_) give_up();
    skipping_ = false;
  }

private:
  void carry(std::string_view part) {
    const std::size_t room = text_message_bytes_max + 1 - partial_.size();
    partial_ += part.substr(0, room);
  }

  void take_partial(timestamp arrived, record_batch& out) {
    take_line(partial_, arrived, out);
    partial_.clear();
    if (partial_.capacity() > keep_bytes_) partial_.shrink_to_fit();
  }

  void take_line(std::string_view line, timestamp arrived, record_batch& out) {
    ++number_;
    const std::string_view raw = line;
    line = trim(line);
    if (line.empty()) return;
    const bool blank = is_blank(raw.front()) || blank_end_;
    const auto behind = static_cast<std::size_t>(line.end() - raw.begin());
    blank_end_ = behind < raw.size() && is_blank(raw[behind]);
    const bool starts = starts_message(line);
    if (open_ && !continues(line, starts)) give_up();
    if (skipping_ && !starts) return;
    skipping_ = false;
    if (!open_) {
      first_line_ = number_;
      return take_messages(line, arrived, out);
    }
    join_line(text_, line, blank);
    if (text_.size() > text_message_bytes_max) return too_large();
    if (!body_ && !find_body()) {
      if (text_.size() > head_bytes_max_) give_up();
      return;
    }
    const text_status status = braces_.scan(text_);
    if (status == text_status::incomplete) return;
    // Taken over, for the rest of the line may open the next message.
    open_ = false;
    joined_.swap(text_);
    if (status == text_status::complete) {
      take_messages(joined_, arrived, out);
    } else {
      refuse(status, joined_, braces_.end());
      skipping_ = true;
    }
    if (joined_.capacity() > keep_bytes_) std::string{}.swap(joined_);
  }

  bool continues(std::string_view line, bool starts) const {
    const std::string_view text = text_;
    if (text.ends_with('=') || text.ends_with('(')) return true;
    if (!body_ && !has_subject(text) && (starts || !is_cut_stamp(text)))
      return line.starts_with('{') || line.starts_with("subject=");
    return !starts || (!body_ && line.starts_with('{'));
  }

  bool find_body() {
    body_ = body_of(text_);
    if (body_) braces_ = brace_scanner{*body_};
    return body_.has_value();
  }

  /// The messages that are whole on this (joined) line, mostly one; the last may stay open.
  void take_messages(std::string_view text, timestamp arrived, record_batch& out) {
    // The common line is one good message, whose fields are found in one pass. With any other the
    // end is looked for first, so that no byte is read over and over.
    for (bool common = true; !text.empty(); common = false) {
      const auto body = body_of(text);
      if (!body) return take_head(text);
      std::size_t size = 0;
      if (!common || scan_fields(text.substr(*body), fields_, size) != text_status::complete) {
        brace_scanner braces{*body};
        const text_status balance = braces.scan(text);
        if (balance == text_status::incomplete) return open(text, body, braces);
        if (balance != text_status::complete) {
          skipping_ = true;
          return refuse(balance, text, braces.end());
        }
        const std::string_view message = text.substr(*body, braces.end() - *body);
        const text_status status = scan_fields(message, fields_, size);
        if (status == text_status::complete)
          take_message(text.substr(0, braces.end()), *body, arrived, out);
        else
          refuse(status, text, *body + size);
        size = message.size();
      } else {
        take_message(text.substr(0, *body + size), *body, arrived, out);
      }
      text = trim(text.substr(*body + size));
      if (text.starts_with(',')) return; // "certified sender=..." and the like
      first_line_ = number_;
    }
  }

  /// A line without a message that has begun.
  void take_head(std::string_view text) {
    if (awaits_body(text)) return open(text, {}, brace_scanner{});
    if (text.starts_with("tibrvlisten:") || stamp_of(text)) {
      ++ignored_total_;
      return;
    }
    std::string what = "is neither a message nor a line of a log; expected "
                       "'subject=..., message={...}' or '{ADV_CLASS=...}'";
    if (text.starts_with('}')) what = "has a '}' without its '{' after the message";
    if (has_subject(text)) what = "has no '{' behind 'message='; the message is dropped";
    report(number_, errc::malformed, place(number_) + std::move(what), text);
  }

  void open(std::string_view text, std::optional<std::size_t> body, brace_scanner braces) {
    if (text.size() > text_message_bytes_max) return too_large();
    text_.assign(text);
    body_ = body;
    braces_ = braces;
    open_ = true;
  }

  /// What is open will never be whole.
  void give_up() {
    open_ = false;
    if (!body_ && !has_subject(text_)) {
      ++ignored_total_; // a log line that only looked like the head of a message
    } else if (!body_) {
      report(first_line_, errc::malformed,
             place(first_line_) + "has no '{' behind its subject; the message is dropped", text_);
    } else {
      report(first_line_, errc::malformed,
             place(first_line_) + "the '{' at character " + std::to_string(*body_ + 1) +
                 " has no closing '}'" +
                 (braces_.in_string() ? ", a string has no closing quote" : "") +
                 "; the message is dropped, see that it was copied as a whole",
             text_);
    }
    text_.clear();
    if (text_.capacity() > keep_bytes_) text_.shrink_to_fit();
  }

  void too_large() {
    report(first_line_, errc::too_large,
           place(first_line_) + "the message is longer than " +
               std::to_string(text_message_bytes_max) +
               " bytes or lacks a closing '}'; reading goes on at the next message",
           open_ ? std::string_view{text_} : std::string_view{});
    open_ = false;
    skipping_ = true;
    std::string{}.swap(text_);
  }

  void refuse(text_status status, std::string_view text, std::size_t at) {
    const std::string where = place(first_line_);
    if (status == text_status::too_deep) {
      return report(first_line_, errc::too_deep,
                    where + "messages nest deeper than " + std::to_string(limits::rv_nesting_max) +
                        "; the message is dropped",
                    text);
    }
    if (status == text_status::too_many)
      return report(first_line_, errc::too_large,
                    where + "the message has more than " + std::to_string(limits::rv_fields_max) +
                        " fields; it is dropped",
                    text);
    report(first_line_, errc::malformed,
           where + "expected 'name=value' near character " + std::to_string(at + 1) +
               "; the message is dropped",
           text);
  }

  void take_message(std::string_view text, std::size_t body, timestamp arrived, record_batch& out) {
    const std::string_view head = text.substr(0, body);
    std::string_view subject = subject_of_head(head);
    if (subject.empty()) subject = rebuild_subject();
    if (!builder_.begin(subject)) {
      ++ignored_total_;
      return;
    }
    for (const text_field& f : fields_) feed_text_field(f, builder_);
    record* r = builder_.end(out);
    if (const auto p = builder_.take_problem())
      report(first_line_, p->code, place(first_line_) + p->text, text);
    if (r) set_time(*r, head, arrived);
  }

  /// Messages printed by other programs come without their subject, but name it.
  std::string_view rebuild_subject() {
    std::string_view parts[3];
    for (const text_field& f : fields_) {
      if (f.name == "ADV_CLASS") parts[0] = f.value;
      if (f.name == "ADV_SOURCE") parts[1] = f.value;
      if (f.name == "ADV_NAME") parts[2] = f.value;
    }
    subject_ = "_RV";
    for (const std::string_view part : parts) {
      if (part.empty() || part.size() > limits::subject_bytes_max) return {};
      subject_.append(".").append(part);
    }
    return subject_;
  }

  void set_time(record& r, std::string_view head, timestamp arrived) {
    if (arrived != unset) {
      r.at = arrived;
      r.timed_by = time_source::arrival;
    } else if (const auto stamp = stamp_of(head)) {
      r.at = *stamp;
      r.timed_by = time_source::log;
    } else {
      r.at = r.sent_at != unset ? r.sent_at : previous_;
      r.timed_by = time_source::message;
    }
    previous_ = r.at;
  }

  static bool is_blank(char c) { return c == ' ' || c == '\t'; }
  static std::string place(std::uint64_t line) { return "line " + std::to_string(line) + ": "; }

  /// A head without a body beyond it is none: stamps, subject and reply are below 1 KiB.
  static constexpr std::size_t head_bytes_max_ = 4096;
  static constexpr std::size_t keep_bytes_ = 64 << 10; ///< buffers above it are given back

  advisory_builder builder_;
  std::vector<text_field> fields_;
  std::string partial_; ///< a line whose end has not come yet
  std::string text_;    ///< lines of the open message, joined
  std::string joined_, subject_;
  std::optional<std::size_t> body_; ///< its opening brace, if seen
  brace_scanner braces_;
  std::uint64_t number_ = 0, first_line_ = 0;
  timestamp previous_ = from_nanoseconds(0);
  bool blank_end_ = false; ///< the last line ended with a blank
  bool open_ = false;      ///< text_ waits for more lines
  bool skipping_ = false;  ///< until the next line that starts a message
};

} // namespace

std::unique_ptr<decoder> make_tibrvlisten_decoder(decode_context context) {
  return std::make_unique<tibrvlisten_decoder>(std::move(context));
}

} // namespace tocsin

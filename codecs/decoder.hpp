// What every input format looks like to the rest: bytes go in, records come out, errors are counted and named.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/connections.hpp"
#include "core/record.hpp"

namespace tocsin {

/// Something in the input that could not be used. The rest goes on.
struct decode_error {
  std::uint64_t position; ///< line number (text, from 1) or frame number (binary, from 1)
  errc code;
  std::string text;       ///< place and remedy
  std::string bytes;      ///< the offending bytes, at most 4096 of them
};

/// Where in a batch what was read of a line begins. A line that gave no record has none.
struct line_place {
  std::uint64_t line; ///< from 1, as in decode_error
  std::uint32_t record;
};

/// Incremental decoder of one stream. Not thread-safe; one per stream.
class decoder {
public:
  virtual ~decoder() = default;
  /// Decodes what it can of `bytes` (which need not end at a message border; the rest is kept inside,
  /// bounded by limits.hpp) and appends records to `out`, texts kept alive by `out`.
  /// `arrived`: the time to give records whose form carries none; unset = take it from the messages.
  virtual void feed(std::string_view bytes, timestamp arrived, record_batch& out) = 0;
  /// The stream has ended: what is still inside is decoded or reported.
  virtual void finish(timestamp arrived, record_batch& out) = 0;
  /// Errors since the last call; at most 1000 are kept, all are counted.
  std::vector<decode_error> take_errors();
  std::uint64_t error_count() const { return errors_total_; }
  std::uint64_t ignored_count() const { return ignored_total_; } ///< well formed, but of no interest to us
  /// The places of lines are added there from now on, by decoders of JSON lines; null = nobody asks. It must outlive us.
  void note_lines(std::vector<line_place>* where) { lines_ = where; }

protected:
  void report(std::uint64_t position, errc code, std::string text, std::string_view bytes);
  std::uint64_t ignored_total_ = 0;
  std::vector<line_place>* lines_ = nullptr;

private:
  std::vector<decode_error> errors_;
  std::uint64_t errors_total_ = 0;
};

std::unique_ptr<decoder> make_tibrvlisten_decoder(decode_context context);
std::unique_ptr<decoder> make_jsonl_decoder(decode_context context, json_mapping mapping);
/// JSON lines or tibrvlisten text, told by the first bytes.
std::unique_ptr<decoder> make_auto_decoder(decode_context context, json_mapping mapping);
/// Recorded sessions: "S|C seconds hex" lines, as an RV client would have decoded them.
std::unique_ptr<decoder> make_rv_hex_decoder(decode_context context);

} // namespace tocsin

// The values of Kafka records to our records, by the decoders that streams have, too: each error knows its place in the log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/decoder.hpp"
#include "core/connections.hpp"
#include "core/record.hpp"
#include "io/avro_registry.hpp"

namespace tocsin {

/// Where a value stood.
struct log_place {
  std::string_view topic; ///< must live until the values are decoded
  std::int32_t partition;
  std::int64_t offset;
  std::uint8_t vantage = 0;    ///< who heard it, where keep_places() was called
};

/// Where what was read of a value begins in its batch: records from `record` on are of `offset`, up to the next place. A value
/// that gave no record has none.
struct value_place {
  std::uint32_t record = 0;
  std::int64_t offset = 0;
};

/// Collects values of one moment and decodes them at once. Not thread-safe.
class kafka_values {
public:
  explicit kafka_values(const source_settings& s);
  kafka_values(const kafka_values&) = delete; // the decoder knows where lines are noted

  /// From now on places are kept, for take_places(), and records get the vantage of theirs.
  void keep_places() { decoder_->note_lines(&lines_); }

  /// Whether the value can be read now; else its schema cannot be had, and it must come again later.
  bool ready(std::string_view value, std::string& why);
  /// `at`: the time of the log's record, which ours get unless they are to carry their own.
  void add(const log_place& place, std::string_view value, timestamp at, record_batch& out);
  /// Decodes what was added; call it before the batch is handed on.
  void flush(record_batch& out);
  /// Errors since the last call, with "topic/partition@offset: " before their text and the offset as position.
  std::vector<decode_error> take_errors();
  /// Of the records that flush() and add() gave since the last call.
  std::vector<value_place> take_places();
  std::uint64_t error_count() const { return errors_total_; }
  std::uint64_t ignored_count() const { return ignored_ + decoder_->ignored_count(); }

private:
  struct piece {
    std::uint64_t first_line; ///< as the decoder counts them
    log_place place;
  };
  void collect_errors();
  void collect_places(record_batch& out);
  result<void> to_json(std::string_view value);
  void refuse(const log_place& place, const error& why, std::string_view value);
  enum class encoding { json, msgpack, avro } encoding_;

  bool by_message_;
  std::unique_ptr<decoder> decoder_;
  avro_schemas schemas_;
  avro_registry registry_;
  std::string json_; ///< of the value that is added
  std::string pending_;
  std::vector<piece> pieces_; ///< of pending_, in order
  std::vector<line_place> lines_;
  std::vector<value_place> places_;
  timestamp at_ = unset;
  std::uint64_t decoder_errors_ = 0;
  std::uint64_t line_ = 0; ///< lines handed to the decoder, pending ones included
  std::uint64_t errors_total_ = 0, ignored_ = 0;
  std::vector<decode_error> errors_;
};

} // namespace tocsin

// Sensor readings and events as JSON lines or CSV: bytes go in, samples come out, errors are counted and named.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/decoder.hpp"
#include "core/equipment/sample.hpp"

namespace tocsin {

/// Incremental, not thread-safe; one per stream. A line that is no flat object of texts and numbers takes a slower way.
class sample_decoder {
public:
  virtual ~sample_decoder() = default;
  /// Decodes the whole lines of `bytes` and appends to `out`; the rest is kept for the next call.
  virtual void feed(std::string_view bytes, sample_batch& out) = 0;
  /// The stream has ended: a last line without its end is decoded.
  virtual void finish(sample_batch& out) = 0;
  /// Errors since the last call; at most 1000 are kept, all are counted.
  virtual std::vector<decode_error> take_errors() = 0;
  virtual std::uint64_t error_count() const = 0;
};

/// By the mapping's format; `auto` is JSON lines.
std::unique_ptr<sample_decoder> make_sample_decoder(sample_mapping mapping);
/// A header and one row a reading (columns for time, channel and value), or one column a channel. Ragged rows are refused.
std::unique_ptr<sample_decoder> make_csv_sample_decoder(sample_mapping mapping);
/// `auto` is csv for a path that ends with .csv.
sample_mapping for_path(sample_mapping mapping, std::string_view path);
/// The same for sources: fills `samples` and `events` of the batches.
std::unique_ptr<decoder> make_sample_source_decoder(sample_mapping mapping);

} // namespace tocsin

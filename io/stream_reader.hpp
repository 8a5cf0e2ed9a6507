// One stream of a text source: its descriptor, what was read and not yet decoded, and its decoder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "codecs/decoder.hpp"
#include "core/connections.hpp"
#include "core/record.hpp"
#include "io/file_descriptor.hpp"

namespace tocsin {

class stream_reader {
public:
  /// `owned` false: the descriptor (standard input) is not ours to close. `name` is for people.
  stream_reader(int descriptor, bool owned, const source_settings& settings, std::string name);

  int descriptor() const { return descriptor_; }
  const std::string& name() const { return name_; }
  /// Bytes are at hand or the end is known: work without reading.
  bool has_rest() const { return begin_ < end_ || at_end_; }
  bool is_finished() const { return finished_; }

  /// Reads once if nothing is at hand (the descriptor must be readable), then decodes into `out`
  /// until that is full or all is decoded. Returns the number of bytes read.
  std::size_t work(record_batch& out);

  decoder& decoding() { return *decoder_; }
  /// Why reading ended, if it was not the end of the stream.
  const std::string& failure() const { return failure_; }

private:
  static constexpr std::size_t buffer_bytes = 256 * 1024;
  std::size_t read_once();
  timestamp arrived() const;

  file_descriptor owner_;
  int descriptor_;
  bool by_arrival_, samples_;
  std::string name_, failure_;
  std::unique_ptr<decoder> decoder_;
  std::unique_ptr<char[]> buffer_; ///< made with the first byte: most of many peers may stay silent
  std::size_t begin_ = 0, end_ = 0;
  timestamp read_at_ = unset;
  bool at_end_ = false, finished_ = false;
};

} // namespace tocsin

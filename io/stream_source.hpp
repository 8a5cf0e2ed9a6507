// Sources that read a stream of text: a file, standard input, or whoever connects to a TCP address.
#pragma once

#include <cstdint>
#include <memory>

#include "core/connections.hpp"
#include "io/source.hpp"

namespace tocsin {

/// For the kinds jsonl and tibrvlisten. `vantage` marks every record. What cannot be opened is
/// reported as an error once: a path then ends the source, an address is tried again with growing
/// pauses (1 s to 60 s). Decode errors are handed on at 1000 per second at most; status() counts
/// them all.
std::unique_ptr<source> make_stream_source(source_settings settings, std::uint8_t vantage);

} // namespace tocsin

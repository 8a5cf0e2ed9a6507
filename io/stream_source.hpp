// Text and JSON lines from a file, standard input or a listening TCP address.
#pragma once

#include "core/connections.hpp"
#include "io/source.hpp"

namespace tocsin {

std::unique_ptr<source> make_stream_source(source_settings settings, std::uint8_t vantage);

} // namespace tocsin

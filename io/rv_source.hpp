// A Rendezvous daemon over TCP as a source.
#pragma once

#include "core/connections.hpp"
#include "io/source.hpp"

namespace tocsin {

std::unique_ptr<source> make_rv_source(source_settings settings, std::uint8_t vantage);

} // namespace tocsin

// A simulated line of equipment inside the process as a source: sensor readings with faults, to look at without a fab.
#pragma once

#include "core/connections.hpp"
#include "io/source.hpp"

namespace tocsin {

/// Plays the line of settings.line in real time from the moment of start, in samples of record_batch. When nobody grants credit it
/// stands still and catches up later: no reading is left out. What line_plant refuses is said, and the source is lost.
std::unique_ptr<source> make_line_source(source_settings settings, std::uint8_t vantage);

} // namespace tocsin

// A simulated fleet inside the process as a source: something to look at without a Rendezvous network.
#pragma once

#include "core/connections.hpp"
#include "io/source.hpp"

namespace tocsin {

/// Plays a healthy fleet of settings.plant_daemons in real time, one heartbeat per daemon every 90 s.
std::unique_ptr<source> make_plant_source(source_settings settings, std::uint8_t vantage);

} // namespace tocsin

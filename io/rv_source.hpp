// A Rendezvous daemon as a source: connects as a client, listens, and comes back when the link
// breaks.
#pragma once

#include <cstdint>
#include <memory>

#include "io/source.hpp"

namespace tocsin {

/// How long a link may do nothing.
struct rv_source_timing {
  duration connect = 5s;    ///< TCP, per address
  duration handshake = 10s; ///< from connected to listening
  duration frame = 30s;     ///< from the first byte of a message to its last
  /// Without any message while listening for HOST.STATUS: a healthy daemon sends its own every 90
  /// s; this is three and a margin.
  duration silence = 280s;
};

/// Gives records of `settings.listen` at `settings.daemon`, in order of arrival, between a
/// `sight_regained` each time it listens and a `sight_lost` each time it no longer does. Reads the
/// socket only while it holds credit. One thread of its own; resolving a host name is the only step
/// that stop() may have to wait for.
std::unique_ptr<source> make_rv_source(source_settings settings, std::uint8_t vantage);
std::unique_ptr<source> make_rv_source(source_settings settings, std::uint8_t vantage,
                                       rv_source_timing timing);

} // namespace tocsin

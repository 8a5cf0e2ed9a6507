// The way between nodes: one thread, one port, frames over TCP or mutual TLS. Bounded everywhere; knows nothing of what is said.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "io/peer_connection.hpp"

namespace tocsin {

struct peer_link_options {
  std::string listen;        ///< host:port; port 0 = any free one
  tls_files tls;             ///< none: only loopback, in both directions
  std::size_t question_max;  ///< bytes of a frame that comes in on an accepted connection
  std::size_t answer_max;    ///< bytes of a frame on a connection we opened
  link_limits limits{};
};

/// Called on the link's thread. Must not block.
struct peer_link_events {
  std::function<void(std::uint64_t connection, std::string&& frame)> asked;    ///< on an accepted connection
  std::function<void(std::uint64_t connection, std::string&& frame)> answered; ///< on one that we opened
  std::function<void(std::uint64_t connection, const std::string& why)> lost;  ///< one that we opened: never made, or broken
};

struct peer_link_counts {
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t connections = 0; ///< accepted and opened ones now
  std::array<std::uint64_t, link_refusals> refused{};
};

class peer_link {
public:
  virtual ~peer_link() = default; ///< stops and joins
  virtual result<void> start(peer_link_events events) = 0;
  /// No event comes after it returns. Thread-safe, idempotent.
  virtual void stop() = 0;
  /// A connection to that address, which is resolved now; frames may be sent at once. Never 0.
  virtual std::uint64_t open(const std::string& address) = 0;
  /// To one that is gone: nothing happens. On an accepted connection it is the answer to one question.
  virtual void send(std::uint64_t connection, std::string frame) = 0;
  virtual void close(std::uint64_t connection) = 0;
  /// Closes an accepted connection that said what nobody can mean.
  virtual void refuse(std::uint64_t connection, const std::string& why) = 0;
  virtual peer_link_counts counts() const = 0;
  virtual int port() const = 0;
};

/// errc::invalid, errc::io: a file of `tls` cannot be used.
result<std::unique_ptr<peer_link>> make_peer_link(peer_link_options options);

} // namespace tocsin

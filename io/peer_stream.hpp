// The bytes of one connection between nodes: in the clear, or under mutual TLS. Non-blocking.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/connections.hpp"
#include "core/error.hpp"

namespace tocsin {

enum class stream_state {
  done,        ///< at least one byte went, or the handshake is over
  wants_read,  ///< once there is something to read
  wants_write, ///< once there is room to write
  ended,       ///< the other side closed it in good order
  failed,      ///< trouble() says why
};

class peer_stream {
public:
  virtual ~peer_stream() = default;
  /// Until it is `done`; nothing is read or written before.
  virtual stream_state shake() = 0;
  virtual stream_state read(char* to, std::size_t size, std::size_t& got) = 0;
  virtual stream_state write(std::string_view from, std::size_t& taken) = 0;
  virtual std::string trouble() const = 0;
};

/// The socket stays the caller's. The thread that uses a stream must have SIGPIPE blocked or ignored.
std::unique_ptr<peer_stream> clear_stream(int socket);

/// Certificate, key and authority of a node, read once.
class tls_identity {
public:
  virtual ~tls_identity() = default;
  /// Both sides must show a certificate of the authority. TLS 1.2 at least; no session is taken up again.
  virtual std::unique_ptr<peer_stream> stream(int socket, bool accepted) const = 0;
};

/// errc::io, errc::invalid: a file cannot be used; the text names it.
result<std::shared_ptr<const tls_identity>> load_identity(const tls_files& files);

} // namespace tocsin

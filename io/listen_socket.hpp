// Addresses "host:port" and sockets that listen on them.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "io/file_descriptor.hpp"

namespace tocsin {

struct host_port {
  std::string host; ///< without the brackets of an IPv6 address
  std::string port; ///< 0 to 65535 in digits
};

/// "127.0.0.1:8420", "[::1]:0", "localhost:80". A missing host is refused: whether to listen on
/// every interface is for the operator to say ("0.0.0.0:8420").
result<host_port> split_address(std::string_view address);
/// Listens on exactly this address (of a name: its first IPv4 address, else its first);
/// non-blocking.
result<file_descriptor> listen_on(const std::string& address);
/// A connection to it that is still being made; non-blocking, but for the name's resolution. errc::unreachable: nothing is there.
/// `own_machine`: errc::refused when it leads to another machine than this one.
result<file_descriptor> begin_connect(const std::string& address, bool own_machine);
/// Whether it is of 127.0.0.0/8 or ::1.
bool is_loopback(const sockaddr_storage& address);
/// Opens a connection to `port` of an address one listens on, and drops it: wakes whoever waits in accept.
void knock_at(const std::string& address, int port);
/// "127.0.0.1:41234": where a socket listens, or who is at its other end. Empty if unknown.
std::string local_address(int socket);
std::string peer_address(int socket);

} // namespace tocsin

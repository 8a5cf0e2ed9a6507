// Addresses "host:port" and sockets that listen on them.
#include "io/listen_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>

namespace tocsin {

namespace {

std::string to_text(const sockaddr_storage& address, socklen_t size) {
  char host[NI_MAXHOST], port[NI_MAXSERV];
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {};
  std::string out{host};
  if (address.ss_family == AF_INET6) out.insert(0, 1, '[').push_back(']');
  return out.append(":").append(port);
}

std::string remedy_for(int code) {
  switch (code) {
  case EADDRINUSE:
    return "stop the program that listens there, or choose another port";
  case EACCES:
    return "choose a port above 1023, or give this program the right to use it";
  case EADDRNOTAVAIL:
    return "choose an address of this machine";
  default:
    return "check the address";
  }
}

using addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

result<addresses> resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0)
    return fail(errc::unreachable, ::gai_strerror(code));
  return addresses{found, &::freeaddrinfo};
}

/// "localhost" has both kinds of address; who connects to it expects the old one at least.
const addrinfo* preferred(const addrinfo* found) {
  for (const addrinfo* next = found; next != nullptr; next = next->ai_next)
    if (next->ai_family == AF_INET) return next;
  return found;
}

} // namespace

result<host_port> split_address(std::string_view address) {
  const auto wrong = [&](const char* what) {
    return fail(errc::invalid,
                "address \"" + std::string{address} + "\": " + what +
                    "; write host:port, e.g. 127.0.0.1:8420, or 0.0.0.0:8420 for every interface");
  };
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos) return wrong("no port");
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  unsigned number = 0;
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || port.size() > 5 || parsed.ptr != port.data() + port.size() || number > 65535)
    return wrong("the port is no number from 0 to 65535");
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return wrong("an IPv6 address needs brackets");
  if (host.empty()) return wrong("no host");
  const auto odd = [](unsigned char c) {
    return c <= ' ' || c >= 0x7f || c == ',' || c == '[' || c == ']';
  };
  if (std::any_of(host.begin(), host.end(), odd))
    return wrong("the host has characters that no host has");
  return host_port{std::string{host}, std::string{port}};
}

void knock_at(const std::string& address, int port) {
  const auto split = split_address(address);
  if (!split) return;
  const auto found = resolve(split->host, std::to_string(port));
  if (!found) return;
  const addrinfo* chosen = preferred(found->get());
  const file_descriptor socket{
      ::socket(chosen->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (socket.is_open()) (void)::connect(socket.get(), chosen->ai_addr, chosen->ai_addrlen);
}

result<file_descriptor> listen_on(const std::string& address) {
  const auto split = split_address(address);
  if (!split) return tl::make_unexpected(split.error());
  const auto found = resolve(split->host, split->port);
  if (!found)
    return fail(errc::unreachable,
                "address " + address + ": " + found.error().text + "; check the host name");
  const addrinfo* chosen = preferred(found->get());
  const int on = 1;
  file_descriptor made{
      ::socket(chosen->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, chosen->ai_protocol)};
  if (!made.is_open() || ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(made.get(), chosen->ai_addr, chosen->ai_addrlen) != 0 ||
      ::listen(made.get(), SOMAXCONN) != 0) {
    const int code = errno;
    return fail(errc::io, "cannot listen on " + address + ": " +
                              std::generic_category().message(code) + "; " + remedy_for(code));
  }
  return made;
}

bool is_loopback(const sockaddr_storage& a) {
  if (a.ss_family == AF_INET) return (ntohl(reinterpret_cast<const sockaddr_in&>(a).sin_addr.s_addr) >> 24) == 127;
  return a.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(a).sin6_addr);
}

result<file_descriptor> begin_connect(const std::string& address, bool own_machine) {
  const auto split = split_address(address);
  if (!split) return tl::make_unexpected(split.error());
  const auto found = resolve(split->host, split->port);
  if (!found) return fail(errc::unreachable, address + ": " + found.error().text + "; check the host name");
  const addrinfo* chosen = preferred(found->get());
  sockaddr_storage to{};
  std::memcpy(&to, chosen->ai_addr, chosen->ai_addrlen);
  if (own_machine && !is_loopback(to))
    return fail(errc::refused, address + " is on another machine, and there are no certificates; add cluster.tls");
  const int on = 1;
  file_descriptor made{::socket(chosen->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!made.is_open() || ::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
    return fail(errc::io, "no socket: " + std::generic_category().message(errno));
  if (::connect(made.get(), chosen->ai_addr, chosen->ai_addrlen) != 0 && errno != EINPROGRESS)
    return fail(errc::unreachable, address + ": " + std::generic_category().message(errno));
  return made;
}

std::string local_address(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return to_text(address, size);
}

std::string peer_address(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return to_text(address, size);
}

} // namespace tocsin

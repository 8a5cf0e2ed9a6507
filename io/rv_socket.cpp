// Non-blocking TCP client sockets for rv_source.
#include "io/rv_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <system_error>

namespace tocsin {

file_handle::~file_handle() {
  if (fd_ >= 0) ::close(fd_);
}

std::string errno_text(int code) { return std::generic_category().message(code); }

result<host_and_port> parse_daemon_address(std::string text) {
  const std::string asked = text;
  if (text.starts_with("tcp:")) text.erase(0, 4);
  const auto digits = [](const std::string& s) {
    return !s.empty() && s.size() <= 5 &&
           std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  host_and_port at{"127.0.0.1", "7500"};
  const std::size_t colon = text.rfind(':');
  const std::size_t bracket = text.rfind(']');
  const bool has_port =
      colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  if (digits(text)) {
    at.port = text;
  } else {
    if (has_port) at.port = text.substr(colon + 1);
    std::string host = has_port ? text.substr(0, colon) : text;
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
      host = host.substr(1, host.size() - 2);
    if (!host.empty()) at.host = host;
  }
  if (!digits(at.port) || std::stoi(at.port) < 1 || std::stoi(at.port) > 65535)
    return fail(errc::invalid,
                "daemon address '" + asked + "' has no port from 1 to 65535; write host:7500");
  return at;
}

result<address_list> resolve(const host_and_port& at) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(at.host.c_str(), at.port.c_str(), &hints, &found);
  if (code != 0)
    return fail(errc::unreachable, "host '" + at.host + "' not found: " + ::gai_strerror(code) +
                                       "; correct 'daemon' of this source or the name service");
  return address_list{found, ::freeaddrinfo};
}

result<file_handle> begin_connect(const addrinfo& address) {
  file_handle fd{::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) return fail(errc::io, "no socket: " + errno_text(errno));
  const auto set = [&](int level, int option, int value) {
    ::setsockopt(fd.get(), level, option, &value, sizeof value);
  };
  // A dead peer is noticed after about 40 s even when nothing is due from it. Where an option is
  // unknown, the application's own watchdog is still there.
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 20);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS &&
      errno != EINTR)
    return fail(errc::unreachable, errno_text(errno));
  return fd;
}

int connect_error(int fd) {
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) return errno;
  return code;
}

wake_up::wake_up() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void wake_up::signal() {
  const std::uint64_t one = 1;
  // Full only if it is signalled already.
  [[maybe_unused]] const auto n = ::write(fd_.get(), &one, sizeof one);
}

void wake_up::clear() {
  std::uint64_t count;
  [[maybe_unused]] const auto n = ::read(fd_.get(), &count, sizeof count);
}

} // namespace tocsin

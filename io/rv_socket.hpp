// Non-blocking TCP client sockets for rv_source: resolve, connect, wait, with nothing that can hang
// but the resolver.
#pragma once

#include <netdb.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace tocsin {

/// Owns a file descriptor.
class file_handle {
public:
  file_handle() = default;
  explicit file_handle(int fd) : fd_(fd) {}
  file_handle(file_handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  file_handle& operator=(file_handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~file_handle();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

struct host_and_port {
  std::string host, port;
};
/// "host:7500", "[::1]:7500", "host", "7500" and TIBCO's "tcp:..." of these; no host = 127.0.0.1,
/// no port = 7500.
result<host_and_port> parse_daemon_address(std::string text);

using address_list = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;
result<address_list> resolve(const host_and_port& at);

/// Starts to connect; keepalive and no-delay are set. Completion: the socket becomes writable; see
/// connect_error().
result<file_handle> begin_connect(const addrinfo& address);
/// 0 or errno of a finished connect.
int connect_error(int fd);

/// Wakes a thread out of poll().
class wake_up {
public:
  wake_up();
  void signal();
  void clear();
  int fd() const { return fd_.get(); }

private:
  file_handle fd_;
};

std::string errno_text(int code);

} // namespace tocsin

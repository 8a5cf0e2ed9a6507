// What the tests of io share: directories that go away, child processes that do not outlive the
// test, sockets.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "io/file_descriptor.hpp"

namespace tocsin::test {

using test_clock = std::chrono::steady_clock;
inline constexpr auto patience =
    std::chrono::seconds{30}; ///< for what happens at once on a machine that is not busy

/// Waits for something that no callback tells of.
template <class Condition>
bool eventually(Condition holds) {
  const auto deadline = test_clock::now() + patience;
  while (!holds()) {
    if (test_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class temporary_directory {
public:
  temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "tocsin-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, std::string_view content) const {
    std::ofstream{file(name), std::ios::binary} << content;
    return file(name);
  }

private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream{path, std::ios::binary}.rdbuf();
  return out.str();
}

/// A program with its standard input and output as pipes; killed at the end.
class child {
public:
  explicit child(const std::vector<std::string>& command) {
    int to[2], from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) std::abort();
    std::vector<char*> arguments;
    for (const auto& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(to[0], 0);
      ::dup2(from[1], 1);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    ::close(to[0]);
    ::close(from[1]);
    input_ = file_descriptor{to[1]};
    output_ = file_descriptor{from[0]};
  }
  ~child() { kill(); }
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  /// The next whole line, or nothing: at the end, or when `deadline` has passed.
  std::optional<std::string> line(test_clock::time_point deadline = test_clock::now() + patience) {
    for (;;) {
      if (const auto end = text_.find('\n'); end != std::string::npos) {
        std::string out = text_.substr(0, end);
        text_.erase(0, end + 1);
        return out;
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - test_clock::now());
      pollfd p{output_.get(), POLLIN, 0};
      if (left.count() < 0 || ::poll(&p, 1, static_cast<int>(left.count())) <= 0)
        return std::nullopt;
      char piece[4096];
      const auto size = ::read(output_.get(), piece, sizeof piece);
      if (size <= 0) return std::nullopt;
      text_.append(piece, static_cast<std::size_t>(size));
    }
  }
  void say(std::string_view text) {
    if (::write(input_.get(), text.data(), text.size()) < 0) std::abort();
  }
  void close_input() { input_ = file_descriptor{}; }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

private:
  pid_t pid_ = -1;
  file_descriptor input_, output_;
  std::string text_;
};

/// A TCP connection to this machine.
class peer {
public:
  explicit peer(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval limit{60, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  bool connected() const { return connected_; }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto size = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }
  /// Everything until the other side closes.
  std::string receive_all() {
    std::string out;
    char piece[4096];
    for (ssize_t size; (size = ::recv(socket_.get(), piece, sizeof piece, 0)) > 0;)
      out.append(piece, static_cast<std::size_t>(size));
    return out;
  }
  void close() { socket_ = file_descriptor{}; }
  /// With a reset instead of a proper end.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  int descriptor() const { return socket_.get(); }

private:
  file_descriptor socket_;
  bool connected_ = false;
};

} // namespace tocsin::test

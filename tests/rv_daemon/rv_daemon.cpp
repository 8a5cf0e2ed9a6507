// A Rendezvous daemon on 127.0.0.1 for tests and the demo: one poll loop over all clients.
#include "rv_daemon/rv_daemon.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "codecs/rv_protocol.hpp"
#include "codecs/rv_writer.hpp"
#include "rv_daemon/rv_client.hpp"

namespace tocsin::test {

using clock = std::chrono::steady_clock;

result<std::unique_ptr<rv_daemon>> rv_daemon::start(rv_daemon_settings settings) {
  std::unique_ptr<rv_daemon> daemon{new rv_daemon{std::move(settings)}};
  if (auto opened = daemon->open(); !opened) return tl::make_unexpected(std::move(opened.error()));
  daemon->thread_ = std::thread{[d = daemon.get()] { d->run(); }};
  return daemon;
}

rv_daemon::rv_daemon(rv_daemon_settings settings)
    : settings_(std::move(settings)), began_(clock::now()),
      next_status_(began_ + settings_.status_every) {}

rv_daemon::~rv_daemon() {
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  signal();
  if (thread_.joinable()) thread_.join();
  clients_.clear();
  if (listener_ >= 0) ::close(listener_);
  if (wake_ >= 0) ::close(wake_);
}

result<void> rv_daemon::open() {
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(settings_.port);
  socklen_t size = sizeof at;
  if (wake_ < 0 || ::inet_pton(AF_INET, settings_.address.c_str(), &at.sin_addr) != 1 ||
      ::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    return fail(errc::io, "cannot listen on " + settings_.address + ":" +
                              std::to_string(settings_.port) + ": " + std::strerror(errno) +
                              "; choose another --port");
  port_ = ntohs(at.sin_port);
  return {};
}

std::string rv_daemon::address() const { return settings_.address + ":" + std::to_string(port_); }

void rv_daemon::signal() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
}

void rv_daemon::set_behaviour(rv_behaviour behaviour) {
  std::lock_guard lock{mutex_};
  behaviour_ = behaviour;
}

void rv_daemon::set_away(bool away) {
  std::lock_guard lock{mutex_};
  away_ = away;
}

result<int> rv_daemon::publish(std::string_view subject, std::string_view data) {
  auto frame = write_data('A', subject, data);
  if (!frame) return tl::make_unexpected(std::move(frame.error()));
  int heard = 0;
  {
    std::lock_guard lock{mutex_};
    ++stats_.published;
    for (const auto& c : clients_)
      if (!c->gone() && c->hears(subject)) {
        c->send(*frame);
        ++heard;
        ++messages_sent_;
        bytes_sent_ += frame->size();
      }
  }
  if (heard > 0) signal();
  return heard;
}

void rv_daemon::send_raw(std::string_view bytes) {
  {
    std::lock_guard lock{mutex_};
    for (const auto& c : clients_)
      if (c->is_listening()) c->send_raw(bytes);
  }
  signal();
}

void rv_daemon::drop_clients(bool reset) {
  {
    std::lock_guard lock{mutex_};
    for (const auto& c : clients_) c->close(reset);
  }
  signal();
}

rv_daemon_stats rv_daemon::count() const {
  rv_daemon_stats s = stats_;
  for (const auto& c : clients_) {
    s.dropped += c->dropped();
    if (c->gone()) continue;
    ++s.open;
    s.waiting += c->waiting();
    s.listening += c->is_listening();
    for (const std::string& p : c->patterns())
      if (!p.starts_with("_INBOX.")) s.patterns.push_back(p);
  }
  return s;
}

rv_daemon_stats rv_daemon::stats() const {
  std::lock_guard lock{mutex_};
  return count();
}

bool rv_daemon::wait_until(const std::function<bool(const rv_daemon_stats&)>& wanted,
                           std::chrono::milliseconds most) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, most, [&] { return wanted(count()); });
}

void rv_daemon::run() {
  std::vector<pollfd> fds;
  for (;;) {
    fds.assign({{wake_, POLLIN, 0}, {listener_, POLLIN, 0}});
    auto due = clock::time_point::max();
    {
      std::lock_guard lock{mutex_};
      if (stopping_) return;
      if (settings_.status_every.count() > 0) due = next_status_;
      for (const auto& c : clients_) {
        fds.push_back(
            {c->fd(), static_cast<short>(c->wants_to_write() ? POLLIN | POLLOUT : POLLIN), 0});
        due = std::min(due, c->next_step());
      }
    }
    int timeout = -1;
    if (due != clock::time_point::max())
      timeout = static_cast<int>(std::clamp<std::int64_t>(
          std::chrono::ceil<std::chrono::milliseconds>(due - clock::now()).count(), 0, 60'000));
    ::poll(fds.data(), fds.size(), timeout);
    std::uint64_t count;
    if (fds[0].revents) [[maybe_unused]]
      const auto n = ::read(wake_, &count, sizeof count);

    if (settings_.status_every.count() > 0 && clock::now() >= next_status_) publish_status();
    std::lock_guard lock{mutex_};
    for (std::size_t i = 2; i < fds.size(); ++i)
      if (clients_[i - 2]->fd() == fds[i].fd) serve(*clients_[i - 2], fds[i].revents);
    // Steps may just have been planned by what was read.
    for (const auto& c : clients_) {
      c->run_steps(clock::now());
      if (!c->gone() && c->wants_to_write()) c->write();
    }
    for (const auto& c : clients_)
      if (c->gone()) stats_.dropped += c->dropped();
    std::erase_if(clients_, [](const auto& c) { return c->gone(); });
    if (fds[1].revents) accept_clients();
    changed_.notify_all();
  }
}

void rv_daemon::accept_clients() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    ++stats_.accepted;
    if (away_) {
      ::close(fd);
      continue;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (settings_.send_buffer_bytes > 0)
      ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &settings_.send_buffer_bytes,
                   sizeof settings_.send_buffer_bytes);
    clients_.push_back(std::make_unique<rv_client>(fd, stats_.accepted, behaviour_, settings_));
  }
}

void rv_daemon::serve(rv_client& client, short ready) {
  if (!(ready & (POLLIN | POLLERR | POLLHUP))) return;
  const bool had_session = !client.session().empty();
  client.read([this](std::string_view frame, std::string_view subject) { relay(frame, subject); });
  if (!had_session && !client.session().empty()) stats_.sessions.push_back(client.session());
}

void rv_daemon::relay(std::string_view frame, std::string_view subject) {
  for (const auto& c : clients_)
    if (!c->gone() && c->hears(subject)) c->send(frame);
}

void rv_daemon::publish_status() {
  const std::string id = host_id_text(settings_.host);
  rv_message_writer w;
  w.text("ADV_CLASS", "INFO");
  w.text("ADV_SOURCE", "SYSTEM");
  w.text("ADV_NAME", "HOST.STATUS." + id);
  w.address("hostaddr", settings_.host);
  w.unsigned_integer("os", 1, 1);
  w.text("ver", "8.7.0");
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  w.time("time", timestamp{std::chrono::duration_cast<duration>(now)});
  w.unsigned_integer("up",
                     static_cast<std::uint64_t>(
                         std::chrono::floor<std::chrono::seconds>(clock::now() - began_).count()));
  w.real("rli", 60.0);
  {
    std::lock_guard lock{mutex_};
    next_status_ += settings_.status_every;
    w.unsigned_integer("ms", messages_sent_, 8);
    w.unsigned_integer("bs", bytes_sent_, 8);
    for (const char* zero : {"mr", "br", "ps", "pr", "rx", "pm", "idl", "odl", "irrs", "orrs"})
      w.unsigned_integer(zero, 0, 8);
    w.unsigned_integer("cc", static_cast<std::uint64_t>(count().open));
  }
  w.port("ipport", static_cast<std::uint16_t>(port_));
  w.text("service", settings_.service);
  w.text("network", settings_.network);
  [[maybe_unused]] const auto sent = publish("_RV.INFO.SYSTEM.HOST.STATUS." + id, w.bytes());
}

} // namespace tocsin::test

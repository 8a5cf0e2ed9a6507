// One link of rv_source to its daemon: connect, shake hands, send, receive; every wait has an end.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "io/rv_source_impl.hpp"

namespace tocsin {

namespace {
constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t reads_per_poll = 4; ///< 256 KiB: about one full batch of heartbeats
} // namespace

error rv_source::run_link(const host_and_port& at) {
  if (auto connected = connect(at); !connected) return std::move(connected.error());
  rv_session session{{settings_.user, settings_.context.service, settings_.context.network,
                      settings_.listen,
                      static_cast<std::uint64_t>(to_nanoseconds(wall_clock())) ^
                          static_cast<std::uint64_t>(::getpid()) << 48}};
  link_began_ = monotonic_clock();
  frame_open_ = false;
  while (!stopping_) {
    if (const auto done = exchange(session); !done) return done.error();
  }
  return {errc::io, "stopped"};
}

/// One round: hand on, decode what is there, wait, read.
result<void> rv_source::exchange(rv_session& session) {
  if (listening_ && (!hand_on() || credit_ == 0)) {
    hold();
    return {};
  }
  const auto drained = drain(session);
  hand_on_errors();
  update_counts();
  if (!drained) return drained;
  if (auto sent = transmit(session); !sent) return sent;
  if (!pending_.records.empty()) return {};
  const short events = session.output().empty() ? POLLIN : POLLIN | POLLOUT;
  const short ready = wait(socket_.get(), events, next_deadline(session));
  if (ready & (POLLIN | POLLERR | POLLHUP))
    if (auto received = receive(session); !received) return received;
  return check_deadlines(session);
}

result<void> rv_source::connect(const host_and_port& at) {
  const auto addresses = resolve(at);
  if (!addresses) return tl::make_unexpected(addresses.error());
  std::string why = "no address";
  for (const addrinfo* a = addresses->get(); a && !stopping_; a = a->ai_next) {
    auto fd = begin_connect(*a);
    if (fd) {
      socket_ = std::move(*fd);
      auto connected = await_connected();
      if (connected) return {};
      why = connected.error().text;
    } else {
      why = fd.error().text;
    }
  }
  return fail(errc::unreachable,
              "no connection to " + at.host + ":" + at.port + ": " + why +
                  "; is the daemon running and is this its client port (rvd -listen)?");
}

result<void> rv_source::await_connected() {
  const auto deadline = monotonic_clock() + steady_span(timing_.connect);
  while (!stopping_) {
    if (wait(socket_.get(), POLLOUT, deadline) != 0) {
      if (const int code = connect_error(socket_.get()))
        return fail(errc::unreachable, errno_text(code));
      return {};
    }
    if (monotonic_clock() >= deadline)
      return fail(errc::timeout, "no answer within " + to_text(timing_.connect));
  }
  return fail(errc::io, "stopped");
}

result<void> rv_source::transmit(rv_session& session) {
  std::string& out = session.output();
  while (!out.empty()) {
    const ssize_t n = ::send(socket_.get(), out.data(), out.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (n < 0) return fail(errc::unreachable, "connection broke: " + errno_text(errno));
    out.erase(0, static_cast<std::size_t>(n));
  }
  return {};
}

result<void> rv_source::receive(rv_session& session) {
  for (std::size_t i = 0; i < reads_per_poll; ++i) {
    const ssize_t n = ::recv(socket_.get(), session.prepare(read_bytes), read_bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    // What came before the end of the stream is decoded before the end is seen.
    if (n <= 0 && i > 0) return {};
    if (n < 0) return fail(errc::unreachable, "connection broke: " + errno_text(errno));
    if (n == 0)
      return fail(errc::unreachable, listening_
                                         ? std::string{"the daemon closed the connection"}
                                         : "the daemon closed the connection while we were " +
                                               std::string{to_text(session.phase())});
    session.commit(static_cast<std::size_t>(n));
    counts_.bytes += static_cast<std::uint64_t>(n);
    if (static_cast<std::size_t>(n) < read_bytes) return {};
  }
  return {};
}

result<void> rv_source::drain(rv_session& session) {
  const timestamp now = wall_clock();
  bool any = false;
  while (pending_.records.size() < limits::batch_records_max) {
    const auto frame = session.next_frame();
    if (!frame) {
      ++counts_.errors;
      if (listening_ && errors_.size() < rv_errors_per_poll_max)
        errors_.push_back({frames_ + 1, frame.error().code, frame.error().text, {}});
      return tl::make_unexpected(frame.error());
    }
    if (!listening_ && session.phase() == rv_session::phase_t::listening)
      on_listening(session, now);
    if (!*frame) break;
    any = true;
    decode(**frame, now);
  }
  if (any) last_frame_ = monotonic_clock();
  const bool open = session.buffered() > 0;
  if (open && (any || !frame_open_)) frame_began_ = monotonic_clock();
  frame_open_ = open;
  return {};
}

rv_source::steady::time_point rv_source::next_deadline(const rv_session& session) const {
  if (session.phase() != rv_session::phase_t::listening)
    return link_began_ + steady_span(timing_.handshake);
  auto deadline = steady::time_point::max();
  if (watching_) deadline = last_frame_ + steady_span(timing_.silence);
  if (frame_open_) deadline = std::min(deadline, frame_began_ + steady_span(timing_.frame));
  return deadline;
}

result<void> rv_source::check_deadlines(const rv_session& session) const {
  const auto now = monotonic_clock();
  if (now < next_deadline(session)) return {};
  if (session.phase() != rv_session::phase_t::listening)
    return fail(errc::timeout, "handshake not done within " + to_text(timing_.handshake) + ": " +
                                   std::string{to_text(session.phase())});
  if (frame_open_ && now >= frame_began_ + steady_span(timing_.frame))
    return fail(errc::timeout,
                "the daemon began a message and did not end it within " + to_text(timing_.frame));
  return fail(errc::timeout,
              "nothing from the daemon for " + to_text(timing_.silence) +
                  ", though it owes its own HOST.STATUS every 90 s; connecting anew");
}

/// Until the socket is ready (its events), the deadline has passed or somebody signals (0).
short rv_source::wait(int fd, short events, steady::time_point deadline) {
  pollfd fds[2] = {{wake_.fd(), POLLIN, 0}, {fd, events, 0}}; // poll ignores a negative one
  int timeout = -1;
  if (deadline != steady::time_point::max()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_clock()).count();
    timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
  }
  if (::poll(fds, 2, timeout) <= 0) return 0;
  if (fds[0].revents) wake_.clear();
  return fds[1].revents;
}

} // namespace tocsin

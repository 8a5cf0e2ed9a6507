#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>

#include "io/clock.hpp"
#include "io/listen_socket.hpp"
#include "io/log.hpp"
#include "io/peer_link_impl.hpp"

namespace tocsin {

namespace {

constexpr int look_at_deadlines_ms = 250;

/// OpenSSL writes to sockets the plain way: a peer that is gone must not end the process.
void block_sigpipe() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

} // namespace

result<void> poll_link::start(peer_link_events events) {
  events_ = std::move(events);
  auto listening = listen_on(options_.listen);
  if (!listening) return tl::make_unexpected(listening.error());
  listener_ = std::move(*listening);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  if (!identity_ && !is_loopback(bound)) // a name may lead anywhere
    return fail(errc::invalid, "cluster.listen: " + local_address(listener_.get()) + " is not this machine alone, and there are no certificates; add cluster.tls");
  const std::string where = local_address(listener_.get());
  port_ = std::stoi(where.substr(where.rfind(':') + 1));
  wake_ = file_descriptor{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (!wake_.is_open()) return fail(errc::io, "no eventfd: the process has too many files open");
  thread_ = std::thread{[this] { run(); }};
  resolver_ = std::thread{[this] { resolve(); }};
  return {};
}

void poll_link::stop() {
  if (stopping_.exchange(true)) return;
  {
    const std::lock_guard lock{names_guard_};
    names_changed_.notify_all();
  }
  if (!thread_.joinable()) return;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  resolver_.join();
}

void poll_link::post(order o) {
  {
    const std::lock_guard lock{orders_guard_};
    orders_.push_back(std::move(o));
  }
  if (wake_.is_open()) ::eventfd_write(wake_.get(), 1);
}

std::uint64_t poll_link::open(const std::string& address) {
  const std::uint64_t id = ++next_;
  post({order::what::open, id});
  const std::lock_guard lock{names_guard_};
  names_.emplace_back(id, address);
  names_changed_.notify_one();
  return id;
}

void poll_link::send(std::uint64_t connection, std::string frame) { post({order::what::send, connection, std::move(frame)}); }
void poll_link::close(std::uint64_t connection) { post({order::what::close, connection}); }
void poll_link::refuse(std::uint64_t connection, const std::string& why) { post({order::what::refuse, connection, why}); }

/// A name may take seconds: nobody else shall wait for it.
void poll_link::resolve() {
  for (;;) {
    std::pair<std::uint64_t, std::string> next;
    {
      std::unique_lock lock{names_guard_};
      names_changed_.wait(lock, [this] { return stopping_ || !names_.empty(); });
      if (stopping_) return;
      next = std::move(names_.front());
      names_.pop_front();
    }
    auto socket = begin_connect(next.second, identity_ == nullptr);
    if (socket) post({order::what::attach, next.first, {}, std::move(*socket)});
    else post({order::what::fail, next.first, socket.error().text});
  }
}

void poll_link::run() {
  block_sigpipe();
  std::vector<pollfd> sockets;
  std::vector<std::uint64_t> ids;
  while (!stopping_) {
    obey_orders();
    link_time now = monotonic_clock();
    sockets.assign({{wake_.get(), POLLIN, 0}, {now >= accept_after_ ? listener_.get() : -1, POLLIN, 0}});
    ids.clear();
    bool more = false;
    for (const auto& [id, c] : connections_) {
      sockets.push_back({c.socket(), c.wants(), 0});
      ids.push_back(id);
      more = more || c.more();
    }
    ::poll(sockets.data(), sockets.size(), more ? 0 : look_at_deadlines_ms);
    now = monotonic_clock();
    eventfd_t ignored;
    if (sockets[0].revents) ::eventfd_read(wake_.get(), &ignored);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto at = connections_.find(ids[i]);
      if (at == connections_.end()) continue; // it made room for another
      const short ready = sockets[i + 2].revents;
      if (ready != 0 && at->second.wants() == 0) end(at, "the connection broke", false, {}); // it would be told again at once
      else if (ready != 0 || at->second.more()) turn(at, now);
      else if (!at->second.in_time(now)) end(at, at->second.why(), at->second.was_refused(), at->second.refusal());
    }
    if (sockets[1].revents) accept_some(now);
    publish();
  }
}

void poll_link::obey_orders() {
  std::vector<order> all;
  {
    const std::lock_guard lock{orders_guard_};
    all.swap(orders_);
  }
  for (order& o : all) obey(o);
}

void poll_link::obey(order& o) {
  if (o.kind == order::what::open) {
    connections_.try_emplace(o.connection, false, options_.answer_max, options_.limits, monotonic_clock());
    return;
  }
  const auto at = connections_.find(o.connection);
  if (at == connections_.end()) return;
  switch (o.kind) {
  case order::what::open: break;
  case order::what::attach: {
    const int fd = o.socket.get();
    at->second.attach(std::move(o.socket), stream_of(fd, false));
    break;
  }
  case order::what::fail: end(at, o.text, false, {}); break;
  case order::what::send:
    if (at->second.accepted()) at->second.answered();
    if (queued_bytes() + o.text.size() > options_.limits.queued_bytes_max) end(at, "too much waits to be written", true, link_refusal::slow);
    else at->second.queue(o.text);
    break;
  case order::what::close: connections_.erase(at); break;
  case order::what::refuse: end(at, o.text, true, link_refusal::malformed); break;
  }
}

std::unique_ptr<peer_stream> poll_link::stream_of(int socket, bool accepted) const {
  return identity_ ? identity_->stream(socket, accepted) : clear_stream(socket);
}

/// Whether what is said there in the clear stays on this machine.
bool poll_link::is_allowed(int socket) const {
  if (identity_) return true;
  sockaddr_storage other{};
  socklen_t size = sizeof other;
  return ::getpeername(socket, reinterpret_cast<sockaddr*>(&other), &size) == 0 && is_loopback(other);
}

void poll_link::accept_some(link_time now) {
  for (int i = 0; i < 16; ++i) { // then it is the others' turn
    file_descriptor socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!socket.is_open()) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        accept_after_ = now + std::chrono::milliseconds{look_at_deadlines_ms};
        log::error("peer_not_accepted", {{"reason", "no descriptor or memory left"}, {"remedy", "raise the limit of open files"}});
      }
      return;
    }
    admit(std::move(socket), now);
  }
}

/// Whoever proved nothing yet makes room; whoever did stays.
void poll_link::admit(file_descriptor socket, link_time now) {
  std::size_t accepted = 0, unproven = 0;
  auto oldest = connections_.end();
  for (auto at = connections_.begin(); at != connections_.end(); ++at) {
    if (!at->second.accepted()) continue;
    ++accepted;
    if (at->second.proven()) continue;
    ++unproven;
    if (oldest == connections_.end() || at->second.opened() < oldest->second.opened()) oldest = at;
  }
  if (unproven >= options_.limits.unproven_max || (accepted >= options_.limits.connections_max && unproven > 0)) {
    end(oldest, "it made room for a newer one", true, link_refusal::too_many);
  } else if (accepted >= options_.limits.connections_max) {
    const std::lock_guard lock{counts_guard_};
    ++counts_.refused[static_cast<std::size_t>(link_refusal::too_many)];
    return;
  }
  if (!is_allowed(socket.get())) return;
  const int on = 1, fd = socket.get();
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto [at, made] = connections_.try_emplace(++next_, true, options_.question_max, options_.limits, now);
  at->second.attach(std::move(socket), stream_of(fd, true));
}

void poll_link::turn(table::iterator at, link_time now) {
  peer_connection& c = at->second;
  const auto& told = c.accepted() ? events_.asked : events_.answered;
  const std::uint64_t id = at->first, in = c.bytes_in, out = c.bytes_out;
  const bool goes_on = c.advance(now, [&](std::string&& frame) { told(id, std::move(frame)); }) && c.in_time(now);
  {
    const std::lock_guard lock{counts_guard_};
    counts_.bytes_in += c.bytes_in - in;
    counts_.bytes_out += c.bytes_out - out;
  }
  if (!goes_on) end(at, c.why(), c.was_refused(), c.refusal());
}

void poll_link::end(table::iterator at, const std::string& why_now, bool refused, link_refusal r) {
  const std::string why = why_now; // may be the connection's own
  const std::uint64_t id = at->first;
  const bool accepted = at->second.accepted();
  if (refused) {
    const std::lock_guard lock{counts_guard_};
    ++counts_.refused[static_cast<std::size_t>(r)];
  }
  if (accepted && refused)
    log::warning("peer_refused", {{"address", peer_address(at->second.socket())}, {"reason", std::string{to_text(r)}}, {"what", why}});
  connections_.erase(at);
  if (!accepted) events_.lost(id, why);
}

std::size_t poll_link::queued_bytes() const {
  std::size_t sum = 0;
  for (const auto& [id, c] : connections_) sum += c.queued();
  return sum;
}

void poll_link::publish() {
  const std::lock_guard lock{counts_guard_};
  counts_.connections = connections_.size();
}

peer_link_counts poll_link::counts() const {
  const std::lock_guard lock{counts_guard_};
  return counts_;
}

result<std::unique_ptr<peer_link>> make_peer_link(peer_link_options options) {
  std::shared_ptr<const tls_identity> identity;
  if (options.tls.given()) {
    auto loaded = load_identity(options.tls);
    if (!loaded) return tl::make_unexpected(loaded.error());
    identity = std::move(*loaded);
  }
  return std::make_unique<poll_link>(std::move(options), std::move(identity));
}

} // namespace tocsin

// A Rendezvous daemon as a source: one thread, one socket, every wait with an end.
#include "io/rv_source.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>

#include "codecs/rv_records.hpp"
#include "codecs/rv_session.hpp"
#include "core/limits.hpp"
#include "io/log.hpp"
#include "io/rv_socket.hpp"

namespace tocsin {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t reads_per_poll = 4;       ///< 256 KiB: about one full batch of heartbeats
constexpr std::size_t errors_per_poll_max = 64; ///< kept with their bytes; the rest is counted

timestamp wall_clock() {
  return timestamp{
      std::chrono::duration_cast<duration>(std::chrono::system_clock::now().time_since_epoch())};
}

steady::duration steady_span(duration d) { return std::chrono::duration_cast<steady::duration>(d); }

class rv_source final : public source {
public:
  rv_source(source_settings settings, std::uint8_t vantage, rv_source_timing timing);
  ~rv_source() override { stop(); }

  void start(source_callbacks callbacks) override;
  void grant(std::size_t batches) override;
  void stop() override;
  source_status status() const override;

private:
  void run();
  result<host_and_port> check_settings() const;
  error run_link(const host_and_port& at);
  result<void> connect(const host_and_port& at);
  result<void> await_connected();
  result<void> exchange(rv_session& session);
  result<void> receive(rv_session& session);
  result<void> transmit(rv_session& session);
  result<void> drain(rv_session& session);
  result<void> check_deadlines(const rv_session& session) const;
  steady::time_point next_deadline(const rv_session& session) const;
  void decode(std::string_view frame, timestamp now);
  void on_listening(const rv_session& session, timestamp now);
  void on_lost(const error& why);
  void add_sight(record_kind kind, timestamp now);
  bool hand_on();
  void hand_on_errors();
  void hold();
  void wait_before_retry(const error& why, steady::duration lasted);
  short wait(int fd, short events, steady::time_point deadline);
  void set_state(std::string state, std::string detail);
  void update_counts();

  const rv_source_timing timing_;
  source_settings settings_;
  source_callbacks callbacks_;
  std::thread thread_;
  std::atomic<std::size_t> credit_{0};
  std::atomic<bool> stopping_{false};
  wake_up wake_;
  std::mutex stop_mutex_;

  mutable std::mutex status_mutex_;
  source_status status_;

  // What follows belongs to the thread.
  rv_record_decoder decoder_;
  record_batch pending_;
  std::vector<decode_error> errors_;
  source_status counts_; ///< the numbers only
  file_handle socket_;
  bool listening_ = false, watching_ = false;
  std::uint64_t frames_ = 0, slow_told_ = 0;
  steady::time_point link_began_, last_frame_, frame_began_;
  bool frame_open_ = false; ///< frame_began_ holds
  duration retry_delay_;
  std::minstd_rand random_;
};

decode_context with_vantage(decode_context context, std::uint8_t vantage) {
  context.vantage = vantage;
  return context;
}

rv_source::rv_source(source_settings settings, std::uint8_t vantage, rv_source_timing timing)
    : timing_(timing), settings_(std::move(settings)),
      decoder_(with_vantage(settings_.context, vantage)), retry_delay_(settings_.reconnect_min),
      random_(std::random_device{}()) {
  status_.name = settings_.name;
  status_.kind = "rv";
  status_.state = "connecting";
  status_.detail = settings_.daemon;
}

void rv_source::start(source_callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  thread_ = std::thread{[this] { run(); }};
}

void rv_source::grant(std::size_t batches) {
  credit_.fetch_add(batches);
  wake_.signal();
}

void rv_source::stop() {
  stopping_ = true;
  wake_.signal();
  if (thread_.get_id() == std::this_thread::get_id()) return; // from a callback: the owner joins
  std::lock_guard lock{stop_mutex_};
  if (thread_.joinable()) thread_.join();
}

source_status rv_source::status() const {
  std::lock_guard lock{status_mutex_};
  return status_;
}

void rv_source::set_state(std::string state, std::string detail) {
  std::lock_guard lock{status_mutex_};
  status_.state = std::move(state);
  status_.detail = std::move(detail);
}

void rv_source::update_counts() {
  std::lock_guard lock{status_mutex_};
  status_.records = counts_.records;
  status_.errors = counts_.errors;
  status_.ignored = counts_.ignored;
  status_.bytes = counts_.bytes;
  status_.reconnects = counts_.reconnects;
}

result<host_and_port> rv_source::check_settings() const {
  for (const std::string& pattern : settings_.listen)
    if (auto ok = check_pattern(pattern); !ok) return tl::make_unexpected(std::move(ok.error()));
  return parse_daemon_address(settings_.daemon);
}

void rv_source::run() {
  const auto at = check_settings();
  if (!at) {
    // Trying again cannot help: say so and wait for the end.
    set_state("lost", at.error().text);
    log::error("source_settings", {{"source", settings_.name}, {"error", at.error().text}});
    while (!stopping_) wait(-1, 0, steady::time_point::max());
    return;
  }
  for (bool again = false; !stopping_; again = true) {
    // One batch may wait for credit, no more: a link that flaps must not pile up records.
    while (!hand_on() && !stopping_) wait(-1, 0, steady::time_point::max());
    if (stopping_) return;
    if (again) ++counts_.reconnects;
    update_counts();
    set_state("connecting", settings_.daemon);
    link_began_ = steady::now();
    const error why = run_link(*at);
    socket_ = file_handle{};
    if (stopping_) return;
    on_lost(why);
    wait_before_retry(why, steady::now() - link_began_);
  }
}

error rv_source::run_link(const host_and_port& at) {
  if (auto connected = connect(at); !connected) return std::move(connected.error());
  rv_session session{{settings_.user, settings_.context.service, settings_.context.network,
                      settings_.listen,
                      static_cast<std::uint64_t>(to_nanoseconds(wall_clock())) ^
                          static_cast<std::uint64_t>(::getpid()) << 48}};
  link_began_ = steady::now();
  frame_open_ = false;
  while (!stopping_) {
    const auto done = exchange(session);
    hand_on_errors();
    update_counts();
    if (!done) return done.error();
  }
  return {errc::io, "stopped"};
}

/// One round: hand on, decode what is there, wait, read.
result<void> rv_source::exchange(rv_session& session) {
  if (listening_ && (!hand_on() || credit_ == 0)) {
    hold();
    return {};
  }
  if (auto drained = drain(session); !drained) return drained;
  if (!pending_.records.empty()) return {};
  if (auto sent = transmit(session); !sent) return sent;
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
  const auto deadline = steady::now() + steady_span(timing_.connect);
  while (!stopping_) {
    if (wait(socket_.get(), POLLOUT, deadline) != 0) {
      if (const int code = connect_error(socket_.get()))
        return fail(errc::unreachable, errno_text(code));
      return {};
    }
    if (steady::now() >= deadline)
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
    if (n < 0) return fail(errc::unreachable, "connection broke: " + errno_text(errno));
    if (n == 0)
      return fail(errc::unreachable, listening_
                                         ? std::string{"the daemon closed the connection"}
                                         : "the daemon closed the connection while we were " +
                                               std::string{to_text(session.phase())});
    session.commit(static_cast<std::size_t>(n));
    counts_.bytes += static_cast<std::uint64_t>(n);
    // What came before an end of the stream is decoded before the end is seen.
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
      if (listening_ && errors_.size() < errors_per_poll_max)
        errors_.push_back({frames_ + 1, frame.error().code, frame.error().text, {}});
      return tl::make_unexpected(frame.error());
    }
    if (!listening_ && session.phase() == rv_session::phase_t::listening)
      on_listening(session, now);
    if (!*frame) break;
    any = true;
    decode(**frame, now);
  }
  if (any) last_frame_ = steady::now();
  const bool open = session.buffered() > 0;
  if (open && (any || !frame_open_)) frame_began_ = steady::now();
  frame_open_ = open;
  return {};
}

void rv_source::decode(std::string_view frame, timestamp now) {
  ++frames_;
  const auto made = decoder_.decode(frame, pending_);
  const auto problem = made ? decoder_.take_problem() : std::optional{made.error()};
  if (problem) {
    ++counts_.errors;
    if (errors_.size() < errors_per_poll_max)
      errors_.push_back(
          {frames_, problem->code, problem->text, std::string{frame.substr(0, 4096)}});
  }
  if (!made) return;
  if (!*made) {
    ++counts_.ignored;
    return;
  }
  record& r = **made;
  const bool by_message = settings_.time == "message" && r.sent_at != unset;
  r.at = by_message ? r.sent_at : now;
  r.timed_by = by_message ? time_source::message : time_source::arrival;
  ++counts_.records;
}

void rv_source::on_listening(const rv_session& session, timestamp now) {
  listening_ = true;
  last_frame_ = steady::now();
  const rv_init_response& daemon = session.daemon();
  if (settings_.context.daemon_host.empty()) {
    char dotted[16];
    decoder_.builder().set_daemon_host({dotted, write_dotted(daemon.address, dotted)});
  }
  const std::string own_status = "_RV.INFO.SYSTEM.HOST.STATUS." + host_id_text(daemon.address);
  watching_ =
      std::any_of(settings_.listen.begin(), settings_.listen.end(),
                  [&](const std::string& pattern) { return subject_matches(pattern, own_status); });
  add_sight(record_kind::sight_regained, now);
  set_state("listening", settings_.daemon + " as " + session.name());
  log::info(
      "source_listening",
      {{"source", settings_.name}, {"daemon", settings_.daemon}, {"session", session.name()}});
}

void rv_source::on_lost(const error& why) {
  if (listening_) add_sight(record_kind::sight_lost, wall_clock());
  listening_ = false;
  set_state("lost", why.text);
  log::warning("source_lost",
               {{"source", settings_.name}, {"daemon", settings_.daemon}, {"error", why.text}});
}

void rv_source::add_sight(record_kind kind, timestamp now) {
  decoder_.builder().begin(kind);
  record* r = decoder_.builder().end(pending_);
  r->at = now;
  r->timed_by = time_source::arrival;
  ++counts_.records;
}

/// False: records wait for credit.
bool rv_source::hand_on() {
  if (pending_.records.empty()) return true;
  if (credit_ == 0) return false;
  --credit_;
  callbacks_.batch(std::exchange(pending_, {}));
  return true;
}

void rv_source::hand_on_errors() {
  const std::uint64_t slow = decoder_.builder().slow_consumers();
  if (slow != slow_told_) {
    slow_told_ = slow;
    set_state("listening", settings_.daemon + "; the daemon dropped messages for us " +
                               std::to_string(slow) +
                               " times (CLIENT.SLOWCONSUMER): we read too slowly");
    log::warning("source_slow_consumer",
                 {{"source", settings_.name}, {"times", std::to_string(slow)}});
  }
  if (!errors_.empty() && callbacks_.errors) callbacks_.errors(std::exchange(errors_, {}));
  errors_.clear();
}

/// Without credit the socket is left alone; the time that passes is ours, not the daemon's.
void rv_source::hold() {
  const auto before = steady::now();
  wait(-1, 0, steady::time_point::max());
  const auto passed = steady::now() - before;
  last_frame_ += passed;
  frame_began_ += passed;
}

steady::time_point rv_source::next_deadline(const rv_session& session) const {
  if (session.phase() != rv_session::phase_t::listening)
    return link_began_ + steady_span(timing_.handshake);
  auto deadline = steady::time_point::max();
  if (watching_) deadline = last_frame_ + steady_span(timing_.silence);
  if (frame_open_) deadline = std::min(deadline, frame_began_ + steady_span(timing_.frame));
  return deadline;
}

result<void> rv_source::check_deadlines(const rv_session& session) const {
  const auto now = steady::now();
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

void rv_source::wait_before_retry(const error& why, steady::duration lasted) {
  // A link that held is a fresh start; one that breaks at once is not.
  if (lasted >= steady_span(settings_.reconnect_max)) retry_delay_ = settings_.reconnect_min;
  if (why.code == errc::refused) retry_delay_ = settings_.reconnect_max;
  const double half = to_seconds(retry_delay_) / 2;
  const duration delay =
      from_seconds(half + half * std::uniform_real_distribution<>{0, 1}(random_));
  retry_delay_ = std::clamp(2 * retry_delay_, settings_.reconnect_min, settings_.reconnect_max);
  set_state("lost", why.text + "; next try in " +
                        to_text(std::chrono::ceil<std::chrono::milliseconds>(delay)));
  update_counts();
  const auto deadline = steady::now() + steady_span(delay);
  while (!stopping_ && steady::now() < deadline) {
    hand_on();
    wait(-1, 0, deadline);
  }
}

/// Until the socket is ready (its events), the deadline has passed or somebody signals (0).
short rv_source::wait(int fd, short events, steady::time_point deadline) {
  pollfd fds[2] = {{wake_.fd(), POLLIN, 0}, {fd, events, 0}}; // poll ignores a negative one
  int timeout = -1;
  if (deadline != steady::time_point::max()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady::now()).count();
    timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
  }
  if (::poll(fds, 2, timeout) <= 0) return 0;
  if (fds[0].revents) wake_.clear();
  return fds[1].revents;
}

} // namespace

std::unique_ptr<source> make_rv_source(source_settings settings, std::uint8_t vantage) {
  return make_rv_source(std::move(settings), vantage, {});
}

std::unique_ptr<source> make_rv_source(source_settings settings, std::uint8_t vantage,
                                       rv_source_timing timing) {
  return std::make_unique<rv_source>(std::move(settings), vantage, timing);
}

} // namespace tocsin

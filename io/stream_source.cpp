// Sources that read a stream of text: a file, standard input, or whoever connects to a TCP address.
#include "io/stream_source.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/limits.hpp"
#include "io/clock.hpp"
#include "io/listen_socket.hpp"
#include "io/log.hpp"
#include "io/stream_reader.hpp"

namespace tocsin {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t errors_per_second_max = 1000;
constexpr duration retry_min = 1s, retry_max = 60s;

class stream_source final : public source {
public:
  stream_source(source_settings settings, std::uint8_t vantage)
      : settings_(std::move(settings)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    settings_.context.vantage = vantage;
    status_.name = settings_.name;
    status_.kind = settings_.kind;
    status_.state = "connecting";
  }
  ~stream_source() override { stop(); }

  void start(source_callbacks callbacks) override {
    callbacks_ = std::move(callbacks);
    thread_ = std::thread{[this] { run(); }};
  }

  void grant(std::size_t batches) override {
    // From zero the thread must wake; a wake-up too many does no harm.
    if (credit_.fetch_add(batches) == 0) wake();
  }

  void stop() override {
    stopping_ = true;
    wake();
    if (thread_id_ == std::this_thread::get_id()) return; // called back: the loop ends on its own
    const std::lock_guard guard{stop_mutex_};
    if (thread_.joinable()) thread_.join();
  }

  source_status status() const override {
    const std::lock_guard guard{status_mutex_};
    return status_;
  }

private:
  void run();
  bool open_path();
  void open_address();
  void wait();
  void round();
  void accept_one();
  void hand_on(record_batch&& batch);
  void hand_on(std::vector<decode_error>&& errors);
  void report(std::string text);
  void drop_finished();
  void tell_peers(const std::string& last);
  void set_state(std::string state, std::string detail);
  bool listens() const { return !settings_.address.empty(); }
  bool over() const { return stopping_ || (!listens() && readers_.empty()); }

  void wake() {
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) < 0) return; // full counter: it will wake anyway
  }

  source_settings settings_;
  source_callbacks callbacks_;
  file_descriptor wake_, listener_;
  std::vector<std::unique_ptr<stream_reader>> readers_;
  std::vector<pollfd> polled_;
  std::size_t turn_ = 0; ///< the reader that comes first in the next round
  steady::time_point retry_at_{};
  duration retry_pause_ = retry_min;
  steady::time_point errors_since_{};
  std::size_t errors_handed_ = 0;
  bool open_failed_ = false;

  std::atomic<std::size_t> credit_{0};
  std::atomic<bool> stopping_{false};
  std::mutex stop_mutex_;
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_{};
  mutable std::mutex status_mutex_;
  source_status status_;
};

void stream_source::set_state(std::string state, std::string detail) {
  const std::lock_guard guard{status_mutex_};
  status_.state = std::move(state);
  status_.detail = std::move(detail);
}

void stream_source::report(std::string text) {
  {
    const std::lock_guard guard{status_mutex_};
    ++status_.errors;
  }
  log::warning("source_failed", {{"source", settings_.name}, {"what", text}});
  std::vector<decode_error> one;
  one.push_back({0, errc::io, std::move(text), {}});
  hand_on(std::move(one));
}

bool stream_source::open_path() {
  if (settings_.path == "-") {
    // Shared with the shell: it stays blocking, and is read only when poll says so.
    readers_.push_back(
        std::make_unique<stream_reader>(STDIN_FILENO, false, settings_, "standard input"));
  } else {
    // Non-blocking: a named pipe nobody writes to yet must not hold us.
    const int descriptor = ::open(settings_.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
      const std::string why = settings_.path + ": " + std::generic_category().message(errno);
      set_state("lost", why);
      report(why + "; check the path and the right to read it");
      return false;
    }
    readers_.push_back(
        std::make_unique<stream_reader>(descriptor, true, settings_, settings_.path));
  }
  set_state("reading", readers_.back()->name());
  return true;
}

void stream_source::open_address() {
  if (listener_.is_open() || monotonic_clock() < retry_at_) return;
  auto opened = listen_on(settings_.address);
  if (opened) {
    listener_ = std::move(*opened);
    retry_pause_ = retry_min;
    open_failed_ = false;
    tell_peers("");
    return;
  }
  set_state("lost", opened.error().text);
  if (!open_failed_) report(opened.error().text);
  open_failed_ = true;
  retry_at_ = monotonic_clock() + retry_pause_;
  retry_pause_ = std::min(2 * retry_pause_, retry_max);
}

void stream_source::tell_peers(const std::string& last) {
  const std::string detail = "on " + local_address(listener_.get()) + ", " +
                             std::to_string(readers_.size()) +
                             (readers_.size() == 1 ? " connection" : " connections") +
                             (last.empty() ? "" : ", last " + last);
  set_state(readers_.empty() ? "listening" : "reading", detail);
}

void stream_source::accept_one() {
  file_descriptor peer{::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!peer.is_open()) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The waiting peer keeps the socket readable: pause, or this loop would spin.
      report("cannot accept on " + settings_.address + ": " +
             std::generic_category().message(errno) + "; allow more open files");
      listener_ = file_descriptor{};
      retry_at_ = monotonic_clock() + retry_pause_;
    }
    return;
  }
  const std::string name = peer_address(peer.get());
  if (readers_.size() >= limits::stream_connections_max) {
    report("connection from " + name + " refused: " + std::to_string(readers_.size()) +
           " are open already; close some, or give the senders another source");
    return;
  }
  // A peer that vanished without a word gives its place back after two minutes.
  const int on = 1, idle_s = 60, interval_s = 20, probes = 3;
  ::setsockopt(peer.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(peer.get(), IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(peer.get(), IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  ::setsockopt(peer.get(), IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  readers_.push_back(std::make_unique<stream_reader>(peer.release(), true, settings_, name));
  {
    const std::lock_guard guard{status_mutex_};
    ++status_.reconnects;
  }
  tell_peers("from " + name);
}

/// Waits until something can be done: bytes (only with credit), a peer, a grant, or the end.
void stream_source::wait() {
  polled_.clear();
  polled_.push_back({wake_.get(), POLLIN, 0});
  int timeout_ms = -1;
  if (listener_.is_open()) {
    polled_.push_back({listener_.get(), POLLIN, 0});
  } else {
    polled_.push_back({-1, 0, 0});
    if (listens()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(retry_at_ - monotonic_clock());
      timeout_ms = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    }
  }
  if (credit_ > 0)
    for (const auto& reader : readers_) {
      // What is at hand already does not wait for more.
      if (reader->has_rest()) timeout_ms = 0;
      polled_.push_back({reader->descriptor(), POLLIN, 0});
    }
  if (::poll(polled_.data(), polled_.size(), timeout_ms) < 0) {
    for (auto& p : polled_) p.revents = 0;
    return;
  }
  std::uint64_t count;
  if (polled_[0].revents != 0 && ::read(wake_.get(), &count, sizeof count) < 0) return;
}

void stream_source::hand_on(record_batch&& batch) {
  if (batch.records.empty() && batch.samples.empty() && batch.events.empty()) return;
  {
    const std::lock_guard guard{status_mutex_};
    status_.records += batch.records.size() + batch.samples.size() + batch.events.size();
  }
  --credit_;
  if (callbacks_.batch) callbacks_.batch(std::move(batch));
}

void stream_source::hand_on(std::vector<decode_error>&& errors) {
  if (errors.empty()) return;
  const auto now = monotonic_clock();
  if (now - errors_since_ >= 1s) {
    errors_since_ = now;
    errors_handed_ = 0;
  }
  // Errors cost no credit: without a bound a stream of garbage would fill the receiver's queue.
  errors.resize(std::min(errors.size(), errors_per_second_max - errors_handed_));
  errors_handed_ += errors.size();
  if (!errors.empty() && callbacks_.errors) callbacks_.errors(std::move(errors));
}

/// One look at every stream that has something, at most one batch. A stream that fills the batch
/// ends the round, and the next one begins behind it: nobody starves.
void stream_source::round() {
  record_batch batch;
  const std::size_t count = std::min(readers_.size(), polled_.size() - 2);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < count && !stopping_; ++i) {
    const std::size_t index = (turn_ + i) % count;
    stream_reader& reader = *readers_[index];
    if (!reader.has_rest() && polled_[index + 2].revents == 0) continue;
    const auto errors_before = reader.decoding().error_count();
    const auto ignored_before = reader.decoding().ignored_count();
    const std::size_t size = reader.work(batch);
    bytes += size;
    {
      const std::lock_guard guard{status_mutex_};
      status_.bytes += size;
      status_.errors += reader.decoding().error_count() - errors_before;
      status_.ignored += reader.decoding().ignored_count() - ignored_before;
    }
    hand_on(reader.decoding().take_errors());
    if (reader.has_rest() && !reader.is_finished()) {
      turn_ = index + 1;
      break;
    }
  }
  if (!stopping_) hand_on(std::move(batch));
}

void stream_source::drop_finished() {
  const auto is_over = [](const auto& reader) { return reader->is_finished(); };
  const auto first = std::find_if(readers_.begin(), readers_.end(), is_over);
  if (first == readers_.end()) return;
  std::string last;
  for (const auto& reader : readers_) {
    if (!reader->is_finished()) continue;
    last = reader->name() + (reader->failure().empty() ? ": end" : ": " + reader->failure());
    if (!listens() && !reader->failure().empty()) report(last + "; reading ended there");
  }
  readers_.erase(std::remove_if(first, readers_.end(), is_over), readers_.end());
  if (listens())
    tell_peers(last);
  else
    set_state("ended", last);
}

void stream_source::run() {
  thread_id_ = std::this_thread::get_id();
  if (!listens() && !open_path()) {
    if (!stopping_ && callbacks_.ended) callbacks_.ended();
    return;
  }
  while (!over()) {
    if (listens()) open_address();
    wait();
    if (over()) break;
    if (polled_.size() > 2) {
      round();
      drop_finished();
    }
    if (listener_.is_open() && polled_[1].revents != 0) accept_one();
  }
  if (!stopping_ && callbacks_.ended) callbacks_.ended();
}

} // namespace

std::unique_ptr<source> make_stream_source(source_settings settings, std::uint8_t vantage) {
  return std::make_unique<stream_source>(std::move(settings), vantage);
}

} // namespace tocsin

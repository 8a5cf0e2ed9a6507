// A Rendezvous daemon on 127.0.0.1 for tests and the demo. It speaks the client protocol, and it
// can lie.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/error.hpp"

namespace tocsin::test {

/// The daemon's part of a connection, in order.
enum class rv_step { version, request, agreed, init_response, connected, first_listen, never };

/// What happens at a step in place of what should.
enum class rv_lie {
  none,
  silence,     ///< nothing more is said
  garbage,     ///< an HTTP answer
  wrong_magic, ///< a message with one byte of its magic changed
  oversized,   ///< a message that claims 2 GiB
  half_frame,  ///< the first half of an advisory, then silence
  reset,       ///< TCP reset
  close,       ///< orderly close
};

struct rv_behaviour {
  rv_step at = rv_step::never;
  rv_lie lie = rv_lie::none;
  std::optional<std::int32_t> refuse;      ///< INITREFUSED with this code
  std::chrono::milliseconds step_delay{0}; ///< before each step
  bool one_byte_at_a_time = false;         ///< every byte in a write of its own
  bool with_gob = true;
};

struct rv_daemon_settings {
  std::uint16_t port = 0;            ///< 0 = any free one
  std::string address = "127.0.0.1"; ///< to listen on
  std::uint32_t host = 0x7f000001;   ///< how the daemon names itself
  std::string service = "7500";
  std::string network;
  std::chrono::milliseconds status_every{0};  ///< own HOST.STATUS; 0 = none
  std::size_t consumer_bytes_max = 64u << 20; ///< waiting for one client; beyond, messages are
                                              ///< dropped and CLIENT.SLOWCONSUMER follows
  int send_buffer_bytes = 0;                  ///< SO_SNDBUF of each client; 0 = the system's
};

struct rv_daemon_stats {
  int accepted = 0;                  ///< connections ever
  int open = 0;                      ///< connections now
  int listening = 0;                 ///< connections now with a listen other than their own inbox
  int published = 0;                 ///< advisories asked for
  std::size_t waiting = 0;           ///< bytes not yet given to the network
  std::uint64_t dropped = 0;         ///< messages for slow consumers
  std::vector<std::string> sessions; ///< of clients that went through init, ever
  std::vector<std::string> patterns; ///< listened to now, inboxes not among them
};

class rv_client;

/// One thread of its own. All calls are thread-safe.
class rv_daemon {
public:
  /// Listens at once. Fails when the port is taken.
  static result<std::unique_ptr<rv_daemon>> start(rv_daemon_settings settings = {});
  ~rv_daemon();

  int port() const { return port_; }
  /// "127.0.0.1:<port>".
  std::string address() const;
  /// For connections accepted from now on.
  void set_behaviour(rv_behaviour behaviour);
  /// Sends an advisory (mtype A) to each client that listens to it; `data` is a complete message.
  /// Gives how many got it.
  result<int> publish(std::string_view subject, std::string_view data);
  /// Sends bytes as they are to every listening client.
  void send_raw(std::string_view bytes);
  /// Closes every connection; `reset`: with a TCP reset.
  void drop_clients(bool reset);
  /// While true, new connections are closed at once, as if the daemon were down.
  void set_away(bool away);

  rv_daemon_stats stats() const;
  /// Waits until `wanted` holds; false when `most` has passed before.
  bool wait_until(const std::function<bool(const rv_daemon_stats&)>& wanted,
                  std::chrono::milliseconds most = std::chrono::seconds{30});
  bool wait_until_listening(int clients) {
    return wait_until([=](const rv_daemon_stats& s) { return s.listening >= clients; });
  }

private:
  explicit rv_daemon(rv_daemon_settings settings);
  result<void> open();
  void run();
  void accept_clients();
  void serve(rv_client& client, short ready);
  void relay(std::string_view frame, std::string_view subject);
  void publish_status();
  void signal();
  rv_daemon_stats count() const;

  rv_daemon_settings settings_;
  int listener_ = -1, wake_ = -1, port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<rv_client>> clients_;
  rv_behaviour behaviour_;
  rv_daemon_stats stats_;
  bool stopping_ = false, away_ = false;
  std::chrono::steady_clock::time_point began_, next_status_;
  std::uint64_t messages_sent_ = 0, bytes_sent_ = 0;
  std::thread thread_;
};

} // namespace tocsin::test

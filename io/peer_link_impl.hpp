// The inside of the link between nodes; only its own files include it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "io/peer_link.hpp"

namespace tocsin {

class poll_link final : public peer_link {
public:
  poll_link(peer_link_options options, std::shared_ptr<const tls_identity> identity)
      : options_(std::move(options)), identity_(std::move(identity)) {}
  ~poll_link() override { stop(); }
  result<void> start(peer_link_events events) override;
  void stop() override;
  std::uint64_t open(const std::string& address) override;
  void send(std::uint64_t connection, std::string frame) override;
  void close(std::uint64_t connection) override;
  void refuse(std::uint64_t connection, const std::string& why) override;
  peer_link_counts counts() const override;
  int port() const override { return port_; }

private:
  struct order {
    enum class what { open, attach, fail, send, close, refuse } kind;
    std::uint64_t connection;
    std::string text{};       ///< frame, or why
    file_descriptor socket{}; ///< attach
  };
  using table = std::map<std::uint64_t, peer_connection>;

  void run();
  void resolve();
  void post(order o);
  void obey_orders();
  void obey(order& o);
  void accept_some(link_time now);
  void admit(file_descriptor socket, link_time now);
  void turn(table::iterator at, link_time now);
  void end(table::iterator at, const std::string& why, bool refused, link_refusal r);
  std::unique_ptr<peer_stream> stream_of(int socket, bool accepted) const;
  bool is_allowed(int socket) const;
  std::size_t queued_bytes() const;
  void publish();

  peer_link_options options_;
  std::shared_ptr<const tls_identity> identity_; ///< null: in the clear
  peer_link_events events_;
  file_descriptor listener_, wake_;
  int port_ = 0;
  std::thread thread_, resolver_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> next_{0};

  std::mutex orders_guard_;
  std::vector<order> orders_;
  std::mutex names_guard_;
  std::condition_variable names_changed_;
  std::deque<std::pair<std::uint64_t, std::string>> names_; ///< to be resolved; as many as there are nodes

  table connections_;        ///< of the thread alone
  link_time accept_after_{}; ///< the system had no descriptor for us
  mutable std::mutex counts_guard_;
  peer_link_counts counts_;
};

} // namespace tocsin

// The gateway: one actor for each node that keeps the connections to the others, their signs of life and the questions under way.
#pragma once

#include <caf/all.hpp>
#include <map>
#include <shared_mutex>

#include "actors/clock.hpp"
#include "actors/cluster_link.hpp"
#include "codecs/envelope.hpp"

namespace tocsin {

// -- messages of the gateway; they never leave the process --
struct new_peers {
  std::vector<peer> peers;
};
struct ask_peers {
  std::shared_ptr<asked> into;
  std::string question;
  duration deadline;
};
struct frame_asked {
  std::uint64_t connection;
  std::shared_ptr<const std::string> bytes;
};
struct frame_answered {
  std::uint64_t connection;
  std::shared_ptr<const std::string> bytes;
};
struct connection_lost {
  std::uint64_t connection;
  std::string why;
};
struct sign_due {};
/// The questions of one asking are over.
struct asking_over {
  std::uint64_t asking;
  duration deadline;
};
/// Gateway -> answerer.
struct answer_please {
  std::uint64_t connection;
  std::shared_ptr<const envelope> question;
};

struct gateway_options {
  std::string node;
  std::uint64_t incarnation = 0;
  std::shared_ptr<peer_link> wire;
  std::shared_ptr<cluster_metrics> metrics;
  clock_anchor anchor;
  std::vector<peer> peers;
  cluster_link::answering answer;
  std::function<void(std::vector<peer_view>)> publish; ///< whenever something of it changed
};

inline constexpr auto sign_every = std::chrono::seconds{1};
inline constexpr auto sign_late = std::chrono::seconds{2};     ///< then the peer is silent
inline constexpr auto sign_timeout = std::chrono::seconds{10}; ///< then its connection is given up
inline constexpr std::size_t questions_in_flight_max = 1024;        ///< 16 requests of HTTP to 64 nodes
inline constexpr std::size_t answerers = 2;                         ///< threads that answer others

class gateway final : public caf::event_based_actor {
public:
  gateway(caf::actor_config& cfg, gateway_options options);
  const char* name() const override { return "gateway"; }
  caf::behavior make_behavior() override;

private:
  using moment = caf::actor_clock::time_point;
  struct entry {
    peer_view seen;
    std::string expected;          ///< name it must have; "" = any
    std::uint64_t connection = 0;  ///< 0 = none
    std::uint64_t sign = 0;        ///< id of the one under way; 0 = none
    moment sign_sent{}, open_after{};
    bool is_us = false;            ///< or another address of one that we know
  };
  struct pending {
    std::uint64_t asking, connection;
    std::shared_ptr<asked> into;
    std::size_t slot;
    moment sent;
  };

  void take_peers(const std::vector<peer>& peers);
  void ask_all(const ask_peers& a);
  void answer_to(const frame_asked& f);
  void hear(const frame_answered& f);
  bool is_known(entry& e, const envelope& said);
  void settle(std::uint64_t id, const envelope& said, const entry& e);
  void lose(const connection_lost& l);
  void end_asking(const asking_over& o);
  void beat();
  void beat(entry& e);
  std::uint64_t say(entry& e, std::string bytes, duration deadline);
  void drop_connection(entry& e);
  void fail_pending(std::uint64_t connection, errc code, const std::string& why);
  void become_state(entry& e, peer_state s, const std::string& reason);
  entry* by_connection(std::uint64_t connection);
  void publish();

  gateway_options options_;
  std::vector<entry> peers_;
  std::map<std::uint64_t, pending> pending_;
  std::vector<caf::actor> answerers_;
  std::uint64_t next_id_ = 0, askings_ = 0;
};

/// The link of a node, with its gateway as a child of the node's supervisor.
class gateway_link final : public cluster_link {
public:
  /// errc::invalid, errc::io: certificates or address cannot be used.
  static result<std::unique_ptr<gateway_link>> open(std::string node, peer_link_options wire, std::vector<peer> peers, clock_anchor anchor,
                                                    answering answer);
  ~gateway_link() override { stop(); }
  /// Also after a crash of the former one. Peers are asked from now on.
  caf::actor spawn(caf::event_based_actor* parent);
  void stop() override;
  void set_peers(std::vector<peer> peers) override;
  std::shared_ptr<asked> ask(std::string question, duration deadline) override;
  std::vector<peer_view> peers() const override;
  const cluster_metrics& metrics() const override { return *options_.metrics; }
  peer_link_counts wire_counts() const override { return options_.wire->counts(); }
  std::uint64_t incarnation() const override { return options_.incarnation; }

private:
  explicit gateway_link(gateway_options options) : options_(std::move(options)) {}
  caf::actor current() const;
  template <class Message>
  void tell(Message m) const {
    if (const caf::actor to = current()) caf::anon_send(to, std::move(m));
  }

  gateway_options options_;
  struct shared { ///< the actor may outlive the link
    std::mutex guard;
    caf::actor actor;
    std::vector<peer_view> views;
    std::shared_mutex answering; ///< shared while a question is answered
    bool stopped = false;        ///< under it
  };
  std::shared_ptr<shared> shared_ = std::make_shared<shared>();
};

} // namespace tocsin

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::new_peers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::ask_peers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::frame_asked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::frame_answered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::connection_lost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::sign_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::asking_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::answer_please)

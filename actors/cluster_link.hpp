// A node's way to the others: asks them, answers them, knows who is there.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/time.hpp"
#include "io/peer_link.hpp"

namespace tocsin {

struct peer {
  std::string node;    ///< "" = not known yet: it is learnt from the peer's answers
  std::string address; ///< host:port
  friend bool operator==(const peer&, const peer&) = default;
};

struct peer_answer {
  peer who;
  std::uint64_t incarnation = 0; ///< 0 = never heard
  result<std::string> bytes;     ///< errc::timeout, errc::unreachable, errc::refused with the reason
};

enum class peer_state : std::uint8_t { unheard, reachable, silent };
std::string_view to_text(peer_state s);

struct peer_view {
  peer who;
  std::uint64_t incarnation = 0;
  peer_state state = peer_state::unheard;
  timestamp since = unset; ///< of the state
  std::string reason;      ///< why it is silent
};

/// What the gateway counts.
struct cluster_metrics {
  using count = std::atomic<std::uint64_t>;
  count questions{0};         ///< that we asked, one for each peer; without signs of life
  count answers{0};           ///< that we got
  count timeouts{0};
  count refusals{0};          ///< answers that say why there is none
  count in_flight{0};
  count answered{0};          ///< questions of others
  count waiting{0};           ///< questions of others that nobody has answered yet
  count names_twice{0};       ///< somebody else had our name
  std::array<count, 32> round_trip_log2_us{};
  count round_trip_sum_us{0};
};

/// One question to all peers while their answers come in. Thread-safe.
class asked {
public:
  asked();
  /// Gateway: these are asked; then one call of fill or drop for each.
  void begin(std::vector<peer_answer> slots);
  void fill(std::size_t slot, const peer& who, std::uint64_t incarnation, result<std::string> bytes);
  void drop(std::size_t slot); ///< it was ourselves
  /// Waits until all have answered or the gateway named them after `deadline` (a quarter of a second more at most); whoever has not is errc::timeout.
  std::vector<peer_answer> wait(duration deadline);

private:
  const std::chrono::steady_clock::time_point made_;
  std::mutex guard_;
  std::condition_variable changed_;
  std::vector<std::optional<peer_answer>> slots_; ///< nothing: dropped
  std::vector<bool> filled_;
  std::size_t open_ = 0;
  bool begun_ = false;
};

class cluster_link {
public:
  /// Answers a question of another node, on a thread that may block.
  using answering = std::function<result<std::string>(std::string_view question)>;
  virtual ~cluster_link() = default;
  virtual void stop() = 0;
  /// Those to ask from now on; who stays, stays connected. We ourselves may be among them.
  virtual void set_peers(std::vector<peer> peers) = 0;
  /// Asks everybody but those that are known to be silent: they are an error at once.
  virtual std::shared_ptr<asked> ask(std::string question, duration deadline) = 0;
  std::vector<peer_answer> ask_all(std::string question, duration deadline) { return ask(std::move(question), deadline)->wait(deadline); }
  virtual std::vector<peer_view> peers() const = 0; ///< by name and address, without us
  virtual const cluster_metrics& metrics() const = 0;
  virtual peer_link_counts wire_counts() const = 0;
  virtual std::uint64_t incarnation() const = 0;
};

} // namespace tocsin

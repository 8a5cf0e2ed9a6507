// One receiver on a thread of its own, so that one that hangs holds up nobody else. What is tried when is decided by
// its queue (core/delivery_queue); it asks the disk for what does not fit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "actors/clock.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"
#include "core/delivery_queue.hpp"
#include "io/sender.hpp"

namespace tocsin {

/// Held in memory when the disk has them all: a refill must not keep the recorder from what is urgent.
inline constexpr std::size_t kept_held_max = 1'000;

struct receiver_options {
  std::string name;
  std::function<std::unique_ptr<tocsin::sender>()> make; ///< called on the receiver's thread
  caf::actor outcomes; ///< told every attempt and the breaker
  caf::actor memory;   ///< asked for what waits on disk: the notifier; null: nothing is kept
  std::shared_ptr<node_metrics> metrics;
  clock_anchor anchor;
  delivery_rules rules;
  std::function<std::string(const notification&)> acknowledge_url; ///< may be empty
  std::function<bool()> may_send{}; ///< of a cluster: asked before each attempt; empty: always
};

class receiver final : public caf::event_based_actor {
public:
  receiver(caf::actor_config& cfg, receiver_options options);
  const char* name() const override { return "receiver"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  void take(const deliver& d, delivery_queue::origin from);
  void ask();
  void answered(const refill& r);
  void soon();
  void pump();
  void attempt(const delivery_queue::item& what);
  delivery try_to_send(const notification& n, const attempt_info& info);
  void report(const std::string& id, attempted result);
  void settled();
  void drop_what_gave_way();
  timestamp now() { return time_now(this, options_.anchor); }

  receiver_options options_;
  delivery_queue queue_;
  std::unordered_map<std::string, std::shared_ptr<const notification>> held_;
  std::unique_ptr<tocsin::sender> sender_;
  std::uint64_t generation_ = 0; ///< of the timer that counts
  std::uint32_t unsettled_ = 0;  ///< outcomes the disk does not have yet
  bool soon_ = false;            ///< a wake-up is on its way
  bool asking_ = false, ask_again_ = false;
  bool first_ = true;            ///< nothing came from disk yet
};

} // namespace tocsin

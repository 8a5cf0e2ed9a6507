// Delivery: one actor on a thread of its own per receiver, so that a receiver that hangs holds up nobody else.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/clock.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"
#include "core/delivery_queue.hpp"
#include "io/sender.hpp"

namespace tocsin {

struct receiver_options {
  std::string name;
  std::function<std::unique_ptr<tocsin::sender>()> make; ///< called on the receiver's thread
  caf::actor recorder;
  std::shared_ptr<node_metrics> metrics;
  clock_anchor anchor;
  duration give_up_after = 72h; ///< then the notification is dead: kept, visible, not lost
};

class receiver final : public caf::event_based_actor {
public:
  receiver(caf::actor_config& cfg, receiver_options options);
  const char* name() const override { return "receiver"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  void attempt(const deliver& d);
  void finished(const deliver& d, const delivery& outcome);

  receiver_options options_;
  std::unique_ptr<tocsin::sender> sender_;
};

struct notifier_options {
  caf::actor recorder;
  std::shared_ptr<node_metrics> metrics;
  clock_anchor anchor;
  std::vector<receiver_options> receivers;
  bool detached = true; ///< tests: false keeps the receivers on the scheduler, under virtual time
};

/// To a notifier: the pause after a receiver's crash is over.
struct receiver_due {
  std::string name;
};

/// The receivers of a new configuration.
struct new_receivers {
  std::shared_ptr<const std::vector<receiver_options>> all;
};

/// Hands each notification to its receiver; receivers that crash are started again.
class notifier final : public caf::event_based_actor {
public:
  notifier(caf::actor_config& cfg, notifier_options options);
  const char* name() const override { return "notifier"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  void start_receiver(const receiver_options& r);
  void restart(const std::string& name);
  void accept(const deliver& d);
  void ended(const caf::down_msg& d);
  void replace(const std::vector<receiver_options>& fresh);
  notifier_options options_;
  std::map<std::string, caf::actor> receivers_; ///< null: crashed, and started again soon
  std::map<caf::actor_addr, std::string> names_;
  /// Handed out and not finished, by receiver: given again to a receiver that crashed.
  std::map<std::string, std::map<std::string, std::shared_ptr<const notification>>> open_;
};

} // namespace tocsin

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::new_receivers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::receiver_due)

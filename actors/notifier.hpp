// Delivery: hands each notification to its receiver, and starts receivers that crash again.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/receiver.hpp"

namespace tocsin {

struct notifier_options {
  caf::actor recorder;
  bool kept = false; ///< the recorder has a disk: what waits is asked from there, not held here
  std::shared_ptr<node_metrics> metrics;
  clock_anchor anchor;
  std::vector<receiver_options> receivers;
  std::function<void(const receiver_health&)> health; ///< may be empty; called on a worker
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

class notifier final : public caf::event_based_actor {
public:
  notifier(caf::actor_config& cfg, notifier_options options);
  const char* name() const override { return "notifier"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  void start_receiver(const receiver_options& r);
  void give_again(const std::string& name);
  void restart(const std::string& name);
  caf::result<refill> pass_on(const refill_please& r);
  void accept(const deliver& d);
  void ended(const caf::down_msg& d);
  void replace(const std::vector<receiver_options>& fresh);
  notifier_options options_;
  std::map<std::string, caf::actor> receivers_; ///< null: crashed, and started again soon
  std::map<caf::actor_addr, std::string> names_;
  std::map<caf::actor_addr, std::string> leaving_; ///< of a former configuration, still in an attempt
  /// Without a disk: handed out and not finished, by receiver; given again to a receiver that crashed.
  std::map<std::string, std::map<std::string, std::shared_ptr<const notification>>> open_;
};

} // namespace tocsin

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::new_receivers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::receiver_due)

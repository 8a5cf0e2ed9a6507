// A subject as an actor at the price of a call: a real handle with messages, requests, monitors and an
// end of its own, whose messages run on its host, the shard, which also applies batches by plain call.
#pragma once

#include <caf/all.hpp>
#include <caf/monitorable_actor.hpp>
#include <utility>

#include "actors/protocol.hpp"

namespace tocsin {

/// Holds one machine. Only the host may touch `machine()`; everybody else sends messages.
template <class Machine>
class hosted_actor final : public caf::monitorable_actor {
public:
  hosted_actor(caf::actor_config& cfg, caf::weak_actor_ptr host, Machine machine)
      : monitorable_actor(cfg), host_(std::move(host)), machine_(std::move(machine)) {}

  const char* name() const override { return "subject"; }

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* ctx) override {
    if (handle_system_message(*what, ctx, false)) return; // exit, monitor and link requests
    const caf::strong_actor_ptr host = host_.lock();
    if (!host) return; // the host is gone, and we with it
    host->enqueue(caf::make_mailbox_element(what->sender, what->mid, std::move(what->stages),
                                            hosted_message{caf::strong_actor_ptr{ctrl()}, what->move_content_to_message()}),
                  ctx);
  }

  Machine& machine() { return machine_; }
  bool ended() const { return getf(is_terminated_flag); }
  /// Ends this subject alone; monitors and links get the reason with its text.
  void end(const std::string& why, caf::execution_unit* ctx) {
    cleanup(caf::make_error(caf::sec::runtime_error, why), ctx);
  }

private:
  caf::weak_actor_ptr host_; ///< weak: the host holds us strongly
  Machine machine_;
};

template <class Machine>
caf::strong_actor_ptr make_hosted(caf::event_based_actor* host, Machine machine) {
  caf::actor_config cfg{host->context()};
  auto& system = host->system();
  return caf::make_actor<hosted_actor<Machine>, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, cfg, caf::actor_cast<caf::weak_actor_ptr>(host),
      std::move(machine));
}

template <class Machine>
hosted_actor<Machine>& hosted(const caf::strong_actor_ptr& p) {
  return *static_cast<hosted_actor<Machine>*>(caf::actor_cast<caf::abstract_actor*>(p));
}

} // namespace tocsin

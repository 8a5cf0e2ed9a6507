// Keeps the canary (core/canary): sends its heartbeats through the intake like anybody's, and hears its receiver.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/clock.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"
#include "core/canary.hpp"
#include "io/sender.hpp"

namespace tocsin {

struct canary_options {
  canary_rules rules;
  std::shared_ptr<node_metrics> metrics;
  clock_anchor anchor;
  std::function<void(bool works, const std::string& why)> say; ///< a round failed, or the first works again
};

/// Begins when it is sent the intake's handle, after the journal was folded.
class canary_keeper final : public caf::event_based_actor {
public:
  canary_keeper(caf::actor_config& cfg, canary_options options);
  const char* name() const override { return "canary"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  void beat();
  void send_heartbeats(timestamp now, bool canary_too);
  void judge(const canary::outcome& o);

  canary_options options_;
  caf::actor intake_;
  std::optional<canary> canary_;
  bool failing_ = false;
};

/// Its receiver: whatever comes there went all the way that a person's notification goes.
std::unique_ptr<sender> make_canary_sender(caf::actor keeper);

} // namespace tocsin

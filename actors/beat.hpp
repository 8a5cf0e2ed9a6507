// The outbound beat: while judging, keeping and telling work, a dead man's switch elsewhere hears so. Whoever watches
// the watcher alarms when nothing comes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/clock.hpp"
#include "actors/metrics.hpp"
#include "actors/protocol.hpp"
#include "core/connections.hpp"
#include "io/http_post.hpp"

namespace tocsin {

struct beat_options {
  webhook_settings to;
  duration every = 1min;
  caf::actor groups, recorder;  ///< asked before every beat
  std::size_t receivers = 0;    ///< configured ones
  std::function<bool()> ready;
  std::function<void(bool works, const std::string& why)> say; ///< beats fail, or work again
  std::shared_ptr<node_metrics> metrics;
  clock_anchor anchor;
};

/// Blocks for one request at a time: on a thread of its own.
class beat final : public caf::event_based_actor {
public:
  beat(caf::actor_config& cfg, beat_options options);
  const char* name() const override { return "beat"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  void ask_judges();
  void ask_memory();
  std::string trouble(); ///< what does not work by the figures; empty = nothing
  void say_so();
  void withhold(const std::string& why);
  void next();

  beat_options options_;
  http_post http_;
  std::uint64_t settled_ = 0;  ///< steps done at the last beat
  std::uint64_t refused_ = 0;  ///< writes refused until the last beat
  std::string withheld_;       ///< why, until a beat is said again
  unsigned failures_ = 0;      ///< in a row
};

} // namespace tocsin

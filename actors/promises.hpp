// Says again and again to whoever reads what we hear that we see: when we end without a word, they learn it by our silence.
#pragma once

#include "actors/clock.hpp"
#include "actors/kafka_outputs.hpp"
#include "actors/protocol.hpp"

namespace tocsin {

class promises final : public caf::event_based_actor {
public:
  promises(caf::actor_config& cfg, std::shared_ptr<kafka_outputs> out) : event_based_actor(cfg), out_(std::move(out)) {}
  const char* name() const override { return "promises"; }
  caf::behavior make_behavior() override;

private:
  std::shared_ptr<kafka_outputs> out_;
};

} // namespace tocsin

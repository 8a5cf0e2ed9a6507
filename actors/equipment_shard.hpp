// The actor for one partition of the sensor readings: hosts the equipment units whose names hash there.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/hosted_actor.hpp"
#include "core/equipment/equipment_table.hpp"

namespace tocsin {

/// Intake -> equipment shard. One and the same batch goes to every shard.
struct sample_step {
  std::shared_ptr<const sample_batch> batch;                      ///< null: the input has ended with `latest`
  std::shared_ptr<const std::vector<std::uint32_t>> positions;    ///< of this shard's samples; null: all of them
  timestamp latest = unset;
};

struct equipment_shard_options {
  std::shared_ptr<const equipment_rules> rules;
  /// Called on the shard after every step, also when it said nothing.
  std::function<void(equipment_effects&&)> tell;
};

class equipment_shard final : public caf::event_based_actor, private equipment_keeper {
public:
  equipment_shard(caf::actor_config& cfg, equipment_shard_options options);
  const char* name() const override { return "equipment shard"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  equipment& adopt(equipment fresh) override;

  equipment_shard_options options_;
  equipment_table table_;
  std::vector<caf::strong_actor_ptr> units_;
  equipment_effects said_;
};

} // namespace tocsin

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::sample_step)

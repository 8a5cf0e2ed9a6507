// Sensor readings through the equipment, by machines alone or by actors; both say the same of every channel.
#pragma once

#include <functional>
#include <memory>

#include "core/equipment/effect.hpp"
#include "core/equipment/sample.hpp"

namespace tocsin {

class sample_path {
public:
  virtual ~sample_path() = default;
  virtual void feed(std::shared_ptr<sample_batch> batch) = 0;
  /// The input has ended; returns when all is said.
  virtual void finish() = 0;
};

/// Called for one batch after the other, never twice at once.
using tell_equipment = std::function<void(const equipment_effects&)>;

std::unique_ptr<sample_path> samples_through_machines(std::shared_ptr<const equipment_rules> rules, tell_equipment tell);
std::unique_ptr<sample_path> samples_through_actors(std::shared_ptr<const equipment_rules> rules, std::uint32_t shards, std::uint32_t workers,
                                                    tell_equipment tell);

} // namespace tocsin

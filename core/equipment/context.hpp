// What a module of an equipment unit is doing: every channel has a baseline of its own for each context.
#pragma once

#include <cstdint>
#include <string>

#include "core/symptom.hpp"

namespace tocsin {

/// Chamber x recipe x step x maintenance epoch. Kept by the unit, read by the channels of the module.
struct equipment_context {
  std::string module; ///< "" = the unit itself
  std::string recipe, step, lot, wafer;
  std::uint32_t epoch = 0;   ///< maintenances so far
  std::uint32_t changes = 0; ///< of recipe, step or epoch: who has seen another number looks anew
};

/// Recipe and step, to tell contexts of one module apart.
std::string context_key(const equipment_context& c);
/// What is known of recipe, step, lot and wafer.
void add_context(evidence& facts, const equipment_context& c);

} // namespace tocsin

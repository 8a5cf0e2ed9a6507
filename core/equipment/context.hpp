// What a module of an equipment unit is doing: every channel has a baseline of its own for each context.
#pragma once

#include <cstdint>
#include <string>

namespace tocsin {

/// Chamber x recipe x step x maintenance epoch. Kept by the unit, read by the channels of the module.
struct equipment_context {
  std::string module; ///< "" = the unit itself
  std::string recipe, step, lot, wafer;
  std::uint32_t epoch = 0;   ///< maintenances so far
  std::uint32_t changes = 0; ///< of recipe, step or epoch: who has seen another number looks anew
};

} // namespace tocsin

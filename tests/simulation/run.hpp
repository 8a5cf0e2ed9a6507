// One seed, from start to calm.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "world.hpp"

namespace tocsin::simulation {

struct outcome {
  std::vector<std::string> violations;
  std::uint64_t entries = 0, looks = 0, notifications = 0, repeated = 0, incidents = 0, takeovers = 0;
};

outcome run(const options& o);

} // namespace tocsin::simulation

// A scenario file played to a whole simulated cluster.
#pragma once

#include <string>
#include <vector>

#include "core/scenario.hpp"
#include "world.hpp"

namespace tocsin::simulation {

/// What was expected and is not so; empty = all is. One node is stopped on the way and another killed.
std::vector<std::string> play(const scenario& s, options o);

} // namespace tocsin::simulation

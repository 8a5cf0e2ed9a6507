// What of a fresh configuration a running node cannot take over.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace tocsin {

/// The canary's judgement, route and heartbeats change together or not at all.
result<void> can_reload(const settings& old, const settings& fresh);
/// The keys in which the two differ and which count from the next start only, as people write them.
std::vector<std::string> needs_restart(const settings& old, const settings& fresh);

} // namespace tocsin

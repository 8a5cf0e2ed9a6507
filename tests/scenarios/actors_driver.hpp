// The scenario driver that goes through the mailboxes; knows no CAF itself.
#pragma once

#include <cstdint>

#include "driver.hpp"

namespace tocsin {

story run_actors(const scenario& s, std::uint32_t shards, std::uint32_t workers, std::size_t batch);
story run_actors(const scenario& s);

} // namespace tocsin

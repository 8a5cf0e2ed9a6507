// How CAF is set up, once for all: shared run queue, bounded throughput, as measured for 100,000 runnable actors.
#pragma once

#include <caf/all.hpp>

namespace tocsin {

struct node_config : caf::actor_system_config {
  explicit node_config(std::uint32_t workers) {
    // Work stealing costs O(queue length) in CAF 0.17 and collapses under load; unlimited throughput starves others.
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", static_cast<std::size_t>(workers));
    set("scheduler.max-throughput", std::size_t{100});
  }
};

} // namespace tocsin

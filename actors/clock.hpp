// The one place among the actors that knows what time it is: CAF's clock, anchored once to the Unix epoch.
// Steps of the system clock do not reach it; under the testing scheduler it is virtual.
#pragma once

#include <caf/all.hpp>

#include "core/time.hpp"

namespace tocsin {

/// Unix time minus the actor clock's own, fixed when a node starts.
struct clock_anchor {
  duration offset{0};
};

inline clock_anchor anchor_at(const caf::actor_system& system, timestamp now) {
  auto& clock = const_cast<caf::actor_system&>(system).clock();
  return {now.time_since_epoch() - std::chrono::duration_cast<duration>(clock.now().time_since_epoch())};
}

inline timestamp time_now(caf::local_actor* self, const clock_anchor& anchor) {
  return timestamp{std::chrono::duration_cast<duration>(self->clock().now().time_since_epoch()) + anchor.offset};
}

inline caf::actor_clock::time_point to_actor_time(timestamp t, const clock_anchor& anchor) {
  return caf::actor_clock::time_point{
      std::chrono::duration_cast<caf::actor_clock::duration_type>(t.time_since_epoch() - anchor.offset)};
}

} // namespace tocsin

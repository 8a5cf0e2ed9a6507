// The one place among the actors that knows what time it is: CAF's clock, anchored once to the Unix epoch.
// Steps of the system clock do not reach it; under the testing scheduler it is virtual.
#pragma once

#include <caf/all.hpp>

#include "core/time.hpp"
#include "io/clock.hpp"

namespace tocsin {

/// Unix time by the machine's clock minus the actor clock's own, fixed when a node starts.
struct clock_anchor {
  duration offset{0};
  timestamp recorded(duration actor_time) const { return drill().recorded(timestamp{actor_time + offset}); }
};

/// `now`: by the machine's clock.
inline clock_anchor anchor_at(const caf::actor_system& system, timestamp now) {
  auto& clock = const_cast<caf::actor_system&>(system).clock();
  return {now.time_since_epoch() - std::chrono::duration_cast<duration>(clock.now().time_since_epoch())};
}

/// The recorded time.
inline timestamp time_now(caf::local_actor* self, const clock_anchor& anchor) {
  return anchor.recorded(std::chrono::duration_cast<duration>(self->clock().now().time_since_epoch()));
}

/// When the recorded time will be `t`.
inline caf::actor_clock::time_point to_actor_time(timestamp t, const clock_anchor& anchor) {
  return caf::actor_clock::time_point{
      std::chrono::duration_cast<caf::actor_clock::duration_type>(drill().machine(t).time_since_epoch() - anchor.offset)};
}

/// How long to wait at `now` until the recorded time is `then`.
inline duration wait_between(timestamp now, timestamp then) { return drill().machine(then) - drill().machine(now); }

} // namespace tocsin

#include "actors/promises.hpp"

#include "actors/supervisor.hpp"

namespace tocsin {

caf::behavior promises::make_behavior() {
  keep_exception_text(this);
  const auto again = [this] { delayed_send(this, std::chrono::duration_cast<caf::timespan>(promise_every), wake_up{0}); };
  again();
  return {[this, again](const wake_up&) {
    out_->write_promises(wall_clock());
    again();
  }};
}

} // namespace tocsin

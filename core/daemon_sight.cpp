// Through which vantage points a daemon is heard, and whether its silence means anything.
#include <algorithm>

#include "core/daemon.hpp"
#include "core/daemon_trouble.hpp"
#include "core/limits.hpp"
#include "core/saturating.hpp"

namespace tocsin {

void daemon::first_through(std::uint64_t bit, timestamp at) {
  const bool before = blind();
  unsighted_ &= ~bit;
  if (!(heard_through_ & bit)) member_changed_ = true;
  heard_through_ |= bit;
  if (before) sight_back(at);
}

/// A vantage point that sees but no longer hears us (it was moved to another network) must not keep
/// us sighted: after a while without a beat through it, it is forgotten.
void daemon::forget_quiet_vantages() {
  const std::uint64_t kept = heard_through_ & (recent_through_ | unsighted_);
  recent_through_ = 0;
  if (kept == heard_through_) return;
  heard_through_ = kept;
  member_changed_ = true;
}

void daemon::sight_lost(const record& r, effects& out) {
  const bool before = blind();
  unsighted_ |= bit_of(r.vantage);
  sighted_ &= ~bit_of(r.vantage);
  if (before || !blind()) return;
  clear(symptom_kind::heartbeat_late, r.at, out, {{"blind", true}});
  misses_said_ = 0;
  anchor_ = unset;
}

void daemon::sight_regained(const record& r) {
  const bool before = blind();
  unsighted_ &= ~bit_of(r.vantage);
  sighted_ |= bit_of(r.vantage);
  if (before && !blind()) sight_back(r.at);
}

/// Silence counts from now on.
void daemon::sight_back(timestamp at) {
  silence_from_ = at;
  misses_said_ = 0;
  anchor_ = unset;
  if (inventory_at_ != never) inventory_at_ = std::max(inventory_at_, later(at, inventory_wait_));
  if (!trouble_) return;
  // A loss during the blindness shows in the first heartbeat: wait for it before saying that it is
  // quiet.
  const timestamp first_beat = later(later(at, beats_.period()), beats_.slack());
  for (trouble::loss_episode& l : trouble_->losses)
    if (l.quiet_at != never) l.quiet_at = std::max(l.quiet_at, first_beat);
}

} // namespace tocsin

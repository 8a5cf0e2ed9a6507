#include "actors/cluster_link.hpp"

#include "io/clock.hpp"

namespace tocsin {

std::string_view to_text(peer_state s) {
  constexpr std::array<std::string_view, 3> names{"unheard", "reachable", "silent"};
  return names[static_cast<std::size_t>(s)];
}

namespace {
constexpr auto gateway_late = std::chrono::milliseconds{250}; ///< it is the gateway that says who did not answer, and knows it from then on
} // namespace

asked::asked() : made_(monotonic_clock()) {}

void asked::begin(std::vector<peer_answer> slots) {
  const std::lock_guard lock{guard_};
  open_ = slots.size();
  filled_.assign(slots.size(), false);
  slots_.assign(std::make_move_iterator(slots.begin()), std::make_move_iterator(slots.end()));
  begun_ = true;
  changed_.notify_all();
}

void asked::fill(std::size_t slot, const peer& who, std::uint64_t incarnation, result<std::string> bytes) {
  const std::lock_guard lock{guard_};
  if (slot >= slots_.size() || filled_[slot]) return;
  slots_[slot] = peer_answer{who, incarnation, std::move(bytes)};
  filled_[slot] = true;
  --open_;
  changed_.notify_all();
}

void asked::drop(std::size_t slot) {
  const std::lock_guard lock{guard_};
  if (slot >= slots_.size() || filled_[slot]) return;
  slots_[slot].reset();
  filled_[slot] = true;
  --open_;
  changed_.notify_all();
}

std::vector<peer_answer> asked::wait(duration deadline) {
  std::unique_lock lock{guard_};
  changed_.wait_until(lock, made_ + deadline + gateway_late, [this] { return begun_ && open_ == 0; });
  std::vector<peer_answer> all;
  if (!begun_) all.push_back({{}, 0, fail(errc::timeout, "our own gateway did not take the question in time")});
  for (std::optional<peer_answer>& slot : slots_)
    if (slot) all.push_back(*slot); // a late answer may still come
  return all;
}

} // namespace tocsin

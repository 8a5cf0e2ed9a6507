// What was told and the store refused, in memory until it takes it: there is room again some day.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "actors/protocol.hpp"
#include "io/store.hpp"

namespace tocsin {

class refused_stories {
public:
  static constexpr std::size_t most = 1000;

  /// `fresh`: its notifications, those left out that the store had from a former life. False: the oldest went to make room.
  bool remember(const story_ptr& told, const std::vector<deliver>& fresh);
  /// Of an attempt at a notification that is here, or what another node said of it. False: it is not here.
  bool record(const attempted& a);
  /// Notifications that nobody is known to have delivered, of one receiver; in no order.
  std::vector<deliver> waiting_for(std::string_view receiver) const;
  std::uint64_t notifications_waiting() const;

  /// Puts the notifications of the oldest into the outbox, with what became of them, within the caller's transaction.
  result<void> enqueue_oldest(store& to) const;
  const story& oldest() const { return *all_.front().told; } ///< undefined if empty, as are the others of the oldest
  void drop_oldest();
  void oldest_last(); ///< the next time it is another's turn

  bool empty() const { return all_.empty(); }
  std::size_t size() const { return all_.size(); }

private:
  struct refused {
    story_ptr told;
    std::vector<std::string> notifications; ///< ids
  };
  struct notice {
    std::shared_ptr<const notification> what;
    std::deque<attempted> tried; ///< the newest `limits::ledger_attempts_max`
    std::uint32_t attempts = 0;
  };
  static bool waits(const notice& n) { return n.tried.empty() || n.tried.back().state == "waiting"; }

  std::deque<refused> all_; ///< oldest first
  std::map<std::string, notice, std::less<>> notices_;
};

} // namespace tocsin

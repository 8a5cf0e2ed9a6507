// Machine: which notification of one receiver is tried when. Urgent ones overtake, failures back off, a receiver
// that is down is left alone, and the memory is bounded: what does not fit waits on disk.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/limits.hpp"
#include "core/symptom.hpp"
#include "core/time.hpp"

namespace tocsin {

/// Exponential back-off with jitter: 1 s * 2^attempt up to 5 min, times 0.8 to 1.2 by a hash of the id, so that the
/// same input gives the same delay. A receiver's own Retry-After wins when it is longer.
duration retry_delay(std::uint32_t attempt, std::string_view id, std::optional<duration> retry_after);

struct delivery_rules {
  std::uint32_t rate_count = 0;        ///< attempts per `rate_window`; 0 = no limit
  duration rate_window = 1min;
  std::uint32_t breaker_failures = 5;  ///< failures in a row that open the breaker; 0 = it never opens
  duration breaker_pause = 10s;        ///< until the first probe; doubles with every failed one
  duration breaker_pause_max = 2min;
  duration give_up_after = 72h;        ///< since the notification was made
  std::size_t held_max = limits::delivery_queue_max;
  bool failing = false;                ///< known to fail from before: the breaker begins half open, so that its closing is told
};

/// What came of an attempt.
struct attempt_outcome {
  enum class kind : std::uint8_t {
    delivered,
    retry,   ///< may work later
    refused, ///< never will
    gone,    ///< the receiver wants nothing more (410): it is disabled, its notifications are kept
  };
  kind what;
  std::optional<duration> retry_after;
  std::vector<std::string> remaining{}; ///< with retry: the parts still to do (recipients, incidents); empty = all
  bool answered = false;                ///< with retry: the receiver is alive, so this is no failure for the breaker
};

class delivery_queue {
public:
  enum class breaker : std::uint8_t { closed, open, half_open };

  delivery_queue(std::string receiver, delivery_rules rules);

  struct item {
    std::string id;             ///< of the notification
    std::string thread;         ///< notifications of the same thread (incident) keep their order; "" = none
    severity level;
    timestamp created;
    timestamp due = unset;      ///< not before; unset = at once
    std::uint32_t attempts = 0; ///< made so far
    std::vector<std::string> remaining{};
  };
  enum class origin : std::uint8_t { fresh, disk };
  /// False: not taken. Either it is here already (or was just finished), or memory is full and nothing less urgent can
  /// give way, or others as urgent wait on disk before it: then it waits on disk, too, and comes with a later refill.
  /// So does one that gave way. Times given to one queue never go backwards.
  bool add(item i, origin from = origin::fresh);
  /// There is something on disk that is not here, there is much room for it, and nobody asks for it yet.
  bool hungry() const;
  std::size_t room() const { return rules_.held_max - std::min(rules_.held_max, items_.size()); }
  /// The disk is being asked for what waits, most urgent first, then oldest, at least room() + held() of them. Its
  /// answer may be older than what happens here meanwhile: nothing is taken twice, nothing is forgotten.
  void refill();
  /// The answer was given to add() with origin::disk. `all`: there was no more than that. Nothing given and not `all`:
  /// nobody knows what is there, so what comes waits there, too, until the next answer.
  void refilled(bool all);

  struct step {
    enum class kind : std::uint8_t {
      attempt, ///< try `what`, then call done(): until then nothing else is tried
      wait,    ///< nothing before `at`
      idle,    ///< nothing at all, until something is added or done
    };
    kind what;
    timestamp at = never;
    const item* tried = nullptr; ///< valid until done()
  };
  step next(timestamp now);

  struct verdict {
    enum class state : std::uint8_t { delivered, waiting, dead };
    state now_is;
    timestamp next_attempt = never; ///< when waiting
    bool opened = false;            ///< the breaker opened by this
    bool closed = false;            ///< the breaker closed by this
  };
  /// `id` must be the one that is tried: else it is a bug and nothing happens (nullopt).
  std::optional<verdict> done(std::string_view id, const attempt_outcome& outcome, timestamp now);

  /// The configuration was read anew: a disabled receiver works again, the breaker is closed.
  void set_rules(delivery_rules rules);

  bool holds(std::string_view id) const { return items_.find(id) != items_.end(); }
  std::size_t held() const { return items_.size(); }
  bool disabled() const { return disabled_; }
  breaker breaker_state() const { return breaker_; }
  std::uint32_t failures() const { return failures_; } ///< in a row
  timestamp paused_until() const { return paused_until_; }
  const std::string& receiver() const { return receiver_; }

private:
  struct entry {
    item what;
    severity level;           ///< of its thread: nobody waits for a less urgent one of the same incident
    bool by_receiver = false; ///< `due` is the receiver's wish, not our back-off
  };
  /// Most urgent first, then oldest, then by id.
  struct rank {
    severity level;
    timestamp created;
    std::string_view id; ///< of the key in items_
    bool operator<(const rank& o) const;
  };
  using moment = std::pair<timestamp, std::string_view>; ///< and an id
  using entries = std::map<std::string, entry, std::less<>>;

  bool left_on_disk(severity level);
  bool make_room(severity level);
  void schedule(entry& e);
  void unschedule(const entry& e);
  void erase(entries::iterator at);
  /// The first of the thread takes its turn, with the urgency of the most urgent; the others wait for it.
  void arrange(const std::string& thread);
  void make_all_due();
  timestamp slot(severity level) const;
  void judge_breaker(bool success, timestamp now, verdict& v);

  std::string receiver_;
  delivery_rules rules_;
  entries items_;
  std::set<rank> ranked_;    ///< all, by their own level
  std::set<rank> ready_;     ///< due, by their thread's level
  std::set<moment> later_;   ///< by due
  std::map<std::string, std::set<moment>, std::less<>> threads_; ///< by creation
  std::string trying_;       ///< "" = nothing is tried
  bool asked_ = false;       ///< refill() to refilled()
  bool missed_ = false;      ///< something went to disk since
  std::set<std::string, std::less<>> finished_; ///< since
  severity given_ = severity::critical;         ///< level of the last one from disk
  bool more_on_disk_ = false, disabled_ = false;
  severity disk_level_ = severity::info;        ///< the most urgent on disk, at most
  breaker breaker_ = breaker::closed;
  std::uint32_t failures_ = 0, opened_ = 0;     ///< in a row
  timestamp open_until_ = unset, paused_until_ = unset;
  timestamp next_slot_ = unset; ///< of the rate limit: the theoretical arrival time of the GCRA (ITU-T I.371)
};
std::string_view to_text(delivery_queue::breaker b);

} // namespace tocsin

// How well people are served: alarm rates, floods, bad actors and the like after EEMUA 191 and
// ISA-18.2 (IEC 62682), over the last seven days.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/alarm.hpp"

namespace tocsin {

/// One figure against its target. A target that is met has `value` <= `limit`.
struct kpi_check {
  std::string name; ///< "average per 10 minutes", …
  double value = 0;
  double limit = 0;
  std::string unit;   ///< "%", "" = a number
  std::string source; ///< where the target comes from
  bool met() const { return value <= limit; }
};

/// A flood begins in the first period of 10 minutes with more than 10, and ends before the first
/// with fewer than 5 (ISA-18.2).
struct kpi_flood {
  timestamp from, until; ///< borders of periods; `until` may be in the future while it lasts
  std::uint64_t count = 0;
  std::uint32_t peak = 0; ///< in one period
};

/// Rates of one stream: all activations, or what one receiver was told.
struct kpi_rates {
  std::string name; ///< of the receiver
  std::uint64_t count = 0;
  double per_hour = 0, per_day = 0, per_10min = 0; ///< count / observed time
  std::uint32_t peak_10min = 0, peak_hour = 0; ///< most in one period, and in six periods in a row
  double manageable_share =
      1; ///< of the periods: those with 1 or none (EEMUA 191: 1 in 10 minutes is manageable)
  double above_10_share = 0; ///< of the periods: those with more than 10
  double flood_share = 0;    ///< of the periods: those that are part of a flood
  std::uint32_t flood_count = 0;
  std::vector<kpi_flood> floods; ///< the newest 20
  std::vector<kpi_check> checks;
};

struct kpi_actor {
  std::string key;
  std::uint32_t count = 0;
  double share = 0; ///< of all activations, 0 to 1
};

/// An alarm that has been in a state for long.
struct kpi_standing {
  std::string key;
  timestamp since;
  duration lasts;
  std::string why; ///< by whom and for what reason; empty when active
};

struct kpi_response {
  std::uint64_t acknowledged = 0; ///< activations that somebody acknowledged
  std::uint64_t missed = 0;       ///< over without
  duration median{0}, p90{0};     ///< from activation to acknowledgement; nearest rank
};

struct kpi_report {
  timestamp at;
  timestamp from;                   ///< start of the first period counted
  double observed_hours = 0;        ///< from `from` to `at`, at least one period
  kpi_rates activations;            ///< alarms that became active and were not hidden
  std::uint64_t hidden = 0;         ///< activations that were shelved, suppressed or out of service
  std::vector<kpi_rates> receivers; ///< notifications, by name
  std::vector<kpi_actor> top;       ///< the ten most frequent
  double top_share = 0;             ///< of these, in all activations
  std::vector<kpi_actor> chattering; ///< most frequent first, at most 20
  std::uint32_t chattering_count = 0;
  std::vector<kpi_actor> fleeting; ///< `count` times over so soon; at most 20
  std::uint32_t fleeting_count = 0;
  std::vector<kpi_standing> stale, shelved, suppressed,
      out_of_service; ///< longest first, at most 50 each
  std::uint32_t stale_count = 0, shelved_count = 0, suppressed_count = 0, out_of_service_count = 0;
  std::array<std::uint64_t, 4> priorities{}; ///< activations: low, medium, high, highest
  kpi_response response;
  std::vector<kpi_check> checks; ///< beside those of the rates
  /// Single activations are known from here on; later than `from` when there were more than
  /// limits::kpi_episodes_max. Rates and floods count them all.
  timestamp detailed_from;
};

/// Machine that counts. Times must not decrease.
class alarm_kpi {
public:
  static constexpr duration period = 10min;       ///< periods start at multiples of it since 1970
  static std::int64_t period_of(timestamp t);     ///< its number
  static constexpr std::size_t periods = 7 * 144; ///< the running one included

  explicit alarm_kpi(alarm_rules rules) : rules_(std::move(rules)) {}
  /// Time is known to have come to `at`; the first call of any kind is where observation begins.
  void observe(timestamp at);
  void apply(const alarm_change& c);
  void apply(const notification& n);
  void set_rules(alarm_rules rules) { rules_ = std::move(rules); }
  kpi_report make(timestamp now) const;

  void save(writer& out) const;
  /// Refuses bytes of another version or that contradict themselves, and leaves the machine as it
  /// was.
  result<void> load(reader& in);

private:
  using counts = std::map<std::int64_t,
                          std::uint32_t>; ///< by number of the period; no zeros; at most `periods`
  struct episode {
    std::shared_ptr<const std::string> key;
    timestamp at, over = never, acknowledged = never;
    std::uint8_t priority = 0; ///< 0 = low
    bool moved = false;        ///< ended for another cause: neither missed nor fleeting
  };
  struct standing {
    alarm_state state = alarm_state::normal;
    timestamp since = unset, active_since = unset; ///< unset = not active
    std::string why;
    std::uint64_t episode = 0; ///< its newest, counted from the first ever; 0 = none
  };

  void count(counts& in, timestamp at);
  void begin_episode(standing& s, const alarm_change& c);
  episode* newest_of(const standing& s);
  kpi_rates rates_of(const counts& of, timestamp now) const;
  void add_actors(kpi_report& r, const std::vector<const episode*>& all) const;
  void add_response(kpi_report& r, const std::vector<const episode*>& all) const;
  void add_standing(kpi_report& r) const;
  static void add_checks(kpi_report& r);

  alarm_rules rules_;
  timestamp started_ = unset, now_ = unset;
  counts activations_, hidden_;
  std::map<std::string, counts> receivers_;
  std::deque<episode> episodes_;      ///< by time; at most limits::kpi_episodes_max
  std::uint64_t forgotten_ = 0;       ///< episodes before episodes_.front()
  timestamp forgotten_until_ = unset; ///< the newest that was dropped for want of room
  std::map<std::string, standing, std::less<>>
      standing_; ///< alarms that are not normal; at most limits::alarms_max
};

} // namespace tocsin

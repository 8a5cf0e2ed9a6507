// What a node counts: plain atomics, written by the actors, read by telemetry at a scrape.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/equipment/point_detector.hpp"
#include "core/symptom.hpp"

namespace tocsin {

/// What is true of each configured receiver now. It changes seldom, so a lock does.
class receiver_states {
public:
  struct state {
    bool breaker_open = false; ///< it fails, and is only probed
    bool flood = false;        ///< told by digests
  };
  /// Exactly these; what is known of those that stay is kept.
  void configure(const std::vector<std::string>& names) {
    const std::lock_guard lock{guard_};
    std::map<std::string, state> fresh;
    for (const std::string& name : names) fresh[name] = all_[name];
    all_ = std::move(fresh);
  }
  void breaker(const std::string& name, bool open) {
    const std::lock_guard lock{guard_};
    if (const auto at = all_.find(name); at != all_.end()) at->second.breaker_open = open;
  }
  /// Those in flood mode; the others are not.
  void floods(const std::vector<std::string>& names) {
    const std::lock_guard lock{guard_};
    for (auto& [name, s] : all_) s.flood = false;
    for (const std::string& name : names)
      if (const auto at = all_.find(name); at != all_.end()) at->second.flood = true;
  }
  /// How many have their breaker open.
  std::uint64_t failing() const {
    const std::lock_guard lock{guard_};
    return static_cast<std::uint64_t>(std::ranges::count_if(all_, [](const auto& one) { return one.second.breaker_open; }));
  }
  std::map<std::string, state> all() const {
    const std::lock_guard lock{guard_};
    return all_;
  }

private:
  mutable std::mutex guard_;
  std::map<std::string, state> all_;
};

struct node_metrics {
  using count = std::atomic<std::uint64_t>;
  count records{0};              ///< sequenced by the intake
  count records_moved{0};        ///< came with an earlier time than the one before
  count steps{0};
  count steps_in_flight{0};
  count decode_errors{0};
  count orders{0};               ///< of people: acknowledge, shelve, silence …
  count journal_records{0};      ///< durable: a restart has them
  count journal_failures{0};     ///< writes the store refused
  count stories_waiting{0};      ///< what was said, not yet taken by the store
  count stories_dropped{0};      ///< of those, too many
  count snapshots{0};
  count snapshot_bytes{0};
  std::atomic<std::int64_t> snapshot_pause_ns{0}; ///< for which the groups stood still for the newest
  count daemons{0};
  count daemons_refused{0};      ///< beyond limits::daemons_max, or a host name too long
  count subject_restarts{0};
  count records_quarantined{0};
  count groups{0};
  count incidents_opened{0};
  count incidents_closed{0};
  count incidents_open{0};
  std::array<count, symptom_kind_count> symptoms_raised{};
  count notifications{0};
  count notifications_delivered{0};
  count notifications_retried{0};
  count notifications_dead{0};
  count notifications_waiting{0};
  receiver_states receivers;
  count samples{0};
  count samples_late{0};
  count samples_refused{0};      ///< channels beyond the bound, or a time of the future
  count equipment_events{0};
  count equipment_events_late{0};
  count joins_late{0};
  count sample_batches{0};       ///< under way
  count equipment_units{0};
  count equipment_channels{0};
  count windows{0};
  count windows_corrected{0};
  std::array<count, point_detectors> anomalies{}; ///< by point_detector
  count canary_rounds{0};
  count canary_failures{0};
  std::atomic<bool> canary_failing{false};
  std::atomic<std::int64_t> canary_delay_ns{0}; ///< of the last round that worked
  std::atomic<std::int64_t> canary_heard_ns{0}; ///< when that was; 0 = never
  count beats{0};
  count beat_failures{0};
  count beats_withheld{0};
  count reloads{0};
  count reload_failures{0};
  std::atomic<std::int64_t> watermark_ns{0};
  /// Evidence received -> notification handed to its receiver, microseconds, log2 buckets.
  std::array<count, 32> notify_delay_log2_us{};
  count notify_delay_sum_us{0};
  /// How late deadlines were acted on, microseconds, log2 buckets.
  std::array<count, 32> deadline_late_log2_us{};
  count deadline_late_sum_us{0};
};

} // namespace tocsin

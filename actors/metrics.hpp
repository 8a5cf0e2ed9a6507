// What a node counts: plain atomics, written by the actors, read by telemetry at a scrape.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/symptom.hpp"

namespace tocsin {

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
  count snapshots{0};
  count snapshot_bytes{0};
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
  count receivers_failing{0};    ///< their breaker is open
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

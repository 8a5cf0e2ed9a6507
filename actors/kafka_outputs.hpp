// What a node writes to Kafka: incidents, symptoms, results of equipment, and what its own sources hear.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "config/settings.hpp"
#include "core/equipment/effect.hpp"
#include "core/log_position.hpp"
#include "core/record.hpp"
#include "core/story.hpp"
#include "io/kafka_sink.hpp"
#include "io/store.hpp"

namespace tocsin {

/// Each of our sources that sees says so so often, and promises to within so long: time for brokers to find another leader, and
/// shorter than any daemon's usual silence. Of the machine's clock.
inline constexpr duration promise_every = 2s, promise_within = 10s;

/// `source` of the positions that say up to when the incidents are with the brokers.
inline constexpr const char* incidents_written = "kafka.incidents";

/// Nothing here waits for a broker. Thread-safe.
class kafka_outputs {
public:
  /// errc::invalid, errc::missing: the topics cannot be written.
  static result<std::unique_ptr<kafka_outputs>> open(const kafka_output& settings);

  /// From now on what is said is written: while a former life is folded it was said before. First come the incidents of the store
  /// that the brokers may not have.
  /// `again` = false: of a cluster, where whoever leads does it, and our own may be old.
  void begin(std::shared_ptr<const store> disk, bool again = true);
  void write(const story& told);
  /// Incidents that changed since then, each as it is now: whoever wrote before us may not have.
  void write_since(timestamp since) {
    if (disk_ && !settings_.incidents.empty()) write_again(since);
  }
  void write(const equipment_effects& said);
  /// What a source that is not of Kafka heard. Where there is no room for it, its readers are told that we do not see.
  void write_input(const std::string& source, const record_batch& heard);
  /// Those that see promise to speak again, for a reader that would not hear of our end.
  void write_promises(timestamp at);
  /// What a source of sensor readings that is not of Kafka heard: a record for each unit, of at most 64 KiB.
  void write_readings(const std::string& source, const sample_batch& heard);
  bool wants_equipment() const { return !settings_.windows.empty() || !settings_.anomalies.empty() || !settings_.states.empty(); }
  bool wants_inputs() const { return !settings_.inputs.empty(); }
  bool wants_readings() const { return !settings_.readings.empty(); }

  /// Where a new life has to begin with the incidents; nothing when it did not move since the last call.
  std::optional<log_positions> moved();
  void flush(duration most) { sink_->flush(most); }
  kafka_sink_status status() const { return sink_->status(); }

private:
  explicit kafka_outputs(kafka_output settings) : settings_(std::move(settings)) {}
  void write_incident(const std::string& subject, const std::string& json, timestamp at);
  void write_sight(const std::string& source, record_kind kind, timestamp at, duration within = {});
  void write_promise(const std::string& source, timestamp at);
  bool write_record(const std::string& source, const record& r, bool must);
  void write_again(timestamp since);
  void delivered(std::uint64_t mark);

  kafka_output settings_;
  std::shared_ptr<const store> disk_;          ///< set before live_
  std::atomic<bool> live_{false};
  std::mutex guard_;                           ///< around what follows
  std::map<std::uint64_t, timestamp> pending_; ///< incidents under way: mark, and when they were said
  std::uint64_t marks_ = 0;
  timestamp newest_ = unset, told_ = unset;
  timestamp missed_ = unset;                   ///< of the oldest incident that there was no room for
  std::set<std::string> blind_;                ///< sources of which records were dropped
  std::set<std::string> seeing_;               ///< sources that said so last
  std::set<std::string> half_told_;            ///< sources whose last word on their sight not every partition has
  int passed_over_ = 0;                        ///< times that nothing was promised, in a row
  std::unique_ptr<kafka_sink> sink_;           ///< ends first: it calls back
};

} // namespace tocsin

// Durable inputs as plain data: what was seen, when, and through which vantage point.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/equipment/event.hpp"
#include "core/equipment/sample.hpp"
#include "core/time.hpp"

namespace tocsin {

enum class record_kind : std::uint8_t {
  heartbeat,             ///< HOST.STATUS
  host_start,            ///< HOST.START
  host_stop,             ///< HOST.STOP: stopped on purpose; the service may be missing
  data_loss_inbound,     ///< DATALOSS.INBOUND.*: `host` lost data sent by `peer`
  data_loss_outbound,    ///< DATALOSS.OUTBOUND.*: `peer` lost data sent by `host`
  retransmission_sent,   ///< RETRANSMISSION.OUTBOUND.SENT: `host` repeated packets for `peer`
  retransmission_suppressed, ///< OUTBOUND.SUPPRESSED or INBOUND.REQUEST_NOT_SENT
  unreachable_transport, ///< UNREACHABLE.TRANSPORT
  sight_lost,            ///< this vantage point cannot see any more (link down, DISCONNECTED)
  sight_regained,        ///< this vantage point sees again (connected, CONNECTED)
  time_mark,             ///< nothing was seen, but time is known to have passed
  operator_said,         ///< a person's order; `peer` holds an encoded operator_command
  equipment_said,        ///< what equipment says of itself; `peer` holds an encoded symptom
};

/// The numbers a HOST.STATUS can carry. Any of them may be absent.
enum class counter : std::uint8_t {
  uptime,              ///< up, seconds
  clients,             ///< cc
  client_limit,        ///< not in RV; from a house's own JSON
  messages_sent,       ///< ms
  bytes_sent,          ///< bs
  messages_received,   ///< mr
  bytes_received,      ///< br
  packets_sent,        ///< ps
  packets_received,    ///< pr
  retransmitted,       ///< rx: packets repeated, outbound
  missed,              ///< pm: packets missed, inbound
  lost_inbound,        ///< idl
  lost_outbound,       ///< odl
  suppressed_inbound,  ///< irrs
  suppressed_outbound, ///< orrs
  lost_count,          ///< `lost` of a DATALOSS or RETRANSMISSION advisory
};
inline constexpr std::size_t counter_count = 16;

/// `peer` of a sight_lost that only says: the watcher itself was not running. No incident comes of it.
inline constexpr std::string_view restart_gap = "restart";
/// `peer` of a record of sight that is the word of who reads a log, not of those who write it: they may see.
inline constexpr std::string_view log_reader = "reader";

/// Where `at` comes from: decides whether clock skew can be judged.
enum class time_source : std::uint8_t { arrival, log, message };

/// One input. The texts are views into the batch that holds the record (or into static storage).
struct record {
  timestamp at = unset;     ///< the clock of record; never decreases within a stream once sequenced
  timestamp sent_at = unset; ///< the message's own `time`, for display and skew
  std::uint64_t key_hash = 0; ///< hash_key(host, service); filled by the codec
  std::string_view host;    ///< dotted address of the daemon, or a house's own name for it
  std::string_view service; ///< "7500"
  std::string_view network; ///< network string, often empty
  std::string_view version; ///< "8.7.0"
  std::string_view peer;    ///< advisories: the other side
  std::array<std::uint64_t, counter_count> values{};
  std::uint32_t present = 0; ///< bit i: values[i] was in the message
  float reliability_s = 0;   ///< rli, seconds; 0 = absent
  record_kind kind = record_kind::heartbeat;
  time_source timed_by = time_source::message;
  std::uint8_t vantage = 0;  ///< index of the vantage point, below limits::vantages_max
  float moved_s = 0;         ///< by how much sequencing set `at` later, seconds; clocks are compared without it

  bool has(counter c) const { return present >> static_cast<unsigned>(c) & 1u; }
  std::uint64_t get(counter c) const { return values[static_cast<std::size_t>(c)]; }
  void set(counter c, std::uint64_t value) {
    values[static_cast<std::size_t>(c)] = value;
    present |= 1u << static_cast<unsigned>(c);
  }
};

/// Records of one poll with the bytes their texts point into. Immutable once handed on.
struct record_batch {
  std::uint64_t first_offset = 0; ///< position of records[0] in the input log
  std::vector<record> records;
  std::vector<sample> samples;    ///< of sources of sensor readings; they are not sequenced with the records
  std::vector<equipment_event> events; ///< of the same sources; equipment_event::before is a position among `samples`
  std::vector<std::shared_ptr<const char[]>> bytes; ///< keeps the texts alive

  /// Copies `text` into storage that lives as long as the batch.
  std::string_view keep(std::string_view text);

private:
  char* free_ = nullptr;
  std::size_t left_ = 0;
};

/// Hash of a daemon's key; the same on every machine and in every build.
std::uint64_t hash_key(std::string_view host, std::string_view service);
std::string_view to_text(record_kind kind);
std::string_view to_text(counter c); ///< the RV field name: "up", "cc", ...
std::string subject_of(std::string_view host, std::string_view service); ///< "rvd/<host>/<service>"

} // namespace tocsin

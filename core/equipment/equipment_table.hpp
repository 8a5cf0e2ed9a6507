// The equipment of one shard: finds the channel of a sample, closes windows as time passes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/equipment/equipment.hpp"
#include "core/equipment/join.hpp"
#include "core/equipment/sample.hpp"

namespace tocsin {

/// Who owns the machines: a plain container, or actors.
class equipment_keeper {
public:
  virtual ~equipment_keeper() = default;
  /// The machine at its place for good.
  virtual equipment& adopt(equipment fresh) = 0;
};

/// What of a batch is one shard's.
struct batch_part {
  std::vector<std::uint32_t> samples, events; ///< positions
};

class equipment_table {
public:
  struct counts {
    std::uint64_t samples = 0;
    std::uint64_t late = 0;     ///< older than any window that is held
    std::uint64_t refused = 0;  ///< beyond limits::channels_max
    std::uint64_t events = 0, events_late = 0; ///< late: older than what is known, or beyond a unit's bounds
    std::uint64_t joins_late = 0; ///< left readings whose right side was forgotten already
  };
  equipment_table(std::shared_ptr<const equipment_rules> rules, equipment_keeper& keeper);

  /// Every one of them, or a part; windows end where the batch says. Every table gets every batch.
  void apply(const sample_batch& batch, equipment_effects& out);
  void apply(const sample_batch& batch, const batch_part& part, equipment_effects& out);
  /// The input has ended with `latest`: windows end with the pane, and what is open then is said as it is.
  void finish(timestamp latest, equipment_effects& out);

  const equipment_rules& rules() const { return *rules_; }
  const counts& totals() const { return totals_; }
  std::size_t size() const { return units_.size(); }
  const std::vector<equipment*>& all() const { return in_order_; } ///< in order of appearance
  std::size_t channels() const { return used_; }
  static std::uint32_t shard_of(std::uint64_t key_hash, std::uint32_t shards) {
    return static_cast<std::uint32_t>((key_hash >> 32) % shards);
  }

private:
  struct slot {
    std::uint64_t key = 0; ///< 0 = free
    channel* at = nullptr;
  };
  /// How far the things between the samples are done.
  struct cursor {
    const std::vector<std::uint32_t>* events; ///< null: all of them
    std::size_t event = 0, end = 0, shared = 0;
  };
  void apply(const sample& s, equipment_effects& out);
  void apply(const equipment_event& e, equipment_effects& out);
  /// For the patterns of its unit.
  void note(const anomaly& a, equipment_effects& out);
  /// A reading of a channel of which rules ask more.
  void tap(channel& c, const sample& s, std::size_t anomalies_before, equipment_effects& out);
  template <class At> void apply_all(const sample_batch& batch, std::size_t count, At&& at, cursor between, equipment_effects& out);
  std::uint32_t apply_between(const sample_batch& batch, cursor& at, std::uint32_t position, equipment_effects& out);
  void pass(const pane_end& mark, equipment_effects& out);
  void look_at_units(timestamp now, equipment_effects& out);
  equipment* unit_of(std::string_view name);
  std::size_t place_of(std::uint64_t key_hash) const;
  void look_ahead(std::uint64_t near_key, std::uint64_t middle_key, std::uint64_t far_key) const;
  /// The newest time of the whole input is `latest`: windows that ended `lateness` before it are said.
  void advance(timestamp latest, equipment_effects& out);
  channel* channel_of(const sample& s);
  void add_taps(channel& c);
  channel* find(const sample& s, std::size_t& place);
  void grow();

  std::shared_ptr<const equipment_rules> rules_;
  equipment_keeper& keeper_;
  pane_clock clock_;
  bool started_ = false;
  timestamp pane_mark_ = unset; ///< from here on the next pane may close
  std::uint32_t source_ = 0;    ///< of the batch
  std::vector<source_clock> sources_;
  timestamp life_due_ = never;  ///< the earliest pattern deadline of all units
  std::vector<timestamp> look_due_; ///< by source, the earliest look at one of its units
  timestamp pane_from_ = unset, pane_to_ = unset; ///< of the last sample's pane
  std::int64_t pane_number_ = 0;
  std::vector<slot> slots_;
  std::size_t used_ = 0;
  std::unordered_map<std::string_view, equipment*> units_; ///< keys: the names of the units themselves
  std::vector<equipment*> in_order_; ///< of appearance
  bool has_patterns_, has_taps_;
  join_table joins_;
  counts totals_;
};

} // namespace tocsin

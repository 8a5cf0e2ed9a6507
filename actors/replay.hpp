// Drives records through the mailboxes under the records' own time: the same actors as a live node, no clock.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/group_table.hpp"
#include "core/record.hpp"
#include "core/rules.hpp"

namespace tocsin {

struct actor_replay_options {
  std::uint32_t shards = 1;
  std::uint32_t workers = 2;
  bool correlate = true;
  std::shared_ptr<const rule_book> rules;
  alerting_rules receivers;
  std::vector<std::string> vantage_names;
  std::function<void(story&&)> tell; ///< called in canonical order, one call at a time, on a worker
  std::function<void(const record&)> probe; ///< tests: may throw
};

class actor_replay {
public:
  explicit actor_replay(actor_replay_options options);
  ~actor_replay();
  /// Blocks while limits::credit_batches_max batches are in flight.
  void feed(std::shared_ptr<record_batch> batch);
  /// Lets time pass to `until` (if given) and waits until everything is said.
  void finish(std::optional<timestamp> until);

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace tocsin

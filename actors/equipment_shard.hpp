// The actor for one partition of the sensor readings: hosts the equipment units whose names hash there.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/hosted_actor.hpp"
#include "core/equipment/equipment_table.hpp"
#include "core/equipment/input_marks.hpp"
#include "core/equipment/quality.hpp"
#include "core/equipment/symptom_reporter.hpp"

namespace tocsin {

/// Feed -> equipment shard. One and the same batch goes to every shard.
struct sample_step {
  std::shared_ptr<const sample_batch> batch; ///< null: the input has ended with `latest`
  std::shared_ptr<const batch_part> part;    ///< this shard's; null: all of it
  timestamp latest = unset;
  std::shared_ptr<void> over; ///< let go of by every shard when it has said what it has to say
};
/// Equipment shard -> itself: what lasts is said again.
struct repeat_symptoms {};
/// -> equipment shard: equipment_list. The name of a unit, or "" for all of them without their channels.
struct list_equipment {
  std::string name;
};
using equipment_list = std::shared_ptr<const std::vector<equipment_status>>;

struct equipment_counts {
  std::uint64_t units, channels;
  equipment_table::counts totals;
};

struct equipment_shard_options {
  std::shared_ptr<const equipment_rules> rules;
  /// Called on the shard after every step: what was said, and the counts now.
  std::function<void(const equipment_effects&, const equipment_counts&)> tell;
  /// Called on the shard with symptoms as they come, and again and again with those that last; empty: nobody wants them.
  std::function<void(const std::vector<symptom>&)> report;
};

class equipment_shard final : public caf::event_based_actor, private equipment_keeper {
public:
  equipment_shard(caf::actor_config& cfg, equipment_shard_options options);
  const char* name() const override { return "equipment shard"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  equipment& adopt(equipment fresh) override;
  void apply(const sample_step& s);
  equipment_list list(const list_equipment& question) const;

  equipment_shard_options options_;
  equipment_table table_;
  std::vector<caf::strong_actor_ptr> units_;
  symptom_reporter reporter_;
  equipment_effects said_;
};

/// Cuts batches up among the shards. Thread-safe: several sources feed it.
class sample_feed {
public:
  using teller = std::function<void(const equipment_effects&)>;
  using reporter = std::function<void(const std::vector<symptom>&)>;
  /// `sources`: their names by number. `tell`: what is said of them, on the thread that feeds; `report`: as of shards.
  sample_feed(std::vector<caf::actor> shards, const equipment_rules& rules, std::vector<std::string> sources, teller tell, reporter report = nullptr)
      : shards_(std::move(shards)), marks_(rules), quality_(rules.quality, std::move(sources)), tell_(std::move(tell)), report_(std::move(report)) {}
  /// `over` is called when every shard has said what it has to say, on one of them.
  void feed(std::shared_ptr<sample_batch> batch, std::function<void()> over);
  /// Time has come to `latest` without readings: windows end.
  void pass(timestamp latest);
  void finish(std::function<void()> over);
  std::vector<source_quality> quality() const;

private:
  void send(std::shared_ptr<const sample_batch> batch, std::shared_ptr<void> over);
  void say();
  mutable std::mutex guard_;
  std::vector<caf::actor> shards_;
  input_marks marks_;
  quality_watch quality_;
  teller tell_;
  reporter report_;
  symptom_reporter raised_;
  timestamp repeated_ = unset;
  equipment_effects said_;
};

} // namespace tocsin

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::sample_step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::repeat_symptoms)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::list_equipment)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::equipment_list)

#include "actors/sample_replay.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <semaphore>

#include "actors/equipment_shard.hpp"
#include "actors/system.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

constexpr std::string_view replay_source = "input"; ///< what a recording is called

class machine_path final : public sample_path, private equipment_keeper {
public:
  machine_path(std::shared_ptr<const equipment_rules> rules, tell_equipment tell)
      : marks_(*rules), quality_(rules->quality, {std::string{replay_source}}), table_(std::move(rules), *this), tell_(std::move(tell)) {}
  void feed(std::shared_ptr<sample_batch> batch) override {
    quality_.look(*batch, said_);
    marks_.mark(*batch);
    table_.apply(*batch, said_);
    pass_on();
  }
  void finish() override {
    table_.finish(marks_.latest(), said_);
    pass_on();
  }

private:
  equipment& adopt(equipment fresh) override { return units_.emplace_back(std::move(fresh)); }
  void pass_on() {
    tell_(said_);
    said_.clear();
  }
  input_marks marks_;
  quality_watch quality_;
  std::deque<equipment> units_;
  equipment_table table_;
  tell_equipment tell_;
  equipment_effects said_;
};

class actor_path final : public sample_path {
public:
  actor_path(const std::shared_ptr<const equipment_rules>& rules, std::uint32_t shards, std::uint32_t workers, tell_equipment tell)
      : config_(workers), system_(config_), tell_(std::move(tell)) {
    const auto take = [this](const equipment_effects& said, const equipment_counts&) {
      if (said.empty()) return;
      const std::lock_guard lock{guard_};
      tell_(said);
    };
    for (std::uint32_t i = 0; i < shards; ++i) shards_.push_back(system_.spawn<equipment_shard>(equipment_shard_options{rules, take}));
    feed_ = std::make_unique<sample_feed>(shards_, *rules, std::vector<std::string>{std::string{replay_source}}, [this](const equipment_effects& said) {
      const std::lock_guard lock{guard_};
      tell_(said);
    });
  }
  ~actor_path() override {
    for (auto& s : shards_) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
  }
  void feed(std::shared_ptr<sample_batch> batch) override {
    credit_.acquire();
    feed_->feed(std::move(batch), [this] { credit_.release(); });
  }
  void finish() override {
    for (std::size_t i = 0; i < limits::credit_batches_max; ++i) credit_.acquire(); // everything before is said
    feed_->finish([this] { credit_.release(); });
    credit_.acquire();
  }

private:
  node_config config_;
  caf::actor_system system_;
  std::vector<caf::actor> shards_;
  std::unique_ptr<sample_feed> feed_;
  std::counting_semaphore<> credit_{static_cast<std::ptrdiff_t>(limits::credit_batches_max)};
  std::mutex guard_;
  tell_equipment tell_;
};

} // namespace

std::unique_ptr<sample_path> samples_through_machines(std::shared_ptr<const equipment_rules> rules, tell_equipment tell) {
  return std::make_unique<machine_path>(std::move(rules), std::move(tell));
}

std::unique_ptr<sample_path> samples_through_actors(std::shared_ptr<const equipment_rules> rules, std::uint32_t shards, std::uint32_t workers,
                                                    tell_equipment tell) {
  return std::make_unique<actor_path>(std::move(rules), shards, workers, std::move(tell));
}

} // namespace tocsin

#include "actors/sample_replay.hpp"

#include <deque>
#include <mutex>
#include <semaphore>

#include "actors/equipment_shard.hpp"
#include "actors/system.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

class machine_path final : public sample_path, private equipment_keeper {
public:
  machine_path(std::shared_ptr<const equipment_rules> rules, tell_equipment tell)
      : pane_(rules->pane()), table_(std::move(rules), *this), tell_(std::move(tell)) {}
  void feed(std::shared_ptr<sample_batch> batch) override {
    mark_ends(*batch, pane_, latest_);
    table_.apply(*batch, said_);
    pass_on();
  }
  void finish() override {
    table_.finish(latest_, said_);
    pass_on();
  }

private:
  equipment& adopt(equipment fresh) override { return units_.emplace_back(std::move(fresh)); }
  void pass_on() {
    tell_(said_);
    said_.clear();
  }
  duration pane_;
  std::deque<equipment> units_;
  equipment_table table_;
  tell_equipment tell_;
  equipment_effects said_;
  timestamp latest_ = unset;
};

class actor_path final : public sample_path {
public:
  actor_path(std::shared_ptr<const equipment_rules> rules, std::uint32_t shards, std::uint32_t workers, tell_equipment tell)
      : config_(workers), system_(config_), pane_(rules->pane()), tell_(std::move(tell)) {
    for (std::uint32_t i = 0; i < shards; ++i)
      shards_.push_back(system_.spawn<equipment_shard>(equipment_shard_options{rules, [this](equipment_effects&& said) { take(std::move(said)); }}));
  }
  ~actor_path() override {
    for (auto& s : shards_) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
  }
  void feed(std::shared_ptr<sample_batch> batch) override {
    mark_ends(*batch, pane_, latest_);
    credit_.acquire();
    {
      const std::lock_guard lock{guard_};
      open_.push_back(static_cast<std::uint32_t>(shards_.size()));
    }
    send(std::move(batch));
  }
  void finish() override {
    for (std::size_t i = 0; i < limits::credit_batches_max; ++i) credit_.acquire(); // everything before is said
    {
      const std::lock_guard lock{guard_};
      open_.push_back(static_cast<std::uint32_t>(shards_.size()));
    }
    for (auto& s : shards_) caf::anon_send(s, sample_step{nullptr, nullptr, latest_});
    credit_.acquire();
  }

private:
  void send(std::shared_ptr<const sample_batch> batch) {
    const auto count = static_cast<std::uint32_t>(shards_.size());
    if (count == 1) return caf::anon_send(shards_[0], sample_step{std::move(batch), nullptr, unset});
    std::vector<std::shared_ptr<std::vector<std::uint32_t>>> positions(count);
    for (auto& p : positions) {
      p = std::make_shared<std::vector<std::uint32_t>>();
      p->reserve(batch->samples.size() / count + 64);
    }
    for (std::uint32_t i = 0; i < batch->samples.size(); ++i)
      positions[equipment_table::shard_of(batch->samples[i].key_hash, count)]->push_back(i);
    for (std::uint32_t i = 0; i < count; ++i) caf::anon_send(shards_[i], sample_step{batch, std::move(positions[i]), unset});
  }
  /// A step is over when every shard has answered it; each answers in the order of the steps.
  void take(equipment_effects&& said) {
    const std::lock_guard lock{guard_};
    if (!said.empty()) tell_(said);
    // Any shard's answer counts for the oldest step: with bounded credit that is all that is needed to hold the reader back.
    if (--open_.front() == 0) {
      open_.pop_front();
      credit_.release();
    }
  }
  node_config config_;
  caf::actor_system system_;
  std::vector<caf::actor> shards_;
  std::counting_semaphore<> credit_{static_cast<std::ptrdiff_t>(limits::credit_batches_max)};
  std::mutex guard_;
  std::deque<std::uint32_t> open_; ///< answers that are missing, of each step under way
  duration pane_;
  tell_equipment tell_;
  timestamp latest_ = unset;
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

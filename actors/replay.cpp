#include "actors/replay.hpp"

#include <semaphore>

#include "actors/groups.hpp"
#include "actors/intake.hpp"
#include "actors/shard.hpp"
#include "actors/system.hpp"
#include "core/limits.hpp"

namespace tocsin {

struct actor_replay::parts {
  explicit parts(std::uint32_t workers) : config(workers), system(config) {}
  node_config config;
  caf::actor_system system;
  std::counting_semaphore<> credit{static_cast<std::ptrdiff_t>(limits::credit_batches_max)};
  std::vector<caf::actor> shards;
  caf::actor groups_actor, intake_actor;
};

actor_replay::actor_replay(actor_replay_options options) : parts_(std::make_unique<parts>(options.workers)) {
  auto metrics = std::make_shared<node_metrics>();
  auto& system = parts_->system;
  groups_options g;
  g.shards = options.shards;
  g.rules = options.rules;
  g.receivers = options.receivers;
  g.metrics = metrics;
  g.correlate = options.correlate;
  g.vantage_names = options.vantage_names;
  g.tell = options.tell;
  parts_->groups_actor = system.spawn<groups>(std::move(g));
  for (std::uint32_t i = 0; i < options.shards; ++i) {
    shard_options s;
    s.part = {i, options.shards};
    s.rules = options.rules;
    s.metrics = metrics;
    s.groups = parts_->groups_actor;
    s.probe = options.probe;
    parts_->shards.push_back(system.spawn<shard>(std::move(s)));
  }
  intake_options i;
  i.shards = parts_->shards;
  i.groups = parts_->groups_actor;
  i.metrics = metrics;
  i.grant = [credit = &parts_->credit](std::size_t) { credit->release(); };
  parts_->intake_actor = system.spawn<intake>(std::move(i));
}

actor_replay::~actor_replay() {
  caf::anon_send_exit(parts_->intake_actor, caf::exit_reason::user_shutdown);
  for (auto& s : parts_->shards) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(parts_->groups_actor, caf::exit_reason::user_shutdown);
  parts_->shards.clear();
  parts_->intake_actor = nullptr;
  parts_->groups_actor = nullptr;
}

void actor_replay::feed(std::shared_ptr<record_batch> batch) {
  parts_->credit.acquire();
  caf::anon_send(parts_->intake_actor, source_batch{0, std::move(batch)});
}

void actor_replay::finish(std::optional<timestamp> until) {
  caf::scoped_actor self{parts_->system};
  auto ask = [&](pass_time p) {
    self->request(parts_->intake_actor, caf::infinite, p).receive([] {}, [](caf::error&) {});
  };
  if (until) ask({*until});
  ask({unset});
}

} // namespace tocsin

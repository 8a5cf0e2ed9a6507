#include "actors/equipment_shard.hpp"

#include "actors/supervisor.hpp"

namespace tocsin {

equipment_shard::equipment_shard(caf::actor_config& cfg, equipment_shard_options options)
    : event_based_actor(cfg), options_(std::move(options)), table_(options_.rules, *this) {}

caf::behavior equipment_shard::make_behavior() {
  keep_exception_text(this);
  return {
      [this](const sample_step& s) -> caf::result<caf::unit_t> {
        if (!s.batch) table_.finish(s.latest, said_);
        else if (s.positions) table_.apply(*s.batch, *s.positions, said_);
        else table_.apply(*s.batch, said_);
        options_.tell(std::exchange(said_, {}));
        return caf::unit;
      },
      [](hosted_message& m) -> caf::result<caf::unit_t> {
        if (hosted<equipment>(m.to).ended()) return caf::sec::request_receiver_down;
        return caf::sec::unexpected_message;
      },
  };
}

void equipment_shard::on_exit() {
  for (auto& u : units_) hosted<equipment>(u).end("shard ended", context());
  units_.clear();
  options_.tell = nullptr;
}

equipment& equipment_shard::adopt(equipment fresh) {
  units_.push_back(make_hosted(this, std::move(fresh)));
  return hosted<equipment>(units_.back()).machine();
}

} // namespace tocsin

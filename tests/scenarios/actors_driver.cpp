// Runs a scenario through the actors: the same machines behind mailboxes.
#include "actors_driver.hpp"

#include <iterator>
#include <stdexcept>

#include "actors/replay.hpp"
#include "core/limits.hpp"

namespace tocsin {

story run_actors(const scenario& s, std::uint32_t shards, std::uint32_t workers, std::size_t batch) {
  auto fleet = plant::make(s.plant);
  for (const fault& f : s.faults)
    if (auto ok = fleet->inject(f); !ok)
      throw std::logic_error(ok.error().text); // parsing has tried them
  story told;
  actor_replay_options options;
  options.shards = shards;
  options.workers = workers;
  options.rules = std::make_shared<const rule_book>(s.rules);
  options.receivers = s.receivers;
  for (const vantage_options& v : s.plant.vantages) options.vantage_names.push_back(v.name);
  options.tell = [&told](story&& part) {
    auto move_all = [](auto& from, auto& to) {
      to.insert(to.end(), std::make_move_iterator(from.begin()),
                std::make_move_iterator(from.end()));
    };
    move_all(part.symptoms, told.symptoms);
    move_all(part.incidents, told.incidents);
    move_all(part.notifications, told.notifications);
  };
  actor_replay actors{std::move(options)};
  for (bool more = true; more;) {
    auto records = std::make_shared<record_batch>();
    more = fleet->next(s.until, *records, batch);
    actors.feed(std::move(records));
  }
  actors.finish(s.until);
  return told;
}

story run_actors(const scenario& s) { return run_actors(s, 2, 2, limits::batch_records_max); }

} // namespace tocsin

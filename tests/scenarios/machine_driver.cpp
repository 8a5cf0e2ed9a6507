// Runs a scenario through the machines alone.
#include <stdexcept>

#include "core/engine.hpp"
#include "core/limits.hpp"
#include "driver.hpp"

namespace tocsin {

story run_machines(const scenario& s, std::size_t batch) {
  auto fleet = plant::make(s.plant);
  for (const fault& f : s.faults)
    if (auto ok = fleet->inject(f); !ok)
      throw std::logic_error(ok.error().text); // parsing has tried them
  engine machines{std::make_shared<const rule_book>(s.rules), s.receivers, {}};
  std::vector<std::string> vantages;
  for (const vantage_options& v : s.plant.vantages) vantages.push_back(v.name);
  machines.set_vantage_names(std::move(vantages));
  story told, latest;
  auto keep = [&] {
    auto move_all = [](auto& from, auto& to) {
      to.insert(to.end(), std::make_move_iterator(from.begin()),
                std::make_move_iterator(from.end()));
      from.clear();
    };
    move_all(latest.symptoms, told.symptoms);
    move_all(latest.incidents, told.incidents);
    move_all(latest.notifications, told.notifications);
  };
  for (bool more = true; more; keep()) {
    record_batch records;
    more = fleet->next(s.until, records, batch);
    machines.feed(records, latest);
  }
  machines.advance(s.until, latest);
  machines.finish(latest);
  keep();
  return told;
}

story run_machines(const scenario& s) { return run_machines(s, limits::batch_records_max); }

} // namespace tocsin

#include "io/plant_source.hpp"

#include <optional>

#include "core/limits.hpp"
#include "core/plant.hpp"
#include "io/clock.hpp"
#include "io/simulated_source.hpp"

namespace tocsin {

namespace {

class plant_source final : public simulated_source {
public:
  plant_source(source_settings settings, std::uint8_t vantage) : simulated_source(std::move(settings)), vantage_(vantage) {}
  ~plant_source() override { stop(); }

private:
  result<void> build() override {
    plant_options o;
    o.start = wall_clock();
    fleet_options fleet;
    fleet.daemons = settings().plant_daemons;
    fleet.seed = settings().plant_seed;
    fleet.service = settings().context.service;
    fleet.network = settings().context.network;
    o.fleets.push_back(fleet);
    auto made = plant::make(std::move(o));
    if (!made) return tl::make_unexpected(made.error());
    plant_.emplace(std::move(*made));
    return {};
  }
  timestamp next_due() const override { return plant_->next_due(); }
  void fetch(record_batch& out) override {
    plant_->next(wall_clock(), out, limits::batch_records_max);
    for (record& r : out.records) {
      r.vantage = vantage_;
      r.at = wall_clock();
      r.timed_by = time_source::arrival;
    }
  }

  std::uint8_t vantage_;
  std::optional<plant> plant_;
};

} // namespace

std::unique_ptr<source> make_plant_source(source_settings settings, std::uint8_t vantage) {
  return std::make_unique<plant_source>(std::move(settings), vantage);
}

} // namespace tocsin

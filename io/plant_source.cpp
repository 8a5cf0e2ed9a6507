#include "io/plant_source.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/limits.hpp"
#include "core/plant.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {

class plant_source final : public source {
public:
  plant_source(source_settings settings, std::uint8_t vantage) : settings_(std::move(settings)), vantage_(vantage) {
    status_.name = settings_.name;
    status_.kind = settings_.kind;
    status_.state = "connecting";
  }
  ~plant_source() override { stop(); }

  void start(source_callbacks callbacks) override {
    callbacks_ = std::move(callbacks);
    thread_ = std::thread{[this] { play(); }};
  }

  void grant(std::size_t batches) override {
    const std::lock_guard lock{guard_};
    credit_ += batches;
    wake_.notify_all();
  }

  void stop() override {
    {
      const std::lock_guard lock{guard_};
      stopping_ = true;
      wake_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

  source_status status() const override {
    const std::lock_guard lock{guard_};
    return status_;
  }

private:
  void play() {
    plant_options o;
    o.start = wall_clock();
    fleet_options fleet;
    fleet.daemons = settings_.plant_daemons;
    fleet.seed = settings_.plant_seed;
    fleet.service = settings_.context.service;
    fleet.network = settings_.context.network;
    o.fleets.push_back(fleet);
    auto made = plant::make(std::move(o));
    std::unique_lock lock{guard_};
    if (!made) {
      status_.state = "lost";
      status_.detail = made.error().text;
      log::error("plant_refused", {{"source", settings_.name}, {"reason", made.error().text}});
      return;
    }
    status_.state = "reading";
    while (!stopping_) {
      const auto due = std::chrono::time_point<std::chrono::system_clock, duration>{made->next_due().time_since_epoch()};
      if (wake_.wait_until(lock, due, [this] { return stopping_; })) return;
      if (!wake_.wait_for(lock, std::chrono::seconds{1}, [this] { return stopping_ || credit_ > 0; }) || stopping_) continue;
      record_batch batch;
      made->next(wall_clock(), batch, limits::batch_records_max);
      if (batch.records.empty()) continue;
      for (record& r : batch.records) {
        r.vantage = vantage_;
        r.at = wall_clock();
        r.timed_by = time_source::arrival;
      }
      status_.records += batch.records.size();
      --credit_;
      lock.unlock();
      callbacks_.batch(std::move(batch));
      lock.lock();
    }
  }

  source_settings settings_;
  std::uint8_t vantage_;
  source_callbacks callbacks_;
  mutable std::mutex guard_;
  std::condition_variable wake_;
  std::size_t credit_ = 0;
  bool stopping_ = false;
  source_status status_;
  std::thread thread_;
};

} // namespace

std::unique_ptr<source> make_plant_source(source_settings settings, std::uint8_t vantage) {
  return std::make_unique<plant_source>(std::move(settings), vantage);
}

} // namespace tocsin

#include "io/line_source.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/limits.hpp"
#include "core/line_plant.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {

class line_source final : public source {
public:
  explicit line_source(source_settings settings) : settings_(std::move(settings)) {
    status_.name = settings_.name;
    status_.kind = settings_.kind;
    status_.state = "connecting";
  }
  ~line_source() override { stop(); }

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
  static result<line_plant> line_of(const source_settings& s) {
    auto options = line_options_of(s.line, s.plant_seed);
    if (!options) return tl::make_unexpected(options.error());
    options->start = wall_clock();
    return line_plant::make(std::move(*options));
  }

  void play() {
    auto line = line_of(settings_);
    std::unique_lock lock{guard_};
    if (!line) {
      status_.state = "lost";
      status_.detail = line.error().text;
      log::error("line_refused", {{"source", settings_.name}, {"reason", line.error().text}});
      return;
    }
    status_.state = "reading";
    while (true) {
      const auto due = std::chrono::time_point<std::chrono::system_clock, duration>{line->next_due().time_since_epoch()};
      if (wake_.wait_until(lock, due, [this] { return stopping_; })) return;
      wake_.wait(lock, [this] { return stopping_ || credit_ > 0; });
      if (stopping_) return;
      --credit_;
      record_batch batch;
      line->next(batch, limits::batch_records_max);
      status_.records += batch.samples.size();
      lock.unlock();
      callbacks_.batch(std::move(batch));
      lock.lock();
    }
  }

  source_settings settings_;
  source_callbacks callbacks_;
  mutable std::mutex guard_;
  std::condition_variable wake_;
  std::size_t credit_ = 0;
  bool stopping_ = false;
  source_status status_;
  std::thread thread_;
};

} // namespace

std::unique_ptr<source> make_line_source(source_settings settings, std::uint8_t) { return std::make_unique<line_source>(std::move(settings)); }

} // namespace tocsin

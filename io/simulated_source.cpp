#include "io/simulated_source.hpp"

#include <chrono>

#include "io/clock.hpp"
#include "io/log.hpp"

namespace tocsin {

simulated_source::simulated_source(source_settings settings) : settings_(std::move(settings)) {
  status_.name = settings_.name;
  status_.kind = settings_.kind;
  status_.state = "connecting";
}

void simulated_source::start(source_callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  thread_ = std::thread{[this] { play(); }};
}

void simulated_source::grant(std::size_t batches) {
  const std::lock_guard lock{guard_};
  credit_ += batches;
  wake_.notify_all();
}

void simulated_source::stop() {
  {
    const std::lock_guard lock{guard_};
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

source_status simulated_source::status() const {
  const std::lock_guard lock{guard_};
  return status_;
}

void simulated_source::play() {
  auto built = build();
  std::unique_lock lock{guard_};
  if (!built) {
    status_.state = "lost";
    status_.detail = built.error().text;
    log::error(settings_.kind + "_refused", {{"source", settings_.name}, {"reason", built.error().text}});
    return;
  }
  status_.state = "reading";
  for (;;) {
    const auto due = std::chrono::time_point<std::chrono::system_clock, duration>{drill().machine(next_due()).time_since_epoch()};
    if (wake_.wait_until(lock, due, [this] { return stopping_; })) return;
    wake_.wait(lock, [this] { return stopping_ || credit_ > 0; });
    if (stopping_) return;
    record_batch batch;
    fetch(batch);
    if (batch.records.empty() && batch.samples.empty() && batch.events.empty()) continue;
    status_.records += batch.records.size() + batch.samples.size();
    --credit_;
    lock.unlock();
    callbacks_.batch(std::move(batch));
    lock.lock();
  }
}

} // namespace tocsin

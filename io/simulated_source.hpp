// What the sources that simulate share: a thread that waits until something is due, and for credit, and hands it on.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "io/source.hpp"

namespace tocsin {

/// Whoever derives from it calls stop() in its destructor: the thread uses it until then.
class simulated_source : public source {
public:
  explicit simulated_source(source_settings settings);
  void start(source_callbacks callbacks) override;
  void grant(std::size_t batches) override;
  void stop() override;
  source_status status() const override;

protected:
  const source_settings& settings() const { return settings_; }

private:
  // On the thread, the first one first; what is wrong ends it.
  virtual result<void> build() = 0;
  virtual timestamp next_due() const = 0;
  virtual void fetch(record_batch& out) = 0; ///< what is due; nothing is no mistake

  void play();

  source_settings settings_;
  source_callbacks callbacks_;
  mutable std::mutex guard_;
  std::condition_variable wake_;
  std::size_t credit_ = 0;
  bool stopping_ = false;
  source_status status_;
  std::thread thread_;
};

} // namespace tocsin

// A source over real TCP with everything it has said, and the daemon it talks to.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "codecs/rv_writer.hpp"
#include "io/rv_source.hpp"
#include "rv_daemon/rv_daemon.hpp"
#include "support.hpp"

namespace tocsin::test {

/// A source and everything it has said.
class watcher {
public:
  explicit watcher(source_settings settings, rv_source_timing timing = {},
                   std::size_t credit = 1'000'000)
      : source_(make_rv_source(std::move(settings), 5, timing)) {
    source_callbacks callbacks;
    callbacks.batch = [this](record_batch&& batch) {
      std::lock_guard lock{mutex_};
      ++batches_;
      largest_ = std::max(largest_, batch.records.size());
      for (const record& r : batch.records)
        seen_.push_back(std::string{to_text(r.kind)} + "@" + std::string{r.host});
      records_.insert(records_.end(), batch.records.begin(), batch.records.end());
      kept_.push_back(std::move(batch));
      changed_.notify_all();
    };
    callbacks.errors = [this](std::vector<decode_error>&& errors) {
      std::lock_guard lock{mutex_};
      errors_.insert(errors_.end(), errors.begin(), errors.end());
      changed_.notify_all();
    };
    source_->grant(credit);
    source_->start(std::move(callbacks));
  }
  ~watcher() { source_->stop(); }

  template <class Wanted>
  bool wait_until(Wanted wanted) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return wanted(*this); });
  }
  bool wait_for_records(std::size_t count) {
    return wait_until([=](const watcher& w) { return w.records_.size() >= count; });
  }
  bool wait_for(const std::string& what, std::size_t times = 1) {
    return wait_until([&](const watcher& w) {
      return static_cast<std::size_t>(std::count(w.seen_.begin(), w.seen_.end(), what)) >= times;
    });
  }
  /// The source tells its status only when asked, so ask again at every tick.
  bool wait_for_status(const std::string& detail) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (source_->status().detail.find(detail) == std::string::npos) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::unique_lock lock{mutex_};
      changed_.wait_for(lock, std::chrono::milliseconds{5});
    }
    return true;
  }
  std::string seen() {
    std::lock_guard lock{mutex_};
    std::string text;
    for (const std::string& s : seen_) text += s + ' ';
    return text;
  }
  record at(std::size_t i) {
    std::lock_guard lock{mutex_};
    return records_.at(i);
  }
  std::vector<decode_error> errors() {
    std::lock_guard lock{mutex_};
    return errors_;
  }
  std::size_t batches() {
    std::lock_guard lock{mutex_};
    return batches_;
  }
  source& operator*() { return *source_; }
  source* operator->() { return source_.get(); }

private:
  std::unique_ptr<source> source_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
  std::vector<record> records_;
  std::vector<record_batch> kept_; ///< keeps the texts of records_ alive
  std::vector<decode_error> errors_;
  std::size_t batches_ = 0, largest_ = 0;
};

class rv_source_test : public testing::Test {
protected:
  void SetUp() override { start_daemon({}); }

  void start_daemon(rv_daemon_settings settings) {
    auto started = rv_daemon::start(std::move(settings));
    ASSERT_TRUE(started) << started.error().text;
    daemon_ = std::move(*started);
  }

  source_settings settings() const {
    source_settings s;
    s.name = "fab";
    s.kind = "rv";
    s.daemon = daemon_->address();
    s.reconnect_min = 10ms;
    s.reconnect_max = 40ms;
    return s;
  }

  /// A heartbeat of 10.0.0.<n>.
  int publish_status(unsigned n, std::uint64_t up = 90) {
    rv_message_writer w;
    w.address("hostaddr", 0x0a000000 + n);
    w.unsigned_integer("up", up);
    w.text("service", "7500");
    char id[9];
    std::snprintf(id, sizeof id, "%08X", 0x0a000000 + n);
    const auto heard =
        daemon_->publish(std::string{"_RV.INFO.SYSTEM.HOST.STATUS."} + id, w.bytes());
    EXPECT_TRUE(heard);
    return heard.value_or(0);
  }

  /// The daemon lies to the first connection at `at`, then behaves; the source must come back and
  /// listen.
  void recovers_from(rv_behaviour behaviour, rv_source_timing timing, const std::string& said) {
    daemon_->set_behaviour(behaviour);
    watcher w{settings(), timing};
    ASSERT_TRUE(
        daemon_->wait_until([](const rv_daemon_stats& s) { return s.accepted >= 1; }, patience));
    daemon_->set_behaviour({});
    ASSERT_TRUE(daemon_->wait_until_listening(1)) << w->status().detail;
    // The liar's own connection may count as listening until it is dropped.
    ASSERT_TRUE(daemon_->wait_until(
        [](const rv_daemon_stats& s) { return s.accepted >= 2 && s.listening == 1 && s.open == 1; },
        patience))
        << w->status().detail;
    ASSERT_EQ(publish_status(1), 1);
    EXPECT_TRUE(w.wait_for("heartbeat@10.0.0.1")) << w.seen();
    EXPECT_NE(w.seen().find("sight_lost@"), std::string::npos) << w.seen();
    if (!said.empty()) {
      std::string all;
      for (const decode_error& e : w.errors()) all += e.text + '\n';
      EXPECT_NE(all.find(said), std::string::npos) << all;
    }
  }

  std::unique_ptr<rv_daemon> daemon_;
};

inline rv_behaviour lie(rv_step at, rv_lie what) {
  rv_behaviour b;
  b.at = at;
  b.lie = what;
  return b;
}

inline rv_source_timing impatient() { return {2s, 200ms, 200ms, 280s}; }

} // namespace tocsin::test

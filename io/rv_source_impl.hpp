// The insides of rv_source, for its two files: the life of the source, and that of one link.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>

#include "codecs/rv_records.hpp"
#include "codecs/rv_session.hpp"
#include "core/limits.hpp"
#include "io/clock.hpp"
#include "io/rv_socket.hpp"
#include "io/rv_source.hpp"

namespace tocsin {

inline constexpr std::size_t rv_errors_per_poll_max =
    64; ///< kept with their bytes; the rest is counted

class rv_source final : public source {
public:
  using steady = std::chrono::steady_clock;
  static steady::duration steady_span(duration d) {
    return std::chrono::duration_cast<steady::duration>(d);
  }

  rv_source(source_settings settings, std::uint8_t vantage, rv_source_timing timing);
  ~rv_source() override { stop(); }

  void start(source_callbacks callbacks) override;
  void grant(std::size_t batches) override;
  void stop() override;
  source_status status() const override;

private:
  void run();
  result<host_and_port> check_settings() const;
  error run_link(const host_and_port& at);
  result<void> connect(const host_and_port& at);
  result<void> await_connected();
  result<void> exchange(rv_session& session);
  result<void> receive(rv_session& session);
  result<void> transmit(rv_session& session);
  result<void> drain(rv_session& session);
  result<void> check_deadlines(const rv_session& session) const;
  steady::time_point next_deadline(const rv_session& session) const;
  void decode(std::string_view frame, timestamp now);
  void on_listening(const rv_session& session, timestamp now);
  void on_lost(const error& why);
  void say_blind();
  void add_sight(record_kind kind, timestamp now);
  bool hand_on();
  void hand_on_errors();
  void hold();
  void wait_before_retry(const error& why, steady::duration lasted);
  short wait(int fd, short events, steady::time_point deadline);
  void set_state(std::string state, std::string detail);
  void update_counts();

  const rv_source_timing timing_;
  source_settings settings_;
  source_callbacks callbacks_;
  std::thread thread_;
  std::atomic<std::size_t> credit_{0};
  std::atomic<bool> stopping_{false};
  wake_up wake_;
  std::mutex stop_mutex_;

  mutable std::mutex status_mutex_;
  source_status status_;

  // What follows belongs to the thread.
  rv_record_decoder decoder_;
  record_batch pending_;
  std::vector<decode_error> errors_;
  source_status counts_; ///< the numbers only
  file_handle socket_;
  bool listening_ = false, watching_ = false;
  bool listened_before_ = false, blind_said_ = false;
  std::uint64_t frames_ = 0, slow_told_ = 0;
  steady::time_point link_began_, last_frame_, frame_began_;
  bool frame_open_ = false; ///< frame_began_ holds
  duration retry_delay_;
  std::minstd_rand random_;
};

} // namespace tocsin

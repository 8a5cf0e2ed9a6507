// One client of the test daemon: its handshake, its listens and the lies it is told.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "rv_daemon/rv_daemon.hpp"

namespace tocsin::test {

class rv_client {
public:
  using clock = std::chrono::steady_clock;

  rv_client(int fd, int number, rv_behaviour behaviour, const rv_daemon_settings& settings);
  ~rv_client();
  rv_client(const rv_client&) = delete;
  rv_client& operator=(const rv_client&) = delete;

  int fd() const { return fd_; }
  bool gone() const { return fd_ < 0; }
  bool wants_to_write() const { return !output_.empty(); }
  std::size_t waiting() const { return output_.size() - sent_; }
  /// When the next delayed step is due; max = none.
  clock::time_point next_step() const {
    return steps_.empty() ? clock::time_point::max() : steps_.front().due;
  }
  bool is_listening() const { return listening_; }
  const std::string& session() const { return session_; }
  const std::vector<std::string>& patterns() const { return patterns_; }
  std::uint64_t dropped() const { return dropped_; }
  bool hears(std::string_view subject) const;

  /// Reads what is there; `on_data` gets D frames and their subject.
  void read(const std::function<void(std::string_view frame, std::string_view subject)>& on_data);
  void write();
  void run_steps(clock::time_point now);
  /// Queues a message; beyond the consumer limit it is dropped.
  void send(std::string_view frame);
  void send_raw(std::string_view bytes);
  void close(bool reset);

private:
  struct step {
    clock::time_point due;
    rv_step which;
  };

  void plan(rv_step which);
  void take(rv_step which);
  bool tell_lie();
  bool consume(const std::function<void(std::string_view, std::string_view)>& on_data);
  void handle(std::string_view frame,
              const std::function<void(std::string_view, std::string_view)>& on_data);
  void handle_listen(char mtype, std::string_view subject);
  std::string init_answer() const;
  std::string slow_consumer_advisory() const;

  int fd_;
  rv_behaviour behaviour_;
  const rv_daemon_settings& settings_;
  std::string gob_, input_, output_, session_;
  std::size_t sent_ = 0; ///< of output_
  std::vector<std::string> patterns_;
  std::deque<step> steps_;
  rv_step reached_ = rv_step::version;
  std::uint64_t dropped_ = 0, dropped_told_ = 0;
  bool listening_ = false, silent_ = false, saw_version_ = false, saw_options_ = false,
       saw_init_ = false;
};

} // namespace tocsin::test

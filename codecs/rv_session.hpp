// A client's side of one Rendezvous connection as a machine of bytes: no socket, no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/rv_protocol.hpp"

namespace tocsin {

struct rv_session_settings {
  std::string user, service, network;
  std::vector<std::string> listen;
  std::uint64_t unique = 1; ///< makes the session's name if the daemon gives no gob
};

/// Use: read into prepare(), commit(), then next_frame() until it gives nothing; send what output()
/// holds. The buffer grows to one frame and one read, whatever length a frame claims.
class rv_session {
public:
  enum class phase_t { version, options, init, connected, listening };

  explicit rv_session(rv_session_settings settings) : settings_(std::move(settings)) {}

  /// Room for `bytes` more. Invalidates frames given before.
  char* prepare(std::size_t bytes);
  void commit(std::size_t bytes) { end_ += bytes; }

  /// The next whole message of the listening phase; the handshake before it is answered on the way.
  /// Nothing: more bytes are needed. On failure the connection is of no more use. The view lasts
  /// until prepare().
  result<std::optional<std::string_view>> next_frame();

  std::string& output() { return output_; } ///< erase what has been sent
  phase_t phase() const { return phase_; }
  const rv_init_response& daemon() const { return daemon_; } ///< from phase `connected` on
  const std::string& name() const { return name_; }
  std::size_t buffered() const { return end_ - begin_; } ///< bytes of an unfinished record or frame

private:
  result<bool> step_handshake();
  result<bool> step_options();
  result<bool> step_init(std::string_view frame);
  result<void> start_listening();
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }

  rv_session_settings settings_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::string output_, name_;
  rv_init_response daemon_;
  rv_subject_text subject_{};
  phase_t phase_ = phase_t::version;
  int option_records_ = 0;
};

std::string_view to_text(rv_session::phase_t phase); ///< "waiting for ...", for people

} // namespace tocsin

#include "io/peer_connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <system_error>

namespace tocsin {

namespace {
constexpr std::size_t turn_bytes_max = 1 << 20; ///< read of one connection before it is another's turn
constexpr std::size_t length_bytes = sizeof(std::uint32_t);
} // namespace

std::string_view to_text(link_refusal r) {
  constexpr std::array<std::string_view, link_refusals> names{"handshake", "malformed", "too_large", "too_many", "slow"};
  return names[static_cast<std::size_t>(r)];
}

void peer_connection::attach(file_descriptor socket, std::unique_ptr<peer_stream> stream) {
  socket_ = std::move(socket);
  stream_ = std::move(stream);
}

short peer_connection::wants() const {
  if (!socket_.is_open()) return 0;
  if (!open_) return shake_wants_write_ ? POLLOUT : POLLIN;
  int events = 0;
  if (!paused()) events |= POLLIN;
  if (queued() > 0 || read_wants_write_) events |= POLLOUT;
  return static_cast<short>(events);
}

void peer_connection::queue(std::string_view frame) {
  const auto size = static_cast<std::uint32_t>(frame.size());
  std::array<char, length_bytes> head;
  std::memcpy(head.data(), &size, length_bytes);
  out_.append(head.data(), length_bytes).append(frame);
  more_ = open_;
}

void peer_connection::answered() {
  if (unanswered_ > 0) --unanswered_;
  more_ = open_; // what was not read because of it
}

bool peer_connection::advance(link_time now, const std::function<void(std::string&&)>& frame) {
  if (!socket_.is_open()) return true;
  more_ = false;
  if (!open_ && !shake(now)) return false;
  if (!open_) return true;
  if (!take_frames(now, frame)) return false;
  if (!write_some(now)) return false;
  if (paused() || read_some(now)) return take_frames(now, frame);
  const std::string why = why_; // what came before the end counts
  if (!refused_) take_frames(now, frame);
  return over(why);
}

bool peer_connection::shake(link_time now) {
  int failed = 0;
  socklen_t size = sizeof failed;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &failed, &size) != 0 || failed != 0)
    return over(std::generic_category().message(failed));
  switch (stream_->shake()) {
  case stream_state::done: break;
  case stream_state::wants_read: shake_wants_write_ = false; return true;
  case stream_state::wants_write: shake_wants_write_ = true; return true;
  case stream_state::ended: return refuse(link_refusal::handshake, "closed during the handshake");
  case stream_state::failed: return refuse(link_refusal::handshake, "handshake failed: " + stream_->trouble());
  }
  open_ = true;
  heard_ = now;
  return true;
}

bool peer_connection::write_some(link_time now) {
  while (queued() > 0) {
    std::size_t taken = 0;
    const stream_state s = stream_->write(std::string_view{out_}.substr(written_), taken);
    if (s == stream_state::failed || s == stream_state::ended) return over("writing failed: " + stream_->trouble());
    if (s != stream_state::done) {
      if (write_begun_ == link_time{}) write_begun_ = now;
      return true;
    }
    write_begun_ = now; // some of it went
    bytes_out += taken;
    written_ += taken;
  }
  std::string{}.swap(out_); // an answer may have been large
  written_ = 0;
  write_begun_ = {};
  return true;
}

bool peer_connection::read_some(link_time now) {
  std::array<char, 16 << 10> piece;
  read_wants_write_ = false;
  for (std::size_t turn = 0; turn < turn_bytes_max && in_.size() < frame_max_ + length_bytes;) {
    std::size_t got = 0;
    switch (stream_->read(piece.data(), piece.size(), got)) {
    case stream_state::done: break;
    case stream_state::wants_read: return true;
    case stream_state::wants_write: read_wants_write_ = true; return true;
    case stream_state::ended:
      if (!proven() && accepted_) return refuse(link_refusal::handshake, "closed before it said anything");
      return over("the other side closed the connection");
    case stream_state::failed:
      if (!proven()) return refuse(link_refusal::handshake, "handshake failed: " + stream_->trouble());
      return over("reading failed: " + stream_->trouble());
    }
    if (in_.empty()) frame_begun_ = now;
    in_.append(piece.data(), got);
    bytes_in += got;
    turn += got;
    // A length beyond the bound is known by its first bytes: nothing more of it is taken.
    std::uint32_t length = 0;
    if (in_.size() >= length_bytes) std::memcpy(&length, in_.data(), length_bytes);
    if (length > frame_max_) return refuse(link_refusal::too_large, "a frame of " + std::to_string(length) + " bytes, " + std::to_string(frame_max_) + " are allowed");
  }
  more_ = true; // TLS may hold bytes that the socket does not tell of
  return true;
}

bool peer_connection::take_frames(link_time now, const std::function<void(std::string&&)>& frame) {
  std::size_t at = 0;
  bool fine = true;
  while (!paused() && in_.size() - at >= length_bytes) {
    std::uint32_t length = 0;
    std::memcpy(&length, in_.data() + at, length_bytes);
    if (length > frame_max_ || length == 0) {
      fine = refuse(length == 0 ? link_refusal::malformed : link_refusal::too_large, "a frame of " + std::to_string(length) + " bytes");
      break;
    }
    if (in_.size() - at - length_bytes < length) break;
    ++frames_;
    if (accepted_) ++unanswered_;
    heard_ = frame_begun_ = now;
    frame(in_.substr(at + length_bytes, length));
    at += length_bytes + length;
  }
  in_.erase(0, at);
  if (in_.empty()) std::string{}.swap(in_);
  return fine;
}

bool peer_connection::in_time(link_time now) {
  if (!open_ || (accepted_ && !proven())) {
    if (now - opened_ <= limits_.prove_within) return true;
    if (!accepted_) return over("no connection in time");
    return refuse(link_refusal::slow, open_ ? "said nothing in time" : "no handshake in time");
  }
  if (!in_.empty() && !paused() && now - frame_begun_ > limits_.frame_within) return refuse(link_refusal::slow, "a frame was not sent to its end in time");
  if (write_begun_ != link_time{} && now - write_begun_ > limits_.frame_within) return refuse(link_refusal::slow, "does not read what it asked for");
  if (accepted_ && unanswered_ == 0 && queued() == 0 && now - heard_ > limits_.idle_most) return over("idle");
  return true;
}

} // namespace tocsin

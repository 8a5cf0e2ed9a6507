// One connection between nodes: frames of a length and its bytes, with a bound and a deadline for everything.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "io/file_descriptor.hpp"
#include "io/peer_stream.hpp"

namespace tocsin {

using link_time = std::chrono::steady_clock::time_point;

struct link_limits {
  std::size_t connections_max = 128;          ///< accepted ones: twice what the largest cluster opens
  std::size_t unproven_max = 32;              ///< of them without a first frame; the oldest makes room for the next
  std::size_t unanswered_max = 4;             ///< questions of one connection; more are not read
  std::size_t queued_bytes_max = 256 << 20;   ///< to be written, of all connections: some large answers; who lets more wait is cut off
  std::chrono::milliseconds prove_within{5000};   ///< connect, handshake and first frame
  std::chrono::milliseconds frame_within{10'000}; ///< from a frame's first byte to its last, read or written
  std::chrono::milliseconds idle_most{30'000};    ///< nodes say something every second
};

/// Why a connection was closed by us.
enum class link_refusal : std::uint8_t { handshake, malformed, too_large, too_many, slow };
inline constexpr std::size_t link_refusals = 5;
std::string_view to_text(link_refusal r);

class peer_connection {
public:
  /// `accepted`: it brings questions; else we opened it, and it brings answers.
  peer_connection(bool accepted, std::size_t frame_max, link_limits limits, link_time now)
      : accepted_(accepted), frame_max_(frame_max), limits_(limits), opened_(now), heard_(now) {}
  /// The socket may still be connecting.
  void attach(file_descriptor socket, std::unique_ptr<peer_stream> stream);

  int socket() const { return socket_.get(); }
  short wants() const;                     ///< events of poll
  bool more() const { return more_; }      ///< there is something to do without waiting for the socket
  /// False: it is over, and why() says so. Gives every whole frame to `frame`.
  bool advance(link_time now, const std::function<void(std::string&&)>& frame);
  bool in_time(link_time now);             ///< false: it is over
  void queue(std::string_view frame);      ///< to be written
  void answered();                         ///< a question less
  std::size_t queued() const { return out_.size() - written_; }
  bool accepted() const { return accepted_; }
  bool proven() const { return frames_ > 0; }
  link_time opened() const { return opened_; }
  const std::string& why() const { return why_; }
  bool was_refused() const { return refused_; } ///< the other side is at fault
  link_refusal refusal() const { return refusal_; }
  std::uint64_t bytes_in = 0, bytes_out = 0;

private:
  bool over(std::string why) {
    why_ = std::move(why);
    return false;
  }
  bool refuse(link_refusal r, std::string why) {
    refused_ = true;
    refusal_ = r;
    return over(std::move(why));
  }
  bool paused() const { return accepted_ && (unanswered_ >= limits_.unanswered_max || queued() > (1 << 20)); }
  bool shake(link_time now);
  bool write_some(link_time now);
  bool read_some(link_time now);
  bool take_frames(link_time now, const std::function<void(std::string&&)>& frame);

  bool accepted_;
  std::size_t frame_max_;
  link_limits limits_;
  link_time opened_, heard_;            ///< heard_: the last whole frame
  link_time frame_begun_{}, write_begun_{};
  file_descriptor socket_;
  std::unique_ptr<peer_stream> stream_; ///< ends before the socket
  bool open_ = false, more_ = false, read_wants_write_ = false, shake_wants_write_ = true, refused_ = false;
  link_refusal refusal_ = link_refusal::malformed;
  std::string in_, out_, why_;
  std::size_t written_ = 0, unanswered_ = 0;
  std::uint64_t frames_ = 0;
};

} // namespace tocsin

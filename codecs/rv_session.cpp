// A client's side of one Rendezvous connection: handshake, own inbox, listens, frames.
#include "codecs/rv_session.hpp"

#include <cstring>

#include "codecs/rv_bytes.hpp"

namespace tocsin {

namespace {

constexpr int option_records_max = 8; ///< peers need two; a daemon that never agrees is none
constexpr std::uint32_t small_word =
    0xff; ///< first words of handshake records are below; text is not

error not_rendezvous(std::string_view bytes) {
  std::string seen;
  for (const char c : bytes.substr(0, 12)) seen += c >= 0x20 && c < 0x7f ? c : '.';
  return {
      errc::malformed,
      "the other side began with '" + seen +
          "', not as a Rendezvous daemon does; is this the daemon's client port (rvd -listen)?"};
}

std::string hex_text(std::uint64_t value) {
  return host_id_text(static_cast<std::uint32_t>(value >> 32)) +
         host_id_text(static_cast<std::uint32_t>(value));
}

} // namespace

std::string_view to_text(rv_session::phase_t phase) {
  switch (phase) {
  case rv_session::phase_t::version:
    return "waiting for the daemon's version";
  case rv_session::phase_t::options:
    return "waiting for the daemon's options";
  case rv_session::phase_t::init:
    return "waiting for RVD.INITRESP";
  case rv_session::phase_t::connected:
    return "waiting for RVD.CONNECTED";
  case rv_session::phase_t::listening:
    return "listening";
  }
  return "";
}

char* rv_session::prepare(std::size_t bytes) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (buffer_.size() - end_ < bytes) {
    if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (buffer_.size() - end_ < bytes) buffer_.resize(end_ + bytes);
  }
  return buffer_.data() + end_;
}

result<std::optional<std::string_view>> rv_session::next_frame() {
  while (phase_ != phase_t::listening) {
    const auto stepped = step_handshake();
    if (!stepped) return tl::make_unexpected(stepped.error());
    if (!*stepped) return std::nullopt;
  }
  const auto length = rv_frame_length(unread());
  if (!length) return tl::make_unexpected(length.error());
  if (!*length || **length > buffered()) return std::nullopt;
  const std::string_view frame = unread().substr(0, **length);
  begin_ += frame.size();
  return std::optional{frame};
}

/// One record or message of the handshake; false: not there yet.
result<bool> rv_session::step_handshake() {
  if (phase_ == phase_t::version) {
    if (buffered() < rv_version_record_bytes) return false;
    if (read_be<std::uint32_t>(unread().data()) > small_word)
      return tl::make_unexpected(not_rendezvous(unread()));
    begin_ += rv_version_record_bytes;
    output_ += rv_version_record();
    phase_ = phase_t::options;
    return true;
  }
  if (phase_ == phase_t::options) return step_options();
  const auto length = rv_frame_length(unread());
  if (!length) return tl::make_unexpected(length.error());
  if (!*length || **length > buffered()) return false;
  const std::string_view frame = unread().substr(0, **length);
  begin_ += frame.size();
  if (frame.size() == rv_header_bytes) return true; // a ping
  return step_init(frame);
}

result<bool> rv_session::step_options() {
  if (buffered() < rv_option_record_bytes) return false;
  const auto first = read_be<std::uint32_t>(unread().data());
  if (first > small_word) return tl::make_unexpected(not_rendezvous(unread()));
  if (++option_records_ > option_records_max)
    return fail(errc::malformed, "the daemon never agreed on options");
  begin_ += rv_option_record_bytes;
  if (first != static_cast<std::uint32_t>(rv_option_step::agreed)) {
    output_ += rv_option_record(rv_option_step::response);
    return true;
  }
  output_ += write_init({settings_.user, settings_.service, settings_.network, {}});
  phase_ = phase_t::init;
  return true;
}

result<bool> rv_session::step_init(std::string_view frame) {
  const auto envelope = read_envelope(frame, subject_);
  if (!envelope) return tl::make_unexpected(envelope.error());
  if (phase_ == phase_t::init || envelope->subject == "RVD.INITREFUSED") {
    auto answer = read_init_response(*envelope);
    if (!answer) return tl::make_unexpected(std::move(answer.error()));
    daemon_ = std::move(*answer);
    name_ = host_id_text(daemon_.address) + '.' +
            (daemon_.gob.empty() ? hex_text(settings_.unique) : daemon_.gob);
    output_ += write_init({settings_.user, settings_.service, settings_.network, name_});
    phase_ = phase_t::connected;
    return true;
  }
  // Anything before CONNECTED is not for us yet.
  if (envelope->subject != "_RV.INFO.SYSTEM.RVD.CONNECTED") return true;
  if (auto started = start_listening(); !started)
    return tl::make_unexpected(std::move(started.error()));
  phase_ = phase_t::listening;
  return true;
}

result<void> rv_session::start_listening() {
  auto inbox = write_listen('L', "_INBOX." + name_ + ".>");
  if (!inbox) return tl::make_unexpected(std::move(inbox.error()));
  output_ += *inbox;
  for (const std::string& pattern : settings_.listen) {
    auto listen = write_listen('L', pattern);
    if (!listen) return tl::make_unexpected(std::move(listen.error()));
    output_ += *listen;
  }
  return {};
}

} // namespace tocsin

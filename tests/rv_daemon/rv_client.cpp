// One client of the test daemon: handshake step by step, listens, output with a limit.
#include "rv_daemon/rv_client.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "codecs/rv_protocol.hpp"
#include "codecs/rv_writer.hpp"

namespace tocsin::test {

namespace {

std::string advisory_head(std::string_view advisory_class, std::string_view name) {
  rv_message_writer w;
  w.text("ADV_CLASS", advisory_class);
  w.text("ADV_SOURCE", "SYSTEM");
  w.text("ADV_NAME", name);
  return w.take();
}

std::string connected_frame() {
  return *write_data('D', "_RV.INFO.SYSTEM.RVD.CONNECTED", advisory_head("INFO", "RVD.CONNECTED"));
}

} // namespace

rv_client::rv_client(int fd, int number, rv_behaviour behaviour, const rv_daemon_settings& settings)
    : fd_(fd), behaviour_(behaviour), settings_(settings),
      gob_("660C2F5D" + host_id_text(static_cast<std::uint32_t>(number))) {
  plan(rv_step::version);
}

rv_client::~rv_client() { close(false); }

void rv_client::close(bool reset) {
  if (fd_ < 0) return;
  if (reset) {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  ::close(std::exchange(fd_, -1));
  listening_ = false;
  patterns_.clear();
  output_.clear();
  sent_ = 0;
  steps_.clear();
}

bool rv_client::hears(std::string_view subject) const {
  const bool inbox = subject.starts_with("_INBOX.");
  for (const std::string& pattern : patterns_)
    if (pattern.starts_with("_INBOX.") == inbox && subject_matches(pattern, subject)) return true;
  return false;
}

void rv_client::plan(rv_step which) {
  steps_.push_back({clock::now() + behaviour_.step_delay, which});
}

void rv_client::run_steps(clock::time_point now) {
  while (!steps_.empty() && steps_.front().due <= now && !gone()) {
    const rv_step which = steps_.front().which;
    steps_.pop_front();
    take(which);
  }
}

void rv_client::take(rv_step which) {
  if (silent_ || gone()) return;
  reached_ = which;
  if (which == behaviour_.at && tell_lie()) return;
  switch (which) {
  case rv_step::version:
    send_raw(rv_version_record());
    break;
  case rv_step::request:
    send_raw(rv_option_record(rv_option_step::request));
    break;
  case rv_step::agreed:
    send_raw(rv_option_record(rv_option_step::agreed));
    break;
  case rv_step::init_response:
    send_raw(init_answer());
    break;
  case rv_step::connected:
    send_raw(connected_frame());
    break;
  case rv_step::first_listen:
  case rv_step::never:
    break;
  }
}

/// True: nothing else must be said at this step.
bool rv_client::tell_lie() {
  std::string message = connected_frame();
  switch (behaviour_.lie) {
  case rv_lie::none:
    return false;
  case rv_lie::silence:
    silent_ = true;
    break;
  case rv_lie::garbage:
    send_raw("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    break;
  case rv_lie::wrong_magic:
    message[7] = '\x42';
    send_raw(message);
    break;
  case rv_lie::oversized:
    message[0] = '\x7f';
    send_raw(message);
    break;
  case rv_lie::half_frame:
    send_raw(message.substr(0, message.size() / 2));
    silent_ = true;
    break;
  case rv_lie::reset:
    close(true);
    break;
  case rv_lie::close:
    close(false);
    break;
  }
  return true;
}

std::string rv_client::init_answer() const {
  rv_message_writer data;
  if (behaviour_.refuse) {
    data.signed_integer("error", *behaviour_.refuse);
    return *write_data('R', "RVD.INITREFUSED", data.bytes());
  }
  data.address("ipaddr", settings_.host);
  data.port("ipport", static_cast<std::uint16_t>(std::atoi(settings_.service.c_str())));
  data.signed_integer("vmaj", 5);
  data.signed_integer("vmin", 4);
  data.signed_integer("vupd", 2);
  if (behaviour_.with_gob) data.text("gob", gob_);
  return *write_data('R', "RVD.INITRESP", data.bytes());
}

std::string rv_client::slow_consumer_advisory() const {
  rv_message_writer data;
  data.text("ADV_CLASS", "ERROR");
  data.text("ADV_SOURCE", "SYSTEM");
  data.text("ADV_NAME", "CLIENT.SLOWCONSUMER");
  data.unsigned_integer("waiting", 0);
  data.unsigned_integer("dropped", dropped_ - dropped_told_);
  data.text("reason", "size limit");
  return *write_data('A', "_RV.ERROR.SYSTEM.CLIENT.SLOWCONSUMER", data.bytes());
}

void rv_client::read(const std::function<void(std::string_view, std::string_view)>& on_data) {
  char buffer[16 * 1024];
  const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return close(false);
  input_.append(buffer, static_cast<std::size_t>(n));
  while (!gone() && consume(on_data)) {
  }
}

/// Takes one record or message off the input; false: more bytes are needed.
bool rv_client::consume(const std::function<void(std::string_view, std::string_view)>& on_data) {
  if (!saw_version_) {
    if (input_.size() < rv_version_record_bytes) return false;
    input_.erase(0, rv_version_record_bytes);
    saw_version_ = true;
    plan(rv_step::request);
    return true;
  }
  if (!saw_options_) {
    if (input_.size() < rv_option_record_bytes) return false;
    input_.erase(0, rv_option_record_bytes);
    saw_options_ = true;
    plan(rv_step::agreed);
    return true;
  }
  const auto length = rv_frame_length(input_);
  if (!length) {
    close(false);
    return false;
  }
  if (!*length || **length > input_.size()) return false;
  const std::string frame = input_.substr(0, **length);
  input_.erase(0, frame.size());
  if (frame.size() > rv_header_bytes) handle(frame, on_data);
  return true;
}

void rv_client::handle(std::string_view frame,
                       const std::function<void(std::string_view, std::string_view)>& on_data) {
  rv_subject_text buffer;
  const auto envelope = read_envelope(frame, buffer);
  if (!envelope || (!saw_init_ && envelope->mtype != 'I')) return close(false);
  switch (envelope->mtype) {
  case 'I': {
    const auto session = find_field(frame, "session");
    if (session) session_ = session->as_text().value_or("");
    plan(session ? rv_step::connected : rv_step::init_response);
    saw_init_ = true;
    break;
  }
  case 'L':
  case 'C':
    handle_listen(envelope->mtype, envelope->subject);
    break;
  case 'D':
    on_data(frame, envelope->subject);
    break;
  default:
    break;
  }
}

void rv_client::handle_listen(char mtype, std::string_view subject) {
  if (mtype == 'C') {
    const auto at = std::find(patterns_.begin(), patterns_.end(), subject);
    if (at != patterns_.end()) patterns_.erase(at);
    return;
  }
  patterns_.emplace_back(subject);
  if (subject.starts_with("_INBOX.") || listening_) return;
  listening_ = true;
  plan(rv_step::first_listen);
}

void rv_client::send(std::string_view frame) {
  if (gone() || silent_) return;
  if (waiting() + frame.size() > settings_.consumer_bytes_max) {
    ++dropped_;
    return;
  }
  output_ += frame;
}

void rv_client::send_raw(std::string_view bytes) {
  if (!gone()) output_ += bytes;
}

void rv_client::write() {
  while (sent_ < output_.size()) {
    const std::size_t most = behaviour_.one_byte_at_a_time ? 1 : output_.size() - sent_;
    const ssize_t n = ::send(fd_, output_.data() + sent_, most, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n < 0) return close(false);
    sent_ += static_cast<std::size_t>(n);
  }
  // Moving what is left is worth it only when it is the smaller part.
  if (2 * sent_ >= output_.size()) {
    output_.erase(0, sent_);
    sent_ = 0;
  }
  if (output_.empty() && dropped_ > dropped_told_) {
    output_ = slow_consumer_advisory();
    dropped_told_ = dropped_;
  }
}

} // namespace tocsin::test

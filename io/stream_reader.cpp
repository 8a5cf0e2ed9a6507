// One stream of a text source.
#include "io/stream_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "codecs/sample_decoder.hpp"
#include "core/limits.hpp"
#include "io/clock.hpp"

namespace tocsin {

namespace {
// No format has a shorter record: pieces sized by it cannot overfill a batch.
constexpr std::size_t record_bytes_min = 16;
constexpr std::size_t room_min = 64; ///< a batch with less room than this is full

std::unique_ptr<decoder> make_decoder(const source_settings& s) {
  if (s.kind == "tibrvlisten") return make_tibrvlisten_decoder(s.context);
  if (s.kind == "auto") return make_auto_decoder(s.context, s.mapping);
  if (s.kind == "samples") return make_sample_source_decoder(for_path(s.samples, s.address.empty() ? s.path : std::string{}));
  return make_jsonl_decoder(s.context, s.mapping);
}
} // namespace

stream_reader::stream_reader(int descriptor, bool owned, const source_settings& settings,
                             std::string name)
    : owner_(owned ? descriptor : -1), descriptor_(descriptor),
      by_arrival_(settings.time != "message"), samples_(settings.kind == "samples"),
      name_(std::move(name)), decoder_(make_decoder(settings)) {}

timestamp stream_reader::arrived() const { return by_arrival_ ? read_at_ : unset; }

std::size_t stream_reader::read_once() {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(buffer_bytes);
  ssize_t size;
  do size = ::read(descriptor_, buffer_.get(), buffer_bytes);
  while (size < 0 && errno == EINTR);
  read_at_ = wall_clock();
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
  if (size < 0) failure_ = std::generic_category().message(errno);
  if (size <= 0) {
    at_end_ = true;
    return 0;
  }
  begin_ = 0;
  end_ = static_cast<std::size_t>(size);
  return end_;
}

std::size_t stream_reader::work(record_batch& out) {
  const std::size_t size = has_rest() ? 0 : read_once();
  while (begin_ < end_) {
    const std::size_t room =
        limits::batch_records_max - std::min(limits::batch_records_max, out.records.size());
    if (room < room_min) return size;
    const std::size_t piece = samples_ ? end_ - begin_ : std::min(end_ - begin_, room * record_bytes_min);
    decoder_->feed({buffer_.get() + begin_, piece}, arrived(), out);
    begin_ += piece;
  }
  if (at_end_ && !finished_ && out.records.size() + room_min <= limits::batch_records_max) {
    decoder_->finish(arrived(), out);
    finished_ = true;
  }
  return size;
}

} // namespace tocsin

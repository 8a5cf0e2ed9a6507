// One stream of a text source.
#include "io/stream_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/limits.hpp"
#include "io/clock.hpp"

namespace tocsin {

namespace {
// No format has a shorter record: pieces sized by it cannot overfill a batch.
constexpr std::size_t record_bytes_min = 16;
constexpr std::size_t room_min = 64; ///< a batch with less room than this is full
} // namespace

stream_reader::stream_reader(int descriptor, bool owned, const source_settings& settings,
                             std::string name)
    : owner_(owned ? descriptor : -1), descriptor_(descriptor),
      by_arrival_(settings.time != "message"), name_(std::move(name)),
      decoder_(settings.kind == "tibrvlisten"
                   ? make_tibrvlisten_decoder(settings.context)
                   : settings.kind == "auto" ? make_auto_decoder(settings.context, settings.mapping)
                                           : make_jsonl_decoder(settings.context, settings.mapping)) {}

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
    const std::size_t piece = std::min(end_ - begin_, room * record_bytes_min);
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

#include "io/kafka_values.hpp"

#include <algorithm>

#include "codecs/sample_decoder.hpp"

namespace tocsin {

namespace {
constexpr std::size_t pending_bytes_max = 256 * 1024;
constexpr std::size_t errors_kept_max = 1000;

std::string text_of(const log_place& p) {
  return std::string{p.topic} + '/' + std::to_string(p.partition) + '@' + std::to_string(p.offset);
}
} // namespace

kafka_values::kafka_values(const source_settings& s)
    : by_message_(s.time == "message"),
      decoder_(s.gives_samples() ? make_sample_source_decoder(s.samples) : make_jsonl_decoder(s.context, s.mapping)) {}

void kafka_values::add(const log_place& place, std::string_view value, timestamp at, record_batch& out) {
  if (value.empty()) { // a tombstone
    ++ignored_;
    return;
  }
  if (at != at_ || pending_.size() > pending_bytes_max) flush(out);
  at_ = at;
  if (value.back() == '\n') value.remove_suffix(1);
  pieces_.push_back({line_ + 1, place});
  line_ += 1 + static_cast<std::uint64_t>(std::ranges::count(value, '\n'));
  pending_ += value;
  pending_ += '\n';
}

void kafka_values::flush(record_batch& out) {
  if (pending_.empty()) return;
  decoder_->feed(pending_, by_message_ ? unset : at_, out);
  pending_.clear();
  collect_errors();
  pieces_.clear();
}

void kafka_values::collect_errors() {
  const std::uint64_t total = decoder_->error_count();
  if (total == errors_total_) return;
  errors_total_ = total;
  for (decode_error& e : decoder_->take_errors()) {
    if (errors_.size() >= errors_kept_max) break;
    const auto after = std::ranges::upper_bound(pieces_, e.position, {}, &piece::first_line);
    if (after != pieces_.begin()) {
      const log_place& place = std::prev(after)->place;
      e.text = text_of(place) + ": " + e.text;
      e.position = static_cast<std::uint64_t>(place.offset);
    }
    errors_.push_back(std::move(e));
  }
}

std::vector<decode_error> kafka_values::take_errors() { return std::exchange(errors_, {}); }

} // namespace tocsin

#include "io/kafka_values.hpp"

#include <algorithm>
#include <cstring>

#include "codecs/msgpack_json.hpp"
#include "codecs/sample_decoder.hpp"

namespace tocsin {

namespace {
constexpr std::size_t pending_bytes_max = 256 * 1024;
constexpr std::size_t errors_kept_max = 1000, error_bytes_max = 4096;

std::string text_of(const log_place& p) {
  return std::string{p.topic} + '/' + std::to_string(p.partition) + '@' + std::to_string(p.offset);
}
} // namespace

kafka_values::kafka_values(const source_settings& s)
    : encoding_(s.kafka.encoding == "msgpack" ? encoding::msgpack : s.kafka.encoding == "avro" ? encoding::avro : encoding::json),
      by_message_(s.time == "message"),
      decoder_(s.gives_samples() ? make_sample_source_decoder(s.samples) : make_jsonl_decoder(s.context, s.mapping)),
      registry_(s.kafka) {}

bool kafka_values::ready(std::string_view value, std::string& why) {
  if (encoding_ != encoding::avro) return true;
  const auto id = avro_schemas::id_of(value);
  if (!id || schemas_.knows(*id)) return true;
  const auto provided = registry_.provide(*id, schemas_);
  if (provided || provided.error().code != errc::unreachable) return true;
  why = provided.error().text;
  return false;
}

result<void> kafka_values::to_json(std::string_view value) {
  json_.clear();
  if (encoding_ == encoding::msgpack) return msgpack_to_json(value, json_);
  if (const auto id = avro_schemas::id_of(value); id && !schemas_.knows(*id))
    if (auto provided = registry_.provide(*id, schemas_); !provided) return provided;
  return schemas_.to_json(value, json_);
}

void kafka_values::refuse(const log_place& place, const error& why, std::string_view value) {
  ++errors_total_;
  if (errors_.size() < errors_kept_max)
    errors_.push_back({static_cast<std::uint64_t>(place.offset), why.code, text_of(place) + ": " + why.text, std::string{value.substr(0, error_bytes_max)}});
}

void kafka_values::add(const log_place& place, std::string_view value, timestamp at, record_batch& out) {
  if (value.empty()) { // a tombstone
    ++ignored_;
    return;
  }
  if (encoding_ != encoding::json) {
    if (const auto read = to_json(value); !read) return refuse(place, read.error(), value);
    value = json_;
  }
  if (at != at_ || pending_.size() > pending_bytes_max) flush(out);
  at_ = at;
  if (value.back() == '\n') value.remove_suffix(1);
  pieces_.push_back({line_ + 1, place});
  ++line_;
  const char* const end = value.data() + value.size();
  for (const char* p = value.data(); (p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)))); ++p) ++line_;
  pending_ += value;
  pending_ += '\n';
}

void kafka_values::flush(record_batch& out) {
  if (pending_.empty()) return;
  decoder_->feed(pending_, by_message_ ? unset : at_, out);
  pending_.clear();
  collect_errors();
  collect_places(out);
  pieces_.clear();
}

void kafka_values::collect_errors() {
  const std::uint64_t total = decoder_->error_count();
  if (total == decoder_errors_) return;
  errors_total_ += total - decoder_errors_;
  decoder_errors_ = total;
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

void kafka_values::collect_places(record_batch& out) {
  std::size_t at = 0;
  for (std::size_t n = 0; n < lines_.size(); ++n) {
    const line_place& l = lines_[n];
    const std::size_t before = at;
    while (at + 1 < pieces_.size() && pieces_[at + 1].first_line <= l.line) ++at;
    if (n == 0 || at != before) places_.push_back({l.record, pieces_[at].place.offset});
    const std::size_t end = n + 1 < lines_.size() ? lines_[n + 1].record : out.records.size();
    for (std::size_t r = l.record; r < end; ++r) out.records[r].vantage = pieces_[at].place.vantage;
  }
  lines_.clear();
}

std::vector<value_place> kafka_values::take_places() { return std::exchange(places_, {}); }

std::vector<decode_error> kafka_values::take_errors() { return std::exchange(errors_, {}); }

} // namespace tocsin

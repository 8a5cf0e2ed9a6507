#include "codecs/sample_decoder.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include <simdjson.h>

#include "codecs/sample_record.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

constexpr std::size_t padding = simdjson::SIMDJSON_PADDING;

std::string too_long() {
  return "the line is longer than " + std::to_string(limits::json_line_bytes_max) + " bytes and is skipped; write one JSON object per line";
}

/// One line's fields as they were found.
struct found_fields {
  std::string_view equipment, channel, at_text, event;
  double at_number = 0, value = 0;
  std::int64_t at_whole = 0;
  bool has_at = false, has_whole = false, has_value = false;
};

class json_sample_decoder final : public sample_decoder {
public:
  explicit json_sample_decoder(sample_mapping m)
      : mapping_(std::move(m)), unit_(nanoseconds_of(mapping_.at_unit)), parser_(limits::json_line_bytes_max + padding), slow_(mapping_) {}
  void feed(std::string_view bytes, sample_batch& out) override;
  void finish(sample_batch& out) override {
    if (!carry_.empty()) feed("\n", out);
  }
  std::vector<decode_error> take_errors() override { return std::exchange(errors_, {}); }
  std::uint64_t error_count() const override { return total_; }

private:
  void line(const char* p, const char* end, sample_batch& out);
  bool scan(const char* p, const char* end, found_fields& f) const;
  bool scan_number(const char*& p, const char* end, std::string_view key, found_fields& f) const;
  std::string parse(const char* p, const char* end, sample_batch& out);
  std::string take(const found_fields& f, sample_batch& out) const;
  void take_text(std::string_view key, std::string_view text, found_fields& f) const;
  void report(std::string text, std::string_view bytes);

  sample_mapping mapping_;
  std::int64_t unit_;
  simdjson::dom::parser parser_;
  sample_record_reader slow_;
  std::string carry_;
  bool discarding_ = false;
  std::uint64_t line_ = 0, total_ = 0;
  std::vector<decode_error> errors_;
};

void json_sample_decoder::report(std::string text, std::string_view bytes) {
  ++total_;
  if (errors_.size() < sample_errors_kept_max)
    errors_.push_back({line_, errc::malformed, std::move(text), std::string{bytes.substr(0, sample_error_bytes_max)}});
}

void json_sample_decoder::feed(std::string_view bytes, sample_batch& out) {
  if (bytes.empty()) return;
  const std::size_t size = carry_.size() + bytes.size();
  std::shared_ptr<char[]> block{new char[size + padding]};
  std::memcpy(block.get(), carry_.data(), carry_.size());
  std::memcpy(block.get() + carry_.size(), bytes.data(), bytes.size());
  std::memset(block.get() + size, 0, padding);
  carry_.clear();
  const char* p = block.get();
  const char* const end = p + size;
  const std::size_t before = out.samples.size();
  // At least doubled: a batch may be fed line by line.
  if (const std::size_t wanted = before + size / 48 + 8; wanted > out.samples.capacity()) out.samples.reserve(std::max(wanted, out.samples.capacity() * 2));
  slow_.begin();
  while (const char* line_end = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)))) {
    ++line_;
    const std::string_view whole{p, static_cast<std::size_t>(line_end - p)};
    const bool rest_of_one = std::exchange(discarding_, false);
    if (!rest_of_one && whole.size() > limits::json_line_bytes_max) report(too_long(), whole);
    else if (!rest_of_one) line(p, line_end, out);
    p = line_end + 1;
    if (p >= end) break;
  }
  if (out.samples.size() > before) out.bytes.push_back(block);
  const std::string_view rest{p, static_cast<std::size_t>(end - p)};
  if (rest.size() <= limits::json_line_bytes_max) {
    if (!discarding_) carry_ = rest;
    return;
  }
  ++line_;
  if (!discarding_)
    report(too_long(), rest);
  --line_; // counted when its end comes
  discarding_ = true;
}

void json_sample_decoder::line(const char* p, const char* end, sample_batch& out) {
  const char* const begin = p;
  while (end > p && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t')) --end;
  while (p < end && (*p == ' ' || *p == '\t')) ++p;
  if (p == end) return;
  found_fields f;
  std::string why;
  if (scan(p, end, f) && f.event.empty()) why = take(f, out);
  else why = parse(p, end, out);
  if (!why.empty()) report(std::move(why), {begin, static_cast<std::size_t>(end - begin)});
}

void json_sample_decoder::take_text(std::string_view key, std::string_view text, found_fields& f) const {
  if (key == mapping_.channel) f.channel = text;
  else if (key == mapping_.at) f.at_text = text, f.has_at = true;
  else if (!mapping_.equipment.empty() && key == mapping_.equipment) f.equipment = text;
  else if (key == mapping_.event) f.event = text;
}

bool json_sample_decoder::scan_number(const char*& p, const char* end, std::string_view key, found_fields& f) const {
  if (key == mapping_.at) {
    const auto [rest, ec] = std::from_chars(p, end, f.at_whole);
    if (ec == std::errc{} && rest < end && (*rest == ',' || *rest == '}')) {
      f.has_at = f.has_whole = true;
      p = rest;
      return true;
    }
  }
  double number;
  const auto [rest, ec] = std::from_chars(p, end, number);
  if (ec != std::errc{} || rest == p || !(*p == '-' || (*p >= '0' && *p <= '9'))) return false;
  p = rest;
  if (key == mapping_.value) f.value = number, f.has_value = true;
  else if (key == mapping_.at) f.at_number = number, f.has_at = true;
  else if (key == mapping_.event) return false;
  return true;
}

/// A flat object of plain texts and numbers, without blanks. False: something else, or broken.
bool json_sample_decoder::scan(const char* p, const char* end, found_fields& f) const {
  if (*p++ != '{') return false;
  const auto text = [&](std::string_view& into) {
    if (p >= end || *p != '"') return false;
    const char* const from = ++p;
    while (p < end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) - 0x20u < 0x60u) ++p;
    if (p >= end || *p != '"') return false;
    into = {from, static_cast<std::size_t>(p++ - from)};
    return true;
  };
  for (;;) {
    std::string_view key;
    if (!text(key) || p >= end || *p++ != ':' || p >= end) return false;
    if (*p == '"') {
      std::string_view value;
      if (!text(value)) return false;
      take_text(key, value, f);
    } else if (!scan_number(p, end, key, f)) {
      return false;
    }
    if (p >= end) return false;
    if (*p == '}') return p + 1 == end;
    if (*p++ != ',') return false;
  }
}

/// Whatever is good JSON; the text says what is wrong.
std::string json_sample_decoder::parse(const char* p, const char* end, sample_batch& out) {
  simdjson::dom::element root;
  if (const auto error = parser_.parse(p, static_cast<std::size_t>(end - p), true).get(root))
    return std::string{"no JSON: "} + simdjson::error_message(error) + "; write one object per line";
  simdjson::dom::object fields;
  if (root.get(fields)) return "not a JSON object; write one object per line";
  return slow_.take(fields, out);
}

/// Empty, or why it is no sample.
std::string json_sample_decoder::take(const found_fields& f, sample_batch& out) const {
  if (!f.has_at) return "no time: field '" + mapping_.at + "' is missing or neither number nor text; add it, or map another";
  if (!f.has_value) return "no value: field '" + mapping_.value + "' is missing or no number; add it, or map another";
  if (f.channel.empty()) return "no channel: field '" + mapping_.channel + "' is missing or empty; add it, or map another";
  if (!std::isfinite(f.value)) return "the value is not finite; leave such samples out";
  sample s{};
  const auto at = !f.at_text.empty() ? time_of(f.at_text, unit_) : f.has_whole ? time_of(f.at_whole, unit_) : time_of(f.at_number, unit_);
  if (!at) return at.error().text;
  s.at = *at;
  s.value = f.value;
  if (const char* why = name_sample(f.equipment, f.channel, mapping_.equipment.empty(), s)) return why;
  out.samples.push_back(s);
  return {};
}

} // namespace

std::unique_ptr<sample_decoder> make_sample_decoder(sample_mapping mapping) {
  if (mapping.format == "csv") return make_csv_sample_decoder(std::move(mapping));
  return std::make_unique<json_sample_decoder>(std::move(mapping));
}

} // namespace tocsin

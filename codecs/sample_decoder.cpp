#include "codecs/sample_decoder.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include <simdjson.h>

#include "core/limits.hpp"

namespace tocsin {

namespace {

constexpr std::size_t errors_kept_max = 1000, error_bytes_max = 4096;
constexpr std::size_t padding = simdjson::SIMDJSON_PADDING;

/// One line's fields as they were found.
struct found_fields {
  std::string_view equipment, channel, at_text;
  double at_number = 0, value = 0;
  std::int64_t at_whole = 0;
  bool has_at = false, has_whole = false, has_value = false;
};

class json_sample_decoder final : public sample_decoder {
public:
  explicit json_sample_decoder(sample_mapping m) : mapping_(std::move(m)), parser_(limits::json_line_bytes_max + padding) {
    if (mapping_.at_unit == "ms") unit_ = 1'000'000;
    else if (mapping_.at_unit == "us") unit_ = 1'000;
    else if (mapping_.at_unit == "ns") unit_ = 1;
  }
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
  std::string parse(const char* p, const char* end, sample_batch& out, found_fields& f);
  std::string take(const found_fields& f, sample_batch& out) const;
  void take_text(std::string_view key, std::string_view text, found_fields& f) const;
  void report(std::string text, std::string_view bytes);

  sample_mapping mapping_;
  simdjson::dom::parser parser_;
  std::int64_t unit_ = 1'000'000'000;
  std::string carry_;
  bool discarding_ = false;
  std::uint64_t line_ = 0, total_ = 0;
  std::vector<decode_error> errors_;
};

void json_sample_decoder::report(std::string text, std::string_view bytes) {
  ++total_;
  if (errors_.size() < errors_kept_max)
    errors_.push_back({line_, errc::malformed, std::move(text), std::string{bytes.substr(0, error_bytes_max)}});
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
  out.samples.reserve(before + size / 48 + 8);
  while (const char* line_end = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)))) {
    ++line_;
    if (!std::exchange(discarding_, false)) line(p, line_end, out);
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
    report("the line is longer than " + std::to_string(limits::json_line_bytes_max) + " bytes and is skipped; write one JSON object per line", rest);
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
  if (!scan(p, end, f)) why = parse(p, end, out, f = {});
  if (why.empty()) why = take(f, out);
  if (!why.empty()) report(std::move(why), {begin, static_cast<std::size_t>(end - begin)});
}

void json_sample_decoder::take_text(std::string_view key, std::string_view text, found_fields& f) const {
  if (key == mapping_.channel) f.channel = text;
  else if (key == mapping_.at) f.at_text = text, f.has_at = true;
  else if (!mapping_.equipment.empty() && key == mapping_.equipment) f.equipment = text;
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
std::string json_sample_decoder::parse(const char* p, const char* end, sample_batch& out, found_fields& f) {
  simdjson::dom::element root;
  if (const auto error = parser_.parse(p, static_cast<std::size_t>(end - p), true).get(root))
    return std::string{"no JSON: "} + simdjson::error_message(error) + "; write one object per line";
  simdjson::dom::object fields;
  if (root.get(fields)) return "not a JSON object; write one object per line";
  for (const auto [key, value] : fields) {
    std::string_view text;
    std::int64_t whole;
    double number;
    if (!value.get(text)) {
      std::shared_ptr<char[]> copy{new char[text.size() + 1]}; // the parser's own text goes with the next line
      std::memcpy(copy.get(), text.data(), text.size());
      take_text(key, {copy.get(), text.size()}, f);
      out.bytes.push_back(std::move(copy));
    } else if (key == mapping_.at && !value.get(whole)) {
      f.at_whole = whole, f.has_at = f.has_whole = true;
    } else if (!value.get(number)) {
      if (key == mapping_.value) f.value = number, f.has_value = true;
      else if (key == mapping_.at) f.at_number = number, f.has_at = true;
    }
  }
  return {};
}

/// Empty, or why it is no sample.
std::string json_sample_decoder::take(const found_fields& f, sample_batch& out) const {
  constexpr double latest = 9.2e9; // seconds; nanoseconds must fit
  sample s{};
  if (!f.has_at) return "no time: field '" + mapping_.at + "' is missing or neither number nor text; add it, or map another";
  if (!f.has_value) return "no value: field '" + mapping_.value + "' is missing or no number; add it, or map another";
  if (f.channel.empty()) return "no channel: field '" + mapping_.channel + "' is missing or empty; add it, or map another";
  if (!std::isfinite(f.value)) return "the value is not finite; leave such samples out";
  if (!f.at_text.empty()) {
    const auto at = parse_rfc3339(f.at_text);
    if (!at) return at.error().text;
    s.at = *at;
  } else {
    const double seconds = (f.has_whole ? static_cast<double>(f.at_whole) : f.at_number) * static_cast<double>(unit_) * 1e-9;
    if (!(seconds > 0 && seconds < latest)) return "the time is not after 1970 and before 2261; is at_unit right?";
    s.at = f.has_whole ? timestamp{duration{f.at_whole * unit_}}
                       : timestamp{std::chrono::duration_cast<duration>(std::chrono::duration<double>{seconds})};
  }
  s.value = f.value;
  s.channel = f.channel;
  s.equipment = f.equipment;
  if (mapping_.equipment.empty()) {
    const auto dot = f.channel.find('.');
    s.equipment = f.channel.substr(0, dot);
    if (dot != std::string_view::npos) s.channel = f.channel.substr(dot + 1);
  }
  if (s.equipment.empty() || s.channel.empty()) return "no equipment: neither a field of its own nor a part of the channel before a dot";
  if (s.equipment.size() > limits::host_bytes_max || s.channel.size() > limits::host_bytes_max) return "the name is longer than any that is kept";
  s.key_hash = hash_key(s.equipment, s.channel);
  out.samples.push_back(s);
  return {};
}

class sample_source_decoder final : public decoder {
public:
  explicit sample_source_decoder(sample_mapping m) : inner_(make_sample_decoder(std::move(m))) {}
  void feed(std::string_view bytes, timestamp, record_batch& out) override {
    sample_batch b;
    b.samples.swap(out.samples);
    b.bytes.swap(out.bytes);
    inner_->feed(bytes, b);
    give(b, out);
  }
  void finish(timestamp, record_batch& out) override {
    sample_batch b;
    b.samples.swap(out.samples);
    b.bytes.swap(out.bytes);
    inner_->finish(b);
    give(b, out);
  }

private:
  void give(sample_batch& b, record_batch& out) {
    out.samples.swap(b.samples);
    out.bytes.swap(b.bytes);
    for (decode_error& e : inner_->take_errors()) report(e.position, e.code, std::move(e.text), e.bytes);
  }
  std::unique_ptr<sample_decoder> inner_;
};

} // namespace

std::unique_ptr<decoder> make_sample_source_decoder(sample_mapping mapping) {
  return std::make_unique<sample_source_decoder>(std::move(mapping));
}

std::unique_ptr<sample_decoder> make_sample_decoder(sample_mapping mapping) {
  return std::make_unique<json_sample_decoder>(std::move(mapping));
}

} // namespace tocsin

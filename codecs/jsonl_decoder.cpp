#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include <simdjson.h>

#include "codecs/advisory.hpp"
#include "codecs/decoder.hpp"
#include "codecs/json_layout.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

constexpr std::size_t padding = simdjson::SIMDJSON_PADDING;
constexpr std::size_t layouts_max = 4; ///< a stream may mix a few kinds of lines
constexpr std::size_t depth_max = 16;
constexpr unsigned misses_before_rest = 64; ///< lines in a row that fit no layout before learning is made rare

class jsonl_decoder final : public decoder {
public:
  jsonl_decoder(decode_context context, const json_mapping& mapping)
      : mapping_(mapping), uses_(mapping), builder_(std::move(context)), parser_(limits::json_line_bytes_max + padding) {}

  void feed(std::string_view bytes, timestamp arrived, record_batch& out) override {
    if (bytes.empty()) return;
    if (discarding_) {
      const auto line_end = bytes.find('\n');
      if (line_end == std::string_view::npos) return;
      bytes.remove_prefix(line_end + 1);
      discarding_ = false;
      ++line_;
    }
    const std::size_t size = carry_.size() + bytes.size();
    // One copy of what was read; the records' texts are views into it.
    std::shared_ptr<char[]> block{new char[size + padding]};
    std::memcpy(block.get(), carry_.data(), carry_.size());
    if (!bytes.empty()) std::memcpy(block.get() + carry_.size(), bytes.data(), bytes.size());
    std::memset(block.get() + size, 0, padding);
    carry_.clear();
    service_ = out.keep(builder_.context().service);
    network_ = out.keep(builder_.context().network);
    const char* p = block.get();
    const char* const end = p + size;
    // At least doubled: a batch may be fed line by line.
    if (const std::size_t wanted = out.records.size() + size / line_bytes_ + 8; wanted > out.records.capacity())
      out.records.reserve(std::max(wanted, out.records.capacity() * 2));
    const std::size_t before = out.records.size();
    while (const char* line_end = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)))) {
      const std::size_t had = out.records.size();
      line(p, line_end, arrived, out);
      if (lines_ && out.records.size() > had) lines_->push_back({line_, static_cast<std::uint32_t>(had)});
      p = line_end + 1;
      if (p >= end) break;
    }
    if (const std::size_t got = out.records.size() - before; got > 8) line_bytes_ = std::max<std::size_t>(32, size / got);
    if (out.records.size() > before) out.bytes.push_back(std::move(block));
    keep_rest({p, static_cast<std::size_t>(end - p)});
  }

  void finish(timestamp arrived, record_batch& out) override {
    if (carry_.empty()) return;
    const std::string last = std::exchange(carry_, {}) + "\n";
    feed(last, arrived, out);
  }

private:
  void keep_rest(std::string_view rest) {
    if (rest.size() > limits::json_line_bytes_max) {
      ++line_;
      report(line_, errc::too_large, "the line is longer than " + std::to_string(limits::json_line_bytes_max) +
                                         " bytes and is skipped; write one JSON object per line", rest);
      --line_; // counted when its end comes
      discarding_ = true;
      return;
    }
    carry_ = rest;
  }

  void line(const char* p, const char* end, timestamp arrived, record_batch& out) {
    ++line_;
    if (end > p && end[-1] == '\r') --end;
    if (line_ == 1 && end - p >= 3 && std::memcmp(p, "\xef\xbb\xbf", 3) == 0) p += 3;
    for (std::size_t i = 0; i < layouts_.size(); ++i) {
      const std::size_t n = (likely_ + i) % layouts_.size();
      record& r = out.records.emplace_back();
      if (layouts_[n].read(p, end, unit_, r) && finish_fast(r, arrived)) {
        likely_ = n;
        misses_ = 0;
        return;
      }
      out.records.pop_back();
    }
    general({p, static_cast<std::size_t>(end - p)}, arrived, out);
  }

  /// What a heartbeat line does not say itself. False: better left to the general parser.
  bool finish_fast(record& r, timestamp arrived) {
    if (r.host.empty() || r.host.size() > limits::host_bytes_max || r.version.size() > limits::label_bytes_max ||
        r.network.size() > limits::label_bytes_max || r.service.size() > limits::label_bytes_max)
      return false;
    if (r.service.empty()) r.service = service_;
    if (r.network.empty()) r.network = network_;
    r.vantage = builder_.context().vantage;
    r.key_hash = hash_key(r.host, r.service);
    set_time(r, arrived, r.at);
    return true;
  }

  void set_time(record& r, timestamp arrived, timestamp said) {
    if (arrived != unset) {
      r.at = arrived;
      r.timed_by = time_source::arrival;
    } else if (said != unset) {
      r.at = said;
      r.timed_by = time_source::log;
    } else {
      r.at = r.sent_at != unset ? r.sent_at : previous_;
      r.timed_by = time_source::message;
    }
    previous_ = r.at;
  }

  void general(std::string_view text, timestamp arrived, record_batch& out) {
    if (text.find_first_not_of(" \t") == std::string_view::npos) return;
    if (text.size() > limits::json_line_bytes_max) {
      report(line_, errc::too_large, "the line is longer than " + std::to_string(limits::json_line_bytes_max) +
                                         " bytes; write one JSON object per line", text);
      return;
    }
    element root;
    if (const auto problem = parser_.parse(text.data(), text.size()).get(root)) {
      report(line_, errc::malformed, std::string{"no JSON: "} + simdjson::error_message(problem) + "; write one object per line", text);
      return;
    }
    object whole;
    if (root.get(whole)) {
      report(line_, errc::malformed, "a JSON value, but no object; write {\"at\":…,\"subject\":…,\"message\":{…}}", text);
      return;
    }
    if (!begin(whole, text)) return;
    timestamp said = unset;
    std::string path;
    visit(whole, path, said, text, 0);
    record* r = builder_.end(out);
    const auto trouble = builder_.take_problem();
    if (trouble) report(line_, trouble->code, trouble->text, text);
    if (!r) {
      if (!trouble) report(line_, errc::missing, "no host: neither a hostaddr field nor a host id in the subject", text);
      return;
    }
    set_time(*r, arrived, said);
    learn(text, *r);
  }

  /// Finds out what the line is about. False: nothing for us.
  bool begin(const object& whole, std::string_view text) {
    if (mapping_.subject.empty()) {
      heartbeat_ = true;
      builder_.begin(record_kind::heartbeat);
      return true;
    }
    std::string_view subject;
    element found;
    if (!find(whole, mapping_.subject, found) || found.get(subject)) {
      report(line_, errc::missing, "no text at '" + mapping_.subject + "'; name the key with formats.jsonl.subject, or \"\" when every line is a heartbeat", text);
      return false;
    }
    heartbeat_ = classify_subject(subject).gives == record_kind::heartbeat;
    if (builder_.begin(subject)) return true;
    ++ignored_total_;
    return false;
  }

  /// A house's flat heartbeat may have a "host" of its own, which is not the other side of a loss.
  static bool of_advisories_only(advisory_field f) {
    return f == advisory_field::host || f == advisory_field::scid || f == advisory_field::lost;
  }

  static bool find(object in, std::string_view path, element& into) {
    for (;;) {
      const auto dot = path.find('.');
      if (in[path.substr(0, dot)].get(into)) return false;
      if (dot == std::string_view::npos) return true;
      if (into.get(in)) return false;
      path.remove_prefix(dot + 1);
    }
  }

  void visit(const object& o, std::string& path, timestamp& said, std::string_view text, std::size_t depth) {
    if (depth > depth_max) return;
    for (const auto field : o) {
      const std::size_t before = path.size();
      if (!path.empty()) path += '.';
      path += field.key;
      object inner;
      if (!field.value.get(inner)) {
        visit(inner, path, said, text, depth + 1);
      } else {
        const json_use use = uses_.of(path);
        if (use.role == json_role::at) read_at(field.value, said, text);
        else if (use.role == json_role::field && !(heartbeat_ && of_advisories_only(use.field))) give(use.field, field.value);
      }
      path.resize(before);
    }
  }

  void read_at(const element& value, timestamp& said, std::string_view text) {
    std::string_view written;
    double number;
    if (!value.get(written)) {
      if (auto t = parse_rfc3339(written)) said = *t;
      else report(line_, errc::malformed, "'" + mapping_.at + "': " + t.error().text, text);
      return;
    }
    std::int64_t whole;
    if (!value.get(whole) && std::abs(static_cast<double>(whole)) < 9.2e18 / static_cast<double>(unit_)) {
      said = from_nanoseconds(whole * static_cast<std::int64_t>(unit_));
    } else if (!value.get(number) && std::abs(number) < 9.2e18 / static_cast<double>(unit_)) {
      // A double holds Unix seconds to the microsecond; finer digits would be invented.
      const double steps = std::max(1.0, static_cast<double>(unit_) / 1000.0);
      said = from_nanoseconds(std::llround(number * steps) * (static_cast<std::int64_t>(unit_) / static_cast<std::int64_t>(steps)));
    } else {
      report(line_, errc::invalid, "'" + mapping_.at + "' is neither RFC 3339 nor a number of the unit '" + mapping_.at_unit + "' within range", text);
    }
  }

  void give(advisory_field f, const element& value) {
    switch (value.type()) {
    case element_type::UINT64:
      builder_.number(f, value.get_uint64());
      break;
    case element_type::INT64: {
      const std::int64_t v = value.get_int64();
      if (v < 0) builder_.negative(f, v);
      else builder_.number(f, static_cast<std::uint64_t>(v));
      break;
    }
    case element_type::DOUBLE:
      builder_.real(f, value.get_double());
      break;
    case element_type::STRING:
      give_text(f, value.get_string());
      break;
    case element_type::NULL_VALUE:
      break;
    default:
      builder_.wrong(f, "of a type that cannot hold it");
    }
  }

  /// Houses write numbers as text now and then.
  void give_text(advisory_field f, std::string_view text) {
    std::uint64_t number = 0;
    const bool is_counter = f <= advisory_field::lost || f == advisory_field::scid;
    if (!is_counter) {
      builder_.text(f, text);
      return;
    }
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec == std::errc{} && end == text.data() + text.size()) builder_.number(f, number);
    else builder_.wrong(f, "text that is no whole number");
  }

  void learn(std::string_view text, const record& r) {
    if (r.kind != record_kind::heartbeat) return;
    if (++misses_ > misses_before_rest && misses_ % misses_before_rest != 0) return;
    json_layout fresh;
    if (!fresh.learn(text, uses_)) return;
    if (layouts_.size() < layouts_max) layouts_.push_back(std::move(fresh));
    else layouts_[replace_++ % layouts_max] = std::move(fresh);
  }

  static json_layout::time_unit unit_of(const std::string& name) {
    using unit = json_layout::time_unit;
    return name == "ms" ? unit::ms : name == "us" ? unit::us : name == "ns" ? unit::ns : unit::s;
  }

  json_mapping mapping_;
  json_uses uses_;
  json_layout::time_unit unit_ = unit_of(mapping_.at_unit);
  advisory_builder builder_;
  simdjson::dom::parser parser_;
  std::vector<json_layout> layouts_;
  std::size_t likely_ = 0, replace_ = 0;
  unsigned misses_ = 0;
  std::string_view service_, network_; ///< the context's, kept by the batch being filled
  std::string carry_;
  bool discarding_ = false;
  bool heartbeat_ = false; ///< what the present line is about
  std::uint64_t line_ = 0;
  std::size_t line_bytes_ = 256;
  timestamp previous_ = from_nanoseconds(0);
};

} // namespace

std::unique_ptr<decoder> make_jsonl_decoder(decode_context context, json_mapping mapping) {
  return std::make_unique<jsonl_decoder>(std::move(context), mapping);
}

} // namespace tocsin

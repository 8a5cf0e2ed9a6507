// What all forms of sensor records share: times, names, and texts that live as long as their batch.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/decoder.hpp"
#include "core/equipment/sample.hpp"
#include "core/limits.hpp"
#include "core/record.hpp"

namespace tocsin {

inline constexpr std::size_t pack_values_max = 100'000;   ///< readings of one record: 100 s at 1 kHz
inline constexpr std::size_t pack_channels_max = 10'000;  ///< channels of one record: more is a mistake
inline constexpr std::size_t event_text_bytes_max = 256;  ///< of an alarm's text; what is longer is cut
inline constexpr std::size_t sample_errors_kept_max = 1000, sample_error_bytes_max = 4096;

/// Many short texts in few blocks, each kept by the batch that was begun.
class batch_texts {
public:
  void begin() { left_ = 0; }
  std::string_view keep(std::string_view text, sample_batch& batch) {
    if (text.empty()) return {};
    constexpr std::size_t block = 4096;
    if (text.size() > left_) {
      left_ = text.size() > block ? text.size() : block;
      std::shared_ptr<char[]> fresh{new char[left_]};
      free_ = fresh.get();
      batch.bytes.push_back(std::move(fresh));
    }
    std::memcpy(free_, text.data(), text.size());
    const std::string_view kept{free_, text.size()};
    free_ += text.size();
    left_ -= text.size();
    return kept;
  }

private:
  char* free_ = nullptr;
  std::size_t left_ = 0;
};

/// Nanoseconds of `at_unit`; auto is seconds.
std::int64_t nanoseconds_of(const std::string& at_unit);
/// After 1970 and before 2261, else errc::invalid with the remedy.
result<timestamp> time_of(std::int64_t whole, std::int64_t unit);
result<timestamp> time_of(double number, std::int64_t unit);
/// RFC 3339, or digits as a number.
result<timestamp> time_of(std::string_view text, std::int64_t unit);

inline std::string_view without_blanks(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}
const char* wrong_name(const sample& s);
/// Fills equipment, channel and key of `s`, without blanks around them; `split`: the unit is the channel's part before its
/// first dot. Null, or why they are no names.
inline const char* name_sample(std::string_view equipment, std::string_view channel, bool split, sample& s) {
  s.channel = channel;
  s.equipment = equipment;
  if (split) {
    const auto dot = channel.find('.');
    s.equipment = channel.substr(0, dot);
    if (dot != std::string_view::npos) s.channel = channel.substr(dot + 1);
  }
  s.equipment = without_blanks(s.equipment);
  s.channel = without_blanks(s.channel);
  if (s.equipment.empty() || s.channel.empty() || s.equipment.size() > limits::host_bytes_max || s.channel.size() > limits::host_bytes_max)
    return wrong_name(s);
  s.key_hash = hash_key(s.equipment, s.channel);
  return nullptr;
}

/// A field of an event, as text or number.
struct event_fields {
  std::string_view equipment, kind, module, state, task, name, text, recipe, step, lot, wafer;
  bool has_at = false, has_value = false;
  timestamp at{};
  double value = 0;
};
/// The member for one of our names; null for others.
std::string_view* field_of(event_fields& f, std::string_view our_name);
/// Appends the event to `out`, its texts kept there. Empty, or why it is none.
std::string take_event(const event_fields& f, batch_texts& texts, sample_batch& out);

} // namespace tocsin

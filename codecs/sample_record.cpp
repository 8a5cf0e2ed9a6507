#include "codecs/sample_record.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <deque>

namespace tocsin {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string_view text_in(const object& fields, const std::string& name) {
  std::string_view text;
  if (name.empty() || fields.at_key(name).get(text)) return {};
  return text;
}

std::string wrong_part(std::size_t bad, std::size_t of, const std::string& first) {
  return std::to_string(bad) + " of " + std::to_string(of) + " readings are no finite numbers, first " + first + "; the others are taken";
}

} // namespace

result<timestamp> sample_record_reader::time(const object& fields) const {
  element at;
  std::string_view text;
  std::int64_t whole;
  double number;
  if (!fields.at_key(mapping_.at).get(at)) {
    if (!at.get(text)) return time_of(text, unit_);
    if (!at.get(whole)) return time_of(whole, unit_);
    if (!at.get(number)) return time_of(number, unit_);
  }
  return fail(errc::missing, "no time: field '" + mapping_.at + "' is missing or neither number nor text; add it, or map another");
}

result<duration> sample_record_reader::period(const object& fields) const {
  double number;
  std::string_view text;
  duration found{};
  if (!fields.at_key(mapping_.period).get(number)) {
    found = from_seconds(number);
  } else if (!fields.at_key(mapping_.period).get(text)) {
    const auto parsed = parse_duration(text);
    if (!parsed) return parsed;
    found = *parsed;
  } else if (!fields.at_key(mapping_.rate).get(number) && number > 0) {
    found = from_seconds(1 / number);
  }
  if (found < 1us || found > 24h)
    return fail(errc::missing, "no period: the readings of '" + mapping_.values + "' need '" + mapping_.period + "' in seconds or '" + mapping_.rate +
                                   "', from 1 us to a day apart");
  return found;
}

std::string sample_record_reader::name(std::string_view equipment, std::string_view channel, sample& s, sample_batch& out) {
  if (const char* why = name_sample(equipment, channel, mapping_.equipment.empty() && equipment.empty(), s)) return why;
  s.equipment = texts_.keep(s.equipment, out);
  s.channel = texts_.keep(s.channel, out);
  return {};
}

std::string sample_record_reader::take(const object& fields, sample_batch& out) {
  element of;
  if (!mapping_.event.empty() && !fields.at_key(mapping_.event).get(of)) return take_event_of(fields, out);
  const auto at = time(fields);
  if (!at) return at.error().text;
  const std::string_view equipment = text_in(fields, mapping_.equipment);
  object channels;
  if (!fields.at_key(mapping_.channels).get(channels)) {
    const std::string_view unit = equipment.empty() && mapping_.equipment.empty() ? text_in(fields, "equipment") : equipment;
    return take_channels(channels, fields, unit, *at, out);
  }
  const std::string_view channel = text_in(fields, mapping_.channel);
  array values;
  const bool packed = !fields.at_key(mapping_.values).get(values);
  if (!packed && fields.at_key(mapping_.value).get(of))
    return "no value: field '" + mapping_.value + "' is missing or no number; add it, or map another";
  if (channel.empty()) return "no channel: field '" + mapping_.channel + "' is missing or empty; add it, or map another";
  sample s{};
  s.at = *at;
  if (auto why = name(equipment, channel, s, out); !why.empty()) return why;
  return packed ? take_values(values, fields, s, out) : take_one(of, s, out);
}

std::string sample_record_reader::take_one(const element& value, sample s, sample_batch& out) const {
  if (value.get(s.value)) return "no value: field '" + mapping_.value + "' is missing or no number; add it, or map another";
  if (!std::isfinite(s.value)) return "the value is not finite; leave such samples out";
  out.samples.push_back(s);
  return {};
}

/// The i-th value is i periods after the record's time; null = no reading then.
std::string sample_record_reader::take_values(const array& values, const object& fields, sample s, sample_batch& out) const {
  const std::size_t count = values.size(); // saturates far above our bound
  if (count > pack_values_max)
    return std::to_string(count) + " readings in one record; write at most " + std::to_string(pack_values_max);
  const auto apart = period(fields);
  if (!apart) return apart.error().text;
  if (to_seconds(s.at.time_since_epoch()) + to_seconds(*apart) * static_cast<double>(count) >= 9.2e9) return "the pack ends after 2261; is the period right?";
  const timestamp from = s.at;
  std::size_t i = 0, bad = 0;
  std::string first;
  for (const element value : values) {
    s.at = from + *apart * static_cast<std::int64_t>(i);
    if (!value.is_null() && (value.get(s.value) || !std::isfinite(s.value))) {
      if (bad++ == 0) first = "the " + std::to_string(i + 1) + ".";
    } else if (!value.is_null()) {
      out.samples.push_back(s);
    }
    ++i;
  }
  return bad == 0 ? std::string{} : wrong_part(bad, count, first);
}

std::string sample_record_reader::take_channels(const object& channels, const object& fields, std::string_view equipment, timestamp at,
                                                sample_batch& out) {
  if (channels.size() > pack_channels_max)
    return std::to_string(channels.size()) + " channels in one record; write at most " + std::to_string(pack_channels_max);
  std::size_t bad = 0, all = 0;
  std::string first;
  for (const auto [channel, value] : channels) {
    ++all;
    if (value.is_null()) continue;
    sample s{};
    s.at = at;
    std::string why = name(equipment, channel, s, out);
    array values;
    if (why.empty() && !value.get(values)) why = take_values(values, fields, s, out);
    else if (why.empty()) why = take_one(value, s, out);
    if (!why.empty() && bad++ == 0) first = "'" + std::string{channel.substr(0, 64)} + "' (" + why + ")";
  }
  if (all == 0) return "no channel: '" + mapping_.channels + "' is empty";
  return bad == 0 ? std::string{} : std::to_string(bad) + " of " + std::to_string(all) + " channels cannot be used, first " + first;
}

std::string sample_record_reader::take_event_of(const object& fields, sample_batch& out) {
  event_fields f;
  std::deque<std::string> numbers; // as texts: a wafer may be written as 12
  const auto text_of = [&](const element& value) -> std::string_view {
    std::string_view text;
    double number;
    if (!value.get(text)) return text;
    if (value.get(number)) return {};
    std::array<char, 32> digits;
    numbers.emplace_back(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
    return numbers.back();
  };
  for (const auto [key, value] : fields) {
    std::string_view ours = key;
    for (const auto& [name, house] : mapping_.event_fields)
      if (house == key) ours = name;
    if (key == mapping_.at) {
      const auto at = time(fields);
      if (!at) return at.error().text;
      f.at = *at;
      f.has_at = true;
    } else if (key == mapping_.event) {
      f.kind = text_of(value);
    } else if (key == (mapping_.equipment.empty() ? std::string_view{"equipment"} : std::string_view{mapping_.equipment})) {
      f.equipment = text_of(value);
    } else if (ours == "value") {
      f.has_value = !value.get(f.value);
    } else if (std::string_view* const to = field_of(f, ours)) {
      *to = text_of(value);
    }
  }
  return take_event(f, texts_, out);
}

} // namespace tocsin

#include "codecs/sample_fields.hpp"

#include <array>
#include <charconv>
#include <cmath>


namespace tocsin {

namespace {

constexpr double latest_seconds = 9.2e9; ///< nanoseconds must fit

tl::unexpected<error> no_time() { return fail(errc::invalid, "the time is not after 1970 and before 2261; is at_unit right?"); }

} // namespace

std::int64_t nanoseconds_of(const std::string& at_unit) {
  return at_unit == "ms" ? 1'000'000 : at_unit == "us" ? 1'000 : at_unit == "ns" ? 1 : 1'000'000'000;
}

result<timestamp> time_of(std::int64_t whole, std::int64_t unit) {
  const double seconds = static_cast<double>(whole) * static_cast<double>(unit) * 1e-9;
  if (!(seconds > 0 && seconds < latest_seconds)) return no_time();
  return timestamp{duration{whole * unit}};
}

result<timestamp> time_of(double number, std::int64_t unit) {
  const double seconds = number * static_cast<double>(unit) * 1e-9;
  if (!(seconds > 0 && seconds < latest_seconds)) return no_time();
  return timestamp{std::chrono::duration_cast<duration>(std::chrono::duration<double>{seconds})};
}

result<timestamp> time_of(std::string_view text, std::int64_t unit) {
  std::int64_t whole;
  const char* const end = text.data() + text.size();
  if (const auto [rest, bad] = std::from_chars(text.data(), end, whole); bad == std::errc{} && rest == end) return time_of(whole, unit);
  double number;
  if (const auto [rest, bad] = std::from_chars(text.data(), end, number); bad == std::errc{} && rest == end) return time_of(number, unit);
  auto at = parse_rfc3339(text);
  if (at && !(at->time_since_epoch() > 0s && to_seconds(at->time_since_epoch()) < latest_seconds)) return no_time();
  return at;
}

const char* wrong_name(const sample& s) {
  return s.equipment.empty() || s.channel.empty() ? "no equipment: neither a field of its own nor a part of the channel before a dot"
                                                  : "the name is longer than any that is kept";
}

std::string_view* field_of(event_fields& f, std::string_view our_name) {
  const std::array<std::pair<std::string_view, std::string_view*>, 9> all{{{"module", &f.module}, {"state", &f.state}, {"task", &f.task},
      {"name", &f.name}, {"text", &f.text}, {"recipe", &f.recipe}, {"step", &f.step}, {"lot", &f.lot}, {"wafer", &f.wafer}}};
  for (const auto& [name, to] : all)
    if (name == our_name) return to;
  return nullptr;
}

std::string take_event(const event_fields& f, batch_texts& texts, sample_batch& out) {
  const auto kind = parse_event_kind(f.kind);
  if (!kind)
    return "the kind of event is unknown; write state, task, alarm_set, alarm_cleared, process, maintenance, measurement or yield";
  if (!f.has_at) return "the event has no time; add it, or map another field";
  const std::string_view equipment = without_blanks(f.equipment);
  if (equipment.empty()) return "the event names no equipment; add the field, or map another";
  if (equipment.size() > limits::host_bytes_max) return "the name is longer than any that is kept";
  const bool is_alarm = *kind == event_kind::alarm_set || *kind == event_kind::alarm_cleared;
  if ((is_alarm || *kind == event_kind::measurement) && without_blanks(f.name).empty())
    return std::string{"an event "} + std::string{to_text(*kind)} + " needs a name: the alarm's id or the parameter's";
  const bool has_number = *kind == event_kind::measurement || *kind == event_kind::yield_result;
  if (has_number && !(f.has_value && std::isfinite(f.value))) return "the event has no finite value; leave such ones out";
  if (*kind == event_kind::yield_result && !(f.value >= 0 && f.value <= 1)) return "a yield is a share from 0 to 1";
  equipment_event e{};
  e.at = f.at;
  e.kind = *kind;
  e.before = static_cast<std::uint32_t>(out.samples.size());
  e.state = parse_e10_state(f.state);
  e.task = parse_e116_task(f.task);
  e.value = has_number ? f.value : 0;
  const std::pair<std::string_view, std::string_view*> ids[] = {{f.module, &e.module}, {f.name, &e.name}, {f.recipe, &e.recipe},
                                                                {f.step, &e.step}, {f.lot, &e.lot}, {f.wafer, &e.wafer}};
  for (const auto& [from, to] : ids) {
    const std::string_view id = without_blanks(from);
    if (id.size() > limits::label_bytes_max) return "a name in the event is longer than " + std::to_string(limits::label_bytes_max) + " bytes";
    *to = texts.keep(id, out);
  }
  std::string_view text = f.text.substr(0, event_text_bytes_max);
  while (text.size() < f.text.size() && !text.empty() && (f.text[text.size()] & 0xc0) == 0x80) text.remove_suffix(1); // no half character
  e.text = texts.keep(text, out);
  e.equipment = texts.keep(equipment, out);
  e.key_hash = hash_key(e.equipment, "");
  out.events.push_back(e);
  return {};
}

} // namespace tocsin

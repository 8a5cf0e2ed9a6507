#include "codecs/sample_lines.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <unordered_map>
#include <vector>

#include "codecs/json_views.hpp"

namespace tocsin {

namespace {

void append_value(std::string& out, double value) {
  std::array<char, 32> digits;
  const auto [end, bad] = std::to_chars(digits.data(), digits.data() + digits.size(), value); // the shortest that reads back as the same
  const std::string_view text{digits.data(), bad == std::errc{} ? static_cast<std::size_t>(end - digits.data()) : 0};
  out += text;
  // Of whole numbers a JSON reader may refuse those beyond 64 bits, and knows no -0.
  if (text == "-0" || (text.size() > 18 && text.find_first_of(".e") == text.npos)) out += ".0";
}

void append_key(std::string& out, std::string_view key) { out.append(",\"").append(key).append("\":"); }

void append_text(std::string& out, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  append_key(out, key);
  append_json_string(out, text);
}

/// What JSON takes as it is.
bool is_plain(std::string_view text) {
  for (const char c : text)
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return false;
  return true;
}

/// Appends digits of `n` up to three, six or nine places, as to_rfc3339 does.
void append_fraction(std::string& out, std::int64_t n) {
  std::array<char, 10> text;
  text[0] = '.';
  for (std::size_t i = 9; i > 0; --i, n /= 10) text[i] = static_cast<char>('0' + n % 10);
  std::size_t places = 9;
  while (places > 3 && text[places] == '0' && text[places - 1] == '0' && text[places - 2] == '0') places -= 3;
  out.append(text.data(), places + 1);
}

} // namespace

void sample_lines::append_time(std::string& out, timestamp at) {
  constexpr std::int64_t unit = 1'000'000'000;
  const std::int64_t ns = to_nanoseconds(at);
  out += "{\"at\":\"";
  if (ns < 0) {
    out += to_rfc3339(at);
  } else {
    if (ns / unit != second_) {
      second_ = ns / unit;
      second_text_ = to_rfc3339(from_nanoseconds(second_ * unit));
      second_text_.pop_back(); // the Z
    }
    out += second_text_;
    if (ns % unit != 0) append_fraction(out, ns % unit);
    out += 'Z';
  }
  out += '"';
}

void sample_lines::append(std::string& out, const sample& s) {
  append_time(out, s.at);
  if (s.equipment.find('.') != s.equipment.npos) {
    append_text(out, "equipment", s.equipment);
    append_key(out, "channels");
    out += '{';
    append_json_string(out, s.channel);
    out += ':';
    append_value(out, s.value);
    out += "}}\n";
    return;
  }
  append_key(out, "channel");
  if (is_plain(s.equipment) && is_plain(s.channel)) {
    out.append("\"").append(s.equipment).append(".").append(s.channel).append("\"");
  } else {
    append_json_string(out, std::string{s.equipment} + '.' + std::string{s.channel});
  }
  append_key(out, "value");
  append_value(out, s.value);
  out += "}\n";
}

void sample_lines::append(std::string& out, const equipment_event& e) {
  append_time(out, e.at);
  append_text(out, "event", to_text(e.kind));
  append_text(out, "equipment", e.equipment);
  append_text(out, "module", e.module);
  if (e.kind == event_kind::state) append_text(out, "state", to_text(e.state));
  if (e.kind == event_kind::task) append_text(out, "task", to_text(e.task));
  append_text(out, "name", e.name);
  append_text(out, "text", e.text);
  append_text(out, "recipe", e.recipe);
  append_text(out, "step", e.step);
  append_text(out, "lot", e.lot);
  append_text(out, "wafer", e.wafer);
  if (e.kind == event_kind::measurement || e.kind == event_kind::yield_result) {
    append_key(out, "value");
    append_value(out, e.value);
  }
  out += "}\n";
}

void for_each_unit(const sample_batch& batch, std::size_t bytes_max, const std::function<void(const unit_lines&)>& take) {
  struct unit {
    std::string_view equipment;
    std::string lines;
    timestamp first{};
  };
  std::vector<unit> units; // in order of appearance
  std::unordered_map<std::string_view, std::size_t> known;
  std::size_t last = 0;
  sample_lines writer;
  std::string line;
  const auto add = [&](const auto& one) {
    if (units.empty() || units[last].equipment != one.equipment) {
      const auto [at, fresh] = known.try_emplace(one.equipment, units.size());
      if (fresh) units.push_back({one.equipment, {}, {}});
      last = at->second;
    }
    unit& u = units[last];
    line.clear();
    writer.append(line, one);
    if (!u.lines.empty() && u.lines.size() + line.size() > bytes_max) {
      take({u.equipment, u.lines, u.first});
      u.lines.clear();
    }
    if (u.lines.empty()) u.first = one.at;
    u.lines += line;
  };
  std::size_t event = 0;
  for (std::size_t i = 0; i <= batch.samples.size(); ++i) {
    while (event < batch.events.size() && (batch.events[event].before <= i || i == batch.samples.size())) add(batch.events[event++]);
    if (i < batch.samples.size()) add(batch.samples[i]);
  }
  for (const unit& u : units)
    if (!u.lines.empty()) take({u.equipment, u.lines, u.first});
}

} // namespace tocsin

#include "codecs/equipment_json.hpp"

#include <array>
#include <charconv>

#include "codecs/json_views.hpp"

namespace tocsin {

namespace {

/// The shortest text that reads back the same.
template <class T>
void number(std::string& out, std::string_view key, T value) {
  std::array<char, 32> digits;
  out += key;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void text(std::string& out, std::string_view key, std::string_view value) {
  out += key;
  append_json_string(out, value);
}

/// Thousands of windows share a few times: their texts are kept.
void time(std::string& out, std::string_view key, timestamp t) {
  struct entry {
    timestamp t = unset;
    std::string text;
  };
  thread_local std::array<entry, 8> known;
  entry& e = known[static_cast<std::size_t>(to_nanoseconds(t) / 10'000'000'000) % known.size()];
  if (e.t != t) e = {t, to_rfc3339(t)};
  out += key;
  out += '"';
  out += e.text;
  out += '"';
}

std::string_view to_text(window_rule::kind_t kind) {
  constexpr std::string_view names[] = {"tumbling", "sliding", "session"};
  return names[static_cast<std::size_t>(kind)];
}

} // namespace

void append_json(std::string& out, const window_result& w) {
  time(out, "{\"at\":", w.end);
  text(out, ",\"equipment\":", w.of->equipment);
  text(out, ",\"channel\":", w.of->channel);
  text(out, ",\"window\":", to_text(w.window->kind));
  time(out, ",\"start\":", w.start);
  time(out, ",\"end\":", w.end);
  number(out, ",\"count\":", w.count);
  number(out, ",\"min\":", w.least);
  number(out, ",\"max\":", w.most);
  number(out, ",\"mean\":", w.mean);
  number(out, ",\"stddev\":", w.deviation);
  number(out, ",\"slope\":", w.slope);
  out += w.complete ? ",\"complete\":true" : ",\"complete\":false";
  out += w.corrected ? ",\"corrected\":true}" : ",\"corrected\":false}";
}

void append_json(std::string& out, const anomaly& a) {
  time(out, "{\"at\":", a.at);
  text(out, ",\"equipment\":", a.of->equipment);
  text(out, ",\"channel\":", a.of->channel);
  text(out, ",\"detector\":", to_text(a.found_by));
  number(out, ",\"value\":", a.value);
  number(out, ",\"score\":", a.score);
  number(out, ",\"limit\":", a.limit);
  if (a.confidence > 0) number(out, ",\"confidence\":", a.confidence);
  out += '}';
}

void append_json(std::string& out, const equipment_status& e) {
  const auto time_or_null = [&out](std::string_view key, timestamp t) {
    if (t == unset) (out += key) += "null";
    else time(out, key, t);
  };
  text(out, "{\"equipment\":", e.equipment);
  number(out, ",\"samples\":", e.samples);
  number(out, ",\"anomalies\":", e.anomalies);
  time_or_null(",\"last_at\":", e.last_at);
  if (!e.channels.empty()) {
    out += ",\"channels\":[";
    for (const channel_status& c : e.channels) {
      text(out, out.back() == '}' ? ",{\"channel\":" : "{\"channel\":", c.channel);
      time_or_null(",\"last_at\":", c.last_at);
      number(out, ",\"last_value\":", c.last_value);
      number(out, ",\"samples\":", c.samples);
      number(out, ",\"anomalies\":", c.anomalies);
      time_or_null(",\"last_anomaly\":", c.last_anomaly);
      out += '}';
    }
    out += ']';
  }
  out += '}';
}

} // namespace tocsin

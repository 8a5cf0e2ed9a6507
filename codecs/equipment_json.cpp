#include "codecs/equipment_json.hpp"

#include <cmath>

#include "codecs/json_pieces.hpp"

namespace tocsin {

namespace {

using json::number, json::text, json::time, json::time_or_null;

std::string_view to_text(window_rule::kind_t kind) {
  constexpr std::string_view names[] = {"tumbling", "sliding", "session"};
  return names[static_cast<std::size_t>(kind)];
}

} // namespace

void append_json(std::string& out, const window_result& w, const equipment_effects& of) {
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
  out += w.corrected ? ",\"corrected\":true" : ",\"corrected\":false";
  for (std::size_t i = 0; of.shares && i < of.shares->size(); ++i) {
    number(out, ",\"p", std::round((*of.shares)[i] * 1e8) / 1e6);
    number(out, "\":", of.quantiles[w.quantiles + i]);
  }
  out += '}';
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
  text(out, "{\"equipment\":", e.equipment);
  number(out, ",\"samples\":", e.samples);
  number(out, ",\"anomalies\":", e.anomalies);
  time_or_null(out, ",\"last_at\":", e.last_at);
  out += ',';
  append_unit_json(out, e);
  if (!e.channels.empty()) {
    out += ",\"channels\":[";
    for (const channel_status& c : e.channels) {
      text(out, out.back() == '}' ? ",{\"channel\":" : "{\"channel\":", c.channel);
      time_or_null(out, ",\"last_at\":", c.last_at);
      number(out, ",\"last_value\":", c.last_value);
      number(out, ",\"samples\":", c.samples);
      number(out, ",\"anomalies\":", c.anomalies);
      time_or_null(out, ",\"last_anomaly\":", c.last_anomaly);
      out += '}';
    }
    out += ']';
  }
  out += '}';
}

} // namespace tocsin

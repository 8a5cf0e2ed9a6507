#include "codecs/json_views.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace tocsin {

namespace {

void append_number(std::string& out, std::int64_t value) {
  std::array<char, 24> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 24> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

/// The shortest text that reads back the same; JSON has no infinities.
void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 32> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_time(std::string& out, timestamp t) {
  if (t == unset || t == never) {
    out += "null";
    return;
  }
  out += '"';
  out += to_rfc3339(t);
  out += '"';
}

/// Length of the valid UTF-8 sequence at the start of `text`; 0 = none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t n = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (n == 0 || n > text.size()) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  // Overlong forms, surrogates and what lies beyond U+10FFFF are no characters.
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return n;
}

void key(std::string& out, std::string_view name) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += name;
  out += "\":";
}

void text(std::string& out, std::string_view name, std::string_view value) {
  key(out, name);
  append_json_string(out, value);
}

template <class T>
void number(std::string& out, std::string_view name, T value) {
  key(out, name);
  append_number(out, value);
}

void time(std::string& out, std::string_view name, timestamp t) {
  key(out, name);
  append_time(out, t);
}

struct append_value {
  std::string& out;
  void operator()(std::int64_t v) const { append_number(out, v); }
  void operator()(double v) const { append_number(out, v); }
  void operator()(bool v) const { out += v ? "true" : "false"; }
  void operator()(timestamp v) const { append_time(out, v); }
  void operator()(const std::string& v) const { append_json_string(out, v); }
};

} // namespace

void append_json_string(std::string& out, std::string_view value) {
  out += '"';
  std::size_t plain = 0; // start of what can be copied as it is
  auto copy_until = [&](std::size_t i) {
    out.append(value.substr(plain, i - plain));
    plain = i + 1;
  };
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') continue;
    if (c >= 0x80) {
      if (const std::size_t n = utf8_length(value.substr(i))) {
        i += n - 1;
        continue;
      }
      copy_until(i);
      out += "\xef\xbf\xbd";
      continue;
    }
    copy_until(i);
    switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: {
      constexpr char hex[] = "0123456789abcdef";
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    }
    }
  }
  out.append(value.substr(plain));
  out += '"';
}

void append_json(std::string& out, const evidence& facts) {
  out += '{';
  for (const fact& f : facts) {
    key(out, f.name);
    std::visit(append_value{out}, f.value);
  }
  out += '}';
}

void append_json(std::string& out, const symptom& s) {
  out += '{';
  time(out, "at", s.at);
  text(out, "subject", s.subject);
  text(out, "kind", to_text(s.kind));
  text(out, "state", to_text(s.state));
  text(out, "severity", to_text(s.level));
  time(out, "since", s.since);
  key(out, "evidence");
  append_json(out, s.facts);
  out += '}';
}

void append_json(std::string& out, const incident& i) {
  out += '{';
  time(out, "at", i.at);
  text(out, "id", i.id);
  text(out, "state", to_text(i.state));
  text(out, "severity", to_text(i.level));
  text(out, "title", i.title);
  key(out, "cause");
  out += '{';
  text(out, "kind", to_text(i.because.kind));
  text(out, "subject", i.because.subject);
  number(out, "probability", i.because.probability);
  out += '}';
  key(out, "members");
  out += '[';
  for (const std::string& m : i.members) {
    if (out.back() != '[') out += ',';
    append_json_string(out, m);
  }
  out += ']';
  time(out, "since", i.since);
  time(out, "until", i.until.value_or(never));
  number(out, "revision", std::uint64_t{i.revision});
  number(out, "member_count", std::uint64_t{i.member_count});
  text(out, "group", i.group);
  key(out, "evidence");
  append_json(out, i.facts);
  out += '}';
}

void append_json(std::string& out, const notification& n) {
  out += '{';
  time(out, "at", n.at);
  text(out, "id", n.id);
  text(out, "receiver", n.receiver);
  text(out, "reason", n.reason);
  key(out, "incident");
  append_json(out, n.about);
  if (!n.more.empty()) {
    key(out, "more");
    out += '[';
    for (const incident& i : n.more) {
      if (out.back() != '[') out += ',';
      append_json(out, i);
    }
    out += ']';
  }
  if (!n.route.empty()) text(out, "route", n.route);
  if (!n.group_labels.empty()) {
    key(out, "group_labels");
    out += '{';
    for (const auto& [name, value] : n.group_labels) text(out, name, value);
    out += '}';
  }
  if (!n.response.empty()) text(out, "response", n.response);
  if (!n.page.empty()) text(out, "page", n.page);
  out += '}';
}

void append_json(std::string& out, const daemon_status& s) {
  out += '{';
  text(out, "subject", s.subject);
  text(out, "host", s.host);
  text(out, "service", s.service);
  text(out, "network", s.network);
  text(out, "version", s.version);
  text(out, "state", to_text(s.state));
  time(out, "first_heard", s.first_heard);
  time(out, "last_heard", s.last_heard);
  time(out, "due", s.due);
  number(out, "period_s", s.period_s);
  number(out, "jitter_s", s.jitter_s);
  number(out, "loss_rate", s.loss_rate);
  number(out, "heartbeats", s.heartbeats);
  number(out, "misses", s.misses);
  number(out, "resets", s.resets);
  number(out, "uptime_s", s.uptime_s);
  number(out, "clients", s.clients);
  number(out, "client_limit", s.client_limit);
  number(out, "retransmission_outbound_percent", s.retransmission_outbound_percent);
  number(out, "retransmission_inbound_percent", s.retransmission_inbound_percent);
  number(out, "lost_inbound", s.lost_inbound);
  number(out, "lost_outbound", s.lost_outbound);
  key(out, "symptoms");
  out += '[';
  for (const symptom& each : s.symptoms) {
    if (out.back() != '[') out += ',';
    append_json(out, each);
  }
  out += ']';
  key(out, "history");
  out += '[';
  for (const auto& p : s.history) {
    if (out.back() != '[') out += ',';
    out += '{';
    time(out, "at", p.at);
    number(out, "clients", p.clients);
    number(out, "out_percent", p.out_percent);
    number(out, "in_percent", p.in_percent);
    out += '}';
  }
  out += "]}";
}

} // namespace tocsin

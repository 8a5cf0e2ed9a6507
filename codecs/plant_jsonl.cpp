#include "codecs/plant_jsonl.hpp"

#include <charconv>

namespace tocsin {

namespace {
void append_number(std::string& out, std::uint64_t n) {
  char digits[20];
  const auto [end, ec] = std::to_chars(digits, digits + sizeof digits, n);
  if (ec == std::errc{}) out.append(digits, end);
}

/// Names from scenario files: quotes, backslashes and control characters are escaped, the rest is
/// copied.
void append_text(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (byte < 0x20)
      ((out += "\\u00") += hex[byte >> 4]) += hex[byte & 15];
    else
      out += c;
  }
  out += '"';
}

void append_key(std::string& out, std::string_view key) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(key).append("\":");
}

void append_field(std::string& out, std::string_view key, std::string_view text) {
  append_key(out, key);
  append_text(out, text);
}

timestamp in_milliseconds(timestamp t) { return from_milliseconds(to_nanoseconds(t) / 1'000'000); }

std::string_view class_of(record_kind kind) {
  switch (kind) {
  case record_kind::data_loss_inbound:
  case record_kind::data_loss_outbound:
    return "ERROR";
  case record_kind::sight_lost:
    return "WARN";
  default:
    return "INFO";
  }
}

std::string name_of(const record& r) {
  switch (r.kind) {
  case record_kind::heartbeat:
    return "HOST.STATUS." + host_id(r.host);
  case record_kind::host_start:
    return "HOST.START." + host_id(r.host);
  case record_kind::host_stop:
    return "HOST.STOP." + host_id(r.host);
  case record_kind::data_loss_inbound:
    return "DATALOSS.INBOUND.BCAST";
  case record_kind::data_loss_outbound:
    return "DATALOSS.OUTBOUND.BCAST";
  case record_kind::retransmission_sent:
    return "RETRANSMISSION.OUTBOUND.SENT";
  case record_kind::retransmission_suppressed:
    return "RETRANSMISSION.OUTBOUND.SUPPRESSED";
  case record_kind::unreachable_transport:
    return "UNREACHABLE.TRANSPORT." + host_id(r.host);
  case record_kind::sight_lost:
    return "RVD.DISCONNECTED";
  case record_kind::sight_regained:
    return "RVD.CONNECTED";
  case record_kind::time_mark:
  case record_kind::operator_said:
  case record_kind::equipment_said:
    return {};
  }
  return {};
}

void append_counter(std::string& out, const record& r, counter c) {
  if (!r.has(c)) return;
  append_key(out, to_text(c));
  append_number(out, r.get(c));
}

/// In the order of the 8.7 sample of a HOST.STATUS.
void append_message(std::string& out, const record& r, std::string_view name) {
  out += '{';
  append_field(out, "ADV_CLASS", class_of(r.kind));
  append_field(out, "ADV_SOURCE", "SYSTEM");
  append_field(out, "ADV_NAME", name);
  if (!r.host.empty()) append_field(out, "hostaddr", r.host);
  if (!r.peer.empty()) append_field(out, "host", r.peer);
  if (!r.version.empty()) append_field(out, "ver", r.version);
  if (r.sent_at != unset) append_field(out, "time", to_rfc3339(in_milliseconds(r.sent_at)));
  append_counter(out, r, counter::uptime);
  if (r.reliability_s > 0) {
    append_key(out, "rli");
    char digits[32];
    const auto [end, ec] =
        std::to_chars(digits, digits + sizeof digits, r.reliability_s, std::chars_format::fixed);
    out.append(digits, ec == std::errc{} ? end : digits);
  }
  for (auto c = static_cast<int>(counter::messages_sent);
       c <= static_cast<int>(counter::suppressed_outbound); ++c)
    append_counter(out, r, static_cast<counter>(c));
  append_counter(out, r, counter::clients);
  append_counter(out, r, counter::client_limit);
  append_counter(out, r, counter::lost_count);
  if (r.kind == record_kind::heartbeat) {
    append_key(out, "ipport");
    out += "7500";
  }
  if (!r.service.empty()) {
    append_field(out, "service", r.service);
    append_field(out, "network", r.network);
  }
  out += '}';
}
} // namespace

std::string host_id(std::string_view host) {
  std::string id;
  const char* p = host.data();
  const char* end = p + host.size();
  for (int i = 0; i < 4; ++i) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    unsigned part = 256;
    const auto [next, ec] = std::from_chars(p, end, part);
    const bool ends = next == end;
    if (ec != std::errc{} || part > 255 || ends != (i == 3) || (!ends && *next != '.'))
      return std::string{host};
    (id += hex[part >> 4]) += hex[part & 15];
    if (!ends) p = next + 1;
  }
  return id;
}

std::string plant_subject(const record& r) {
  const std::string name = name_of(r);
  return name.empty() ? name : "_RV." + std::string{class_of(r.kind)} + ".SYSTEM." + name;
}

bool append_plant_jsonl(std::string& out, const record& r) {
  const std::string name = name_of(r);
  if (name.empty()) return false;
  out += '{';
  append_field(out, "at", to_rfc3339(in_milliseconds(r.at)));
  append_field(out, "subject", plant_subject(r));
  append_key(out, "message");
  append_message(out, r, name);
  out += "}\n";
  return true;
}

} // namespace tocsin

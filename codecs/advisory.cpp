// Rendezvous advisories as records: subject -> kind, field name -> counter, presenter and peer.
#include "codecs/advisory.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/limits.hpp"

namespace tocsin {

namespace {

using field = advisory_field;

constexpr std::size_t index_of(field f) { return static_cast<std::size_t>(f); }
constexpr bool is_counter(field f) { return index_of(f) < counter_count; }
static_assert(index_of(field::lost) == static_cast<std::size_t>(counter::lost_count));
static_assert(index_of(field::orrs) == static_cast<std::size_t>(counter::suppressed_outbound));
static_assert(std::endian::native == std::endian::little, "pack_name() reads words");
static_assert(index_of(field::none) < 32, "told_ holds one bit per field");

constexpr std::string_view names[] = {
    "up",      "cc",      "client_limit", "ms",  "bs",   "mr",   "br",   "ps",       "pr",
    "rx",      "pm",      "idl",          "odl", "irrs", "orrs", "lost", "hostaddr", "host",
    "service", "network", "ver",          "rli", "time", "scid", ""};

/// Up to eight characters as one number, so that names compare in one step.
constexpr std::uint64_t pack(std::string_view text) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < text.size() && i < 8; ++i)
    word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  return word;
}

/// pack() of 2 to 8 characters without a loop: overlapping loads agree where they overlap.
std::uint64_t pack_name(std::string_view name) {
  const std::size_t size = name.size();
  if (size < 4) {
    std::uint16_t front;
    std::memcpy(&front, name.data(), sizeof front);
    return front | std::uint64_t{static_cast<unsigned char>(name.back())} << (8 * (size - 1));
  }
  std::uint32_t front, back;
  std::memcpy(&front, name.data(), sizeof front);
  std::memcpy(&back, name.data() + size - sizeof back, sizeof back);
  return front | std::uint64_t{back} << (8 * (size - sizeof back));
}

bool printable(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

/// Takes the first element off `rest`, with its dot.
std::string_view pop_element(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view element = rest.substr(0, dot);
  rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  return element;
}

bool eat(std::string_view& rest, std::string_view prefix) {
  if (!rest.starts_with(prefix)) return false;
  rest.remove_prefix(prefix.size());
  return true;
}

advisory_subject gives(record_kind kind, std::string_view host_id = {}) {
  return {advisory_kind::record, kind, host_id};
}

} // namespace

advisory_field field_of(std::string_view name) {
  if (name.size() > 8) return name == "client_limit" ? field::client_limit : field::none;
  if (name.size() < 2) return field::none;
  switch (pack_name(name)) {
  case pack("up"):
    return field::up;
  case pack("cc"):
    return field::cc;
  case pack("ms"):
    return field::ms;
  case pack("bs"):
    return field::bs;
  case pack("mr"):
    return field::mr;
  case pack("br"):
    return field::br;
  case pack("ps"):
    return field::ps;
  case pack("pr"):
    return field::pr;
  case pack("rx"):
    return field::rx;
  case pack("pm"):
    return field::pm;
  case pack("idl"):
    return field::idl;
  case pack("odl"):
    return field::odl;
  case pack("irrs"):
    return field::irrs;
  case pack("orrs"):
    return field::orrs;
  case pack("lost"):
    return field::lost;
  case pack("hostaddr"):
    return field::hostaddr;
  case pack("host"):
    return field::host;
  case pack("service"):
    return field::service;
  case pack("network"):
    return field::network;
  case pack("ver"):
    return field::ver;
  case pack("rli"):
    return field::rli;
  case pack("time"):
    return field::time;
  case pack("scid"):
    return field::scid;
  default:
    return field::none;
  }
}

std::string_view to_text(advisory_field f) { return names[index_of(f)]; }

advisory_subject classify_subject(std::string_view subject) {
  std::string_view rest = subject;
  if (!eat(rest, "_RV.")) return {};
  pop_element(rest); // ERROR, WARN or INFO: the name alone decides
  if (!eat(rest, "SYSTEM.")) return {};
  const std::string_view family = pop_element(rest);
  if (family == "HOST") {
    const std::string_view what = pop_element(rest);
    if (what == "STATUS") return gives(record_kind::heartbeat, rest);
    if (what == "START") return gives(record_kind::host_start, rest);
    if (what == "STOP") return gives(record_kind::host_stop, rest);
  } else if (family == "DATALOSS") {
    const std::string_view where = pop_element(rest);
    if (where == "INBOUND") return gives(record_kind::data_loss_inbound);
    // 8.5's documents name MSG_TOO_LARGE without its direction; it can only be our side sending.
    if (where == "OUTBOUND" || where == "MSG_TOO_LARGE")
      return gives(record_kind::data_loss_outbound);
  } else if (family == "RETRANSMISSION") {
    if (rest == "OUTBOUND.SENT") return gives(record_kind::retransmission_sent);
    if (rest == "OUTBOUND.SUPPRESSED" || rest == "INBOUND.REQUEST_NOT_SENT")
      return gives(record_kind::retransmission_suppressed);
  } else if (family == "UNREACHABLE") {
    if (pop_element(rest) == "TRANSPORT") return gives(record_kind::unreachable_transport, rest);
  } else if (family == "RVD") {
    if (rest == "CONNECTED") return gives(record_kind::sight_regained);
    if (rest == "DISCONNECTED" || rest == "RECONNECT_FAILED") return gives(record_kind::sight_lost);
  } else if (family == "CLIENT" && rest == "SLOWCONSUMER") {
    return {advisory_kind::slow_consumer, {}, {}};
  }
  return {};
}

std::optional<std::uint32_t> parse_host_id(std::string_view text) {
  if (text.size() != 8) return {};
  std::uint32_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + 8, value, 16);
  if (ec != std::errc{} || end != text.data() + 8) return {};
  return value;
}

std::size_t write_dotted(std::uint32_t address, char* to) {
  char* p = to;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const unsigned octet = address >> shift & 0xff;
    if (octet >= 100) *p++ = static_cast<char>('0' + octet / 100);
    if (octet >= 10) *p++ = static_cast<char>('0' + octet / 10 % 10);
    *p++ = static_cast<char>('0' + octet % 10);
    if (shift) *p++ = '.';
  }
  return static_cast<std::size_t>(p - to);
}

advisory_builder::advisory_builder(decode_context context) : context_(std::move(context)) {}

bool advisory_builder::begin(std::string_view subject) {
  const advisory_subject s = classify_subject(subject);
  if (s.kind == advisory_kind::slow_consumer) ++slow_consumers_;
  if (s.kind != advisory_kind::record) return false;
  begin(s.gives, s.host_id);
  return true;
}

void advisory_builder::begin(record_kind kind, std::string_view host_id) {
  now_ = record{};
  now_.kind = kind;
  now_.vantage = context_.vantage;
  host_id_ = host_id;
  hostaddr_ = {};
  scid_ = 0;
  has_network_ = false;
}

void advisory_builder::number(field f, std::uint64_t value) {
  if (is_counter(f)) return now_.set(static_cast<counter>(f), value);
  switch (f) {
  case field::scid:
    scid_ = value;
    break;
  case field::rli:
    now_.reliability_s = static_cast<float>(value);
    break;
  case field::time:
    real(f, static_cast<double>(value));
    break;
  case field::service: {
    const auto end =
        std::to_chars(service_text_.data(), service_text_.data() + service_text_.size(), value);
    now_.service = {service_text_.data(), static_cast<std::size_t>(end.ptr - service_text_.data())};
    break;
  }
  case field::none:
    break;
  default:
    wrong(f, "is a number, not text");
  }
}

void advisory_builder::negative(field f, std::int64_t value) {
  if (f == field::time) return real(f, static_cast<double>(value));
  wrong(f, "is negative");
}

void advisory_builder::real(field f, double value) {
  if (is_counter(f) || f == field::scid || f == field::service) {
    // 2^64: the first double that no counter can hold.
    if (!(value >= 0 && value < 18446744073709551616.0) || value != std::floor(value))
      return wrong(f, "is not a whole number");
    return number(f, static_cast<std::uint64_t>(value));
  }
  switch (f) {
  case field::rli:
    if (!(value >= 0 && value <= 1e9)) return wrong(f, "is not a number of seconds");
    now_.reliability_s = static_cast<float>(value);
    break;
  case field::time:
    if (!(value > -9e9 && value < 9e9)) return wrong(f, "is not a time in Unix seconds");
    now_.sent_at = timestamp{from_seconds(value)};
    break;
  case field::none:
    break;
  default:
    wrong(f, "is a number, not text");
  }
}

void advisory_builder::text(field f, std::string_view value) {
  if (f == field::none) return;
  const std::size_t most =
      f == field::host || f == field::hostaddr ? limits::host_bytes_max : limits::label_bytes_max;
  if (value.size() > most)
    return wrong(f, "is longer than " + std::to_string(most) + " bytes", errc::too_large);
  if (!printable(value)) return wrong(f, "holds control characters");
  switch (f) {
  case field::hostaddr:
    hostaddr_ = value;
    break;
  case field::host:
    now_.peer = value;
    break;
  case field::service:
    now_.service = value;
    break;
  case field::ver:
    now_.version = value;
    break;
  case field::network:
    now_.network = value;
    has_network_ = true;
    break;
  case field::time: {
    const auto t = parse_rfc3339(value);
    if (!t) return wrong(f, "is not a time such as 2026-11-21T07:21:00Z");
    now_.sent_at = *t;
    break;
  }
  default:
    wrong(f, "is text, not a number");
  }
}

void advisory_builder::time(field f, timestamp value) {
  if (f == field::none) return;
  if (f != field::time) return wrong(f, "is a time");
  now_.sent_at = value;
}

void advisory_builder::address(field f, std::uint32_t value) {
  if (f == field::hostaddr)
    hostaddr_ = {address_text_.data(), write_dotted(value, address_text_.data())};
  else if (f == field::host)
    now_.peer = {peer_text_.data(), write_dotted(value, peer_text_.data())};
  else if (f != field::none)
    wrong(f, "is an address");
}

void advisory_builder::wrong(field f, std::string_view why, errc code) {
  if (f == field::none) return;
  std::uint32_t& told = told_[static_cast<std::size_t>(now_.kind)];
  const std::uint32_t bit = 1u << index_of(f);
  if (told & bit) return;
  told |= bit;
  std::string text{"field '"};
  text.append(names[index_of(f)])
      .append("' of a ")
      .append(to_text(now_.kind))
      .append(" ")
      .append(why);
  text += "; it is taken as absent here and, without further notice, in later messages";
  problem(code, std::move(text));
}

void advisory_builder::problem(errc code, std::string text) {
  if (!problem_) problem_ = error{code, std::move(text)};
}

std::optional<error> advisory_builder::take_problem() { return std::exchange(problem_, {}); }

void advisory_builder::fill_host() {
  switch (now_.kind) {
  case record_kind::data_loss_inbound:
  case record_kind::data_loss_outbound:
  case record_kind::retransmission_sent:
  case record_kind::retransmission_suppressed:
    // The advisory names the other side only; without a presenter that name is all we have, and
    // host == peer says so.
    now_.host = !context_.daemon_host.empty() ? std::string_view{context_.daemon_host}
                : !hostaddr_.empty()          ? hostaddr_
                                              : now_.peer;
    return;
  case record_kind::sight_lost:
  case record_kind::sight_regained:
    return; // about the vantage point, not about a host
  default:
    break;
  }
  now_.host = hostaddr_;
  if (!now_.host.empty()) return;
  const std::string_view id = host_id_.substr(0, host_id_.find('.'));
  if (const auto address = parse_host_id(id))
    now_.host = {id_text_.data(), write_dotted(*address, id_text_.data())};
  else if (id.size() <= limits::host_bytes_max && printable(id))
    now_.host = id; // a house's own name
}

std::string_view advisory_builder::keep(record_batch& out, std::string_view text,
                                        std::string_view record::*member) {
  // Neighbours mostly share service, network and version: point to the same bytes.
  if (!out.records.empty() && out.records.back().*member == text) return out.records.back().*member;
  return out.keep(text);
}

record* advisory_builder::end(record_batch& out) {
  fill_host();
  const bool about_sight =
      now_.kind == record_kind::sight_lost || now_.kind == record_kind::sight_regained;
  if (now_.host.empty() && !about_sight) {
    problem(errc::missing,
            std::string{"a "}.append(to_text(now_.kind)) +
                " without a host: neither 'hostaddr' nor a host id in the subject; dropped");
    return nullptr;
  }
  if (now_.service.empty()) now_.service = context_.service;
  std::array<char, 20> scid_text;
  if (now_.service.empty() && scid_ != 0) {
    const auto end = std::to_chars(scid_text.data(), scid_text.data() + scid_text.size(), scid_);
    now_.service = {scid_text.data(), static_cast<std::size_t>(end.ptr - scid_text.data())};
  }
  if (!has_network_) now_.network = context_.network;
  now_.key_hash = hash_key(now_.host, now_.service);
  now_.service = keep(out, now_.service, &record::service);
  now_.network = keep(out, now_.network, &record::network);
  now_.version = keep(out, now_.version, &record::version);
  now_.host = out.keep(now_.host);
  now_.peer = keep(out, now_.peer, &record::peer);
  out.records.push_back(now_);
  return &out.records.back();
}

} // namespace tocsin

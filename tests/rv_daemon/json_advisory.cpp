// The project's JSON input lines as Rendezvous advisories: field names decide the wire type.
#include "rv_daemon/json_advisory.hpp"

#include <arpa/inet.h>

#include <nlohmann/json.hpp>

#include "codecs/rv_writer.hpp"

namespace tocsin::test {

namespace {

using json = nlohmann::ordered_json;

/// How a daemon writes the field; `plain`: by the JSON type.
enum class wire { plain, address, port, time, u8, u16, u32, u64, real };

wire wire_of(std::string_view name) {
  static const std::pair<std::string_view, wire> known[] = {
      {"hostaddr", wire::address}, {"httpaddr", wire::address}, {"hsaddr", wire::address},
      {"httpport", wire::port},    {"hsport", wire::port},      {"ipport", wire::port},
      {"time", wire::time},        {"expiretime", wire::time},  {"os", wire::u8},
      {"scid", wire::u16},         {"sn", wire::u32},           {"up", wire::u32},
      {"cc", wire::u32},           {"lost", wire::u32},         {"client_limit", wire::u32},
      {"rli", wire::real},         {"ms", wire::u64},           {"bs", wire::u64},
      {"mr", wire::u64},           {"br", wire::u64},           {"ps", wire::u64},
      {"pr", wire::u64},           {"rx", wire::u64},           {"pm", wire::u64},
      {"idl", wire::u64},          {"odl", wire::u64},          {"irrs", wire::u64},
      {"orrs", wire::u64}};
  for (const auto& [text, type] : known)
    if (text == name) return type;
  return wire::plain;
}

std::optional<timestamp> time_of(const json& value) {
  if (value.is_number()) return timestamp{from_seconds(value.get<double>())};
  if (!value.is_string()) return {};
  const auto parsed = parse_rfc3339(value.get_ref<const std::string&>());
  return parsed ? std::optional{*parsed} : std::nullopt;
}

void put_plain(rv_message_writer& w, const std::string& name, const json& value) {
  if (value.is_boolean()) {
    w.boolean(name, value.get<bool>());
  } else if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    w.unsigned_integer(name, number, number > 0xffffffff ? 8 : 4);
  } else if (value.is_number_integer()) {
    w.signed_integer(name, value.get<std::int64_t>(), 8);
  } else if (value.is_number_float()) {
    w.real(name, value.get<double>());
  } else if (value.is_string()) {
    w.text(name, value.get_ref<const std::string&>());
  } else {
    w.text(name, value.dump());
  }
}

/// False: the value does not fit the type, so it goes as what it is.
bool put_typed(rv_message_writer& w, const std::string& name, const json& value, wire type) {
  if (type == wire::address) {
    in_addr address{};
    if (!value.is_string() ||
        ::inet_pton(AF_INET, value.get_ref<const std::string&>().c_str(), &address) != 1)
      return false;
    w.address(name, ntohl(address.s_addr));
    return true;
  }
  if (type == wire::time) {
    const auto time = time_of(value);
    if (time) w.time(name, *time);
    return time.has_value();
  }
  if (type == wire::real) {
    if (value.is_number()) w.real(name, value.get<double>());
    return value.is_number();
  }
  if (!value.is_number_unsigned()) return false;
  const auto number = value.get<std::uint64_t>();
  const int bytes = type == wire::u8                          ? 1
                    : type == wire::u16 || type == wire::port ? 2
                    : type == wire::u32                       ? 4
                                                              : 8;
  if (bytes < 8 && number >> (8 * bytes) != 0) return false;
  if (type == wire::port)
    w.port(name, static_cast<std::uint16_t>(number));
  else
    w.unsigned_integer(name, number, bytes);
  return true;
}

/// "_RV.<class>.<source>.<name>" into the three fields every advisory begins with.
void put_head(rv_message_writer& w, const std::string& subject, const json& message) {
  const std::size_t first = subject.find('.');
  const std::size_t second = first == std::string::npos ? first : subject.find('.', first + 1);
  const std::size_t third = second == std::string::npos ? second : subject.find('.', second + 1);
  if (third == std::string::npos || !subject.starts_with("_RV.")) return;
  if (!message.contains("ADV_CLASS"))
    w.text("ADV_CLASS", subject.substr(first + 1, second - first - 1));
  if (!message.contains("ADV_SOURCE"))
    w.text("ADV_SOURCE", subject.substr(second + 1, third - second - 1));
  if (!message.contains("ADV_NAME")) w.text("ADV_NAME", subject.substr(third + 1));
}

} // namespace

result<json_advisory> parse_json_advisory(std::string_view line) {
  const json object = json::parse(line, nullptr, false);
  if (!object.is_object()) return fail(errc::malformed, "not a JSON object");
  const auto subject = object.find("subject");
  const auto message = object.find("message");
  if (subject == object.end() || !subject->is_string())
    return fail(errc::missing, "no text 'subject'");
  if (message == object.end() || !message->is_object())
    return fail(errc::missing, "no object 'message'");
  json_advisory a{subject->get<std::string>(), {}};
  rv_message_writer w;
  if (auto fits = w.subject("sub", a.subject); !fits)
    return tl::make_unexpected(std::move(fits.error()));
  w.clear();
  put_head(w, a.subject, *message);
  for (const auto& [name, value] : message->items()) {
    const wire type = wire_of(name);
    if (type == wire::plain || !put_typed(w, name, value, type)) put_plain(w, name, value);
  }
  if (w.bytes().size() > limits::rv_message_bytes_max / 2)
    return fail(errc::too_large, "message is too large to publish");
  a.data = w.take();
  return a;
}

} // namespace tocsin::test

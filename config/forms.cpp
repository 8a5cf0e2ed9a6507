// The checks of text forms.
#include "config/forms.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "config/interval_text.hpp"
#include "core/address_kind.hpp"
#include "core/limits.hpp"
#include "core/line_plant.hpp"

namespace tocsin::forms {

namespace {

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool made_of(std::string_view text, std::string_view others) {
  for (char c : text)
    if (!letter_or_digit(c) && others.find(c) == others.npos) return false;
  return true;
}

complaint wrong(std::string_view text, std::string_view what, std::string remedy) {
  return {keys::quote(text) + " is " + std::string{what}, std::move(remedy)};
}

/// Splits "host:port" or "[v6]:port"; false when it is neither.
bool split_host_port(std::string_view text, std::string_view& host_part, unsigned& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return false;
  host_part = text.substr(0, colon);
  if (host_part.front() == '[') {
    if (host_part.size() < 4 || host_part.back() != ']') return false;
    host_part = host_part.substr(1, host_part.size() - 2);
    if (!made_of(host_part, ":.%")) return false;
  } else if (!made_of(host_part, ".-_") || host_part.size() > 253) {
    return false;
  }
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return ec == std::errc{} && end == digits.data() + digits.size() && port <= 65535;
}

std::optional<complaint> address(std::string_view text, unsigned least_port) {
  std::string_view host_part;
  unsigned port = 0;
  if (!split_host_port(text, host_part, port) || port < least_port)
    return wrong(text, "not host:port", "write for example 127.0.0.1:8420, port 1 to 65535");
  return std::nullopt;
}

bool starts_with_scheme(std::string_view url, std::string_view scheme) {
  if (url.size() < scheme.size()) return false;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = url[i] >= 'A' && url[i] <= 'Z' ? static_cast<char>(url[i] - 'A' + 'a') : url[i];
    if (c != scheme[i]) return false;
  }
  return true;
}

/// "user@host:port" of an http or https URL; empty when it is none.
std::string_view authority_of(std::string_view url) {
  std::size_t start = 0;
  if (starts_with_scheme(url, "http://")) start = 7;
  if (starts_with_scheme(url, "https://")) start = 8;
  if (start == 0) return {};
  const std::string_view rest = url.substr(start);
  return rest.substr(0, rest.find_first_of("/?#"));
}

} // namespace

std::optional<complaint> host_port(std::string_view text) { return address(text, 1); }

std::optional<complaint> line_fault(std::string_view text) {
  const auto fault = parse_line_fault(text);
  if (fault) return std::nullopt;
  const std::string& why = fault.error().text; // "what is wrong; what to write"
  const std::size_t end = why.rfind("; ");
  return complaint{why.substr(0, end), end == why.npos ? "" : why.substr(end + 2)};
}

std::optional<complaint> listen_address(std::string_view text) { return address(text, 0); }

std::optional<complaint> listen_address_or_none(std::string_view text) {
  return text.empty() ? std::nullopt : address(text, 0);
}

std::optional<complaint> http_url(std::string_view text) {
  const std::string_view authority = authority_of(text);
  if (authority.find('@') != authority.npos) // not quoted back: it may hold a password
    return complaint{"the URL contains a user or password",
                     "remove it; a token goes into a file named by bearer_file"};
  std::string_view host_part = authority;
  unsigned port = 0;
  const bool has_port =
      !authority.empty() && authority.back() != ']' && authority.find(':') != authority.npos;
  const bool good = has_port ? split_host_port(authority, host_part, port) && port > 0
                             : !authority.empty() && made_of(authority, ".-_[]:%");
  if (!good || text.find_first_of(" \"<>\\^`{|}") != text.npos || text.size() > 2048)
    return wrong(text, "no http:// or https:// URL", "write for example https://host/path");
  return std::nullopt;
}

std::optional<complaint> http_url_or_none(std::string_view text) {
  return text.empty() ? std::nullopt : http_url(text);
}

std::optional<complaint> registry_url_or_none(std::string_view text) {
  auto bad = http_url_or_none(text);
  if (bad && authority_of(text).find('@') != text.npos) bad->remedy = "remove it; they have keys of their own: registry_user and registry_password_file";
  return bad;
}

std::optional<complaint> mail_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == text.npos || at == 0 || text.size() > 254 || !made_of(text.substr(at + 1), ".-") ||
      at + 1 == text.size() || !made_of(text.substr(0, at), ".!#$%&'*+/=?^_`{|}~-"))
    return wrong(text, "no mail address", "write for example ops@example.com");
  return std::nullopt;
}

std::optional<complaint> simple_name_or_none(std::string_view text) {
  return text.empty() ? std::nullopt : simple_name(text);
}

std::optional<complaint> simple_name(std::string_view text) {
  if (text.empty() || text.size() > 64 || !made_of(text, "._-"))
    return wrong(text, "no name", "use 1 to 64 letters, digits, '.', '_' and '-'");
  return std::nullopt;
}

std::optional<complaint> host(std::string_view text) {
  if (text.empty() || text.size() > limits::host_bytes_max || !made_of(text, "._-:"))
    return wrong(text, "no host",
                 "write the address the daemon reports, for example 10.98.163.137");
  return std::nullopt;
}

std::optional<complaint> host_or_none(std::string_view text) {
  return text.empty() ? std::nullopt : host(text);
}

std::optional<complaint> service(std::string_view text) {
  if (text.empty() || text.size() > 32 || !made_of(text, "._-"))
    return wrong(text, "no RV service", "write for example \"7500\"");
  return std::nullopt;
}

std::optional<complaint> network(std::string_view text) {
  if (text.size() > limits::label_bytes_max || !made_of(text, "._-:;,/"))
    return wrong(text, "no RV network string", "write for example \";239.1.1.1\" or \"\"");
  return std::nullopt;
}

std::optional<complaint> daemon_pattern(std::string_view text) {
  // '*' also covers '/', so "*" and "*/7500" are patterns too.
  const bool rooted = text.starts_with("rvd/") || text.starts_with('*');
  if (!rooted || text.size() > 256)
    return wrong(text, "no pattern over rvd/<host>/<service>",
                 text.find('/') == text.npos && !text.empty() && text.size() < 64
                     ? "write rvd/" + std::string{text} + "/*"
                     : "write for example \"rvd/10.98.*\"");
  return std::nullopt;
}

std::optional<complaint> alarm_pattern(std::string_view text) {
  if (text.find_first_of(" *") == text.npos || text.size() > 512)
    return wrong(text, "no pattern over <kind> <subject>", "write for example \"clients_* rvd/10.98.*\"");
  return std::nullopt;
}

std::optional<complaint> rv_subject(std::string_view text) {
  bool good = !text.empty() && text.size() <= limits::subject_bytes_max;
  std::size_t start = 0;
  while (good && start <= text.size()) {
    const std::size_t dot = std::min(text.find('.', start), text.size());
    const std::string_view element = text.substr(start, dot - start);
    if (element.empty()) good = false;
    // Wildcards stand for whole elements; '>' only at the end.
    if (element.size() > 1 && element.find_first_of("*>") != element.npos) good = false;
    if (element == ">" && dot != text.size()) good = false;
    start = dot + 1;
  }
  if (!good)
    return wrong(text, "no RV subject", "write for example \"_RV.*.SYSTEM.>\", 255 bytes at most");
  return std::nullopt;
}

void read_rate(std::string_view text, std::uint32_t& count, duration& window) {
  const std::size_t slash = text.find('/');
  std::uint32_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + std::min(slash, text.size()), number);
  if (slash == text.npos || ec != std::errc{} || end != text.data() + slash) return;
  const std::string_view unit = text.substr(slash + 1);
  if (unit != "s" && unit != "min" && unit != "h") return;
  count = number;
  window = unit == "s" ? duration{1s} : unit == "min" ? duration{1min} : duration{1h};
}

std::optional<complaint> rate_or_none(std::string_view text) {
  std::uint32_t count = 0;
  duration window{};
  read_rate(text, count, window);
  if (!text.empty() && (count == 0 || count > 1'000'000))
    return wrong(text, "no rate", "write for example 60/min, 5/s or 1000/h");
  return std::nullopt;
}

std::string_view private_target(std::string_view url) {
  std::string_view host_part = authority_of(url);
  unsigned port = 0;
  if (!host_part.empty() && host_part.front() == '[') {
    host_part = host_part.substr(1, host_part.find(']') - 1);
  } else {
    split_host_port(authority_of(url), host_part, port);
  }
  const std::string text{host_part.substr(0, 64)};
  if (text == "localhost" || text.ends_with(".localhost")) return "this machine";
  std::array<std::uint8_t, 4> v4;
  std::array<std::uint8_t, 16> v6;
  if (inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return private_kind(v4);
  if (inet_pton(AF_INET6, text.c_str(), v6.data()) == 1) return private_kind(v6);
  return {};
}

std::optional<complaint> not_empty(std::string_view text) {
  if (text.empty()) return complaint{"the text is empty", "give a value"};
  return std::nullopt;
}

std::optional<complaint> host_port_or_none(std::string_view text) { return text.empty() ? std::nullopt : host_port(text); }

bool is_surely_loopback(std::string_view text) {
  std::string_view host_part;
  unsigned port = 0;
  if (!split_host_port(text, host_part, port)) return false;
  const std::string host_text{host_part};
  std::array<std::uint8_t, 4> v4;
  return host_text == "localhost" || host_text == "::1" || (inet_pton(AF_INET, host_text.c_str(), v4.data()) == 1 && v4[0] == 127);
}

std::optional<complaint> host_ports_or_none(std::string_view text) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (auto bad = host_port(text.substr(0, comma))) return bad;
    if (comma == text.npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return wrong(",", "no address", "end without a comma");
  }
  return std::nullopt;
}

std::optional<complaint> topic(std::string_view text) {
  if (!text.empty() && text.size() <= 249 && made_of(text, "._-") && text != "." && text != "..") return std::nullopt;
  return wrong(text, "no name of a Kafka topic", "use letters, digits, '.', '_' and '-', at most 249");
}

std::optional<complaint> topic_or_none(std::string_view text) { return text.empty() ? std::nullopt : topic(text); }

std::string_view schema_pattern(keys::text_check check) {
  if (check == &topic) return "^[A-Za-z0-9._-]{1,249}$";
  if (check == &topic_or_none) return "^[A-Za-z0-9._-]{0,249}$";
  if (check == &host_port || check == &listen_address) return "^.+:[0-9]{1,5}$";
  if (check == &listen_address_or_none || check == &host_port_or_none) return "^(.+:[0-9]{1,5})?$";
  if (check == &http_url) return "^[hH][tT][tT][pP][sS]?://[^@]+$";
  if (check == &http_url_or_none || check == &registry_url_or_none) return "^([hH][tT][tT][pP][sS]?://[^@]+)?$";
  if (check == &mail_address) return "^[^@ ]+@[^@ ]+$";
  if (check == &simple_name_or_none) return "^[A-Za-z0-9._-]{0,64}$";
  if (check == &simple_name) return "^[A-Za-z0-9._-]{1,64}$";
  if (check == &host) return "^[A-Za-z0-9._:-]{1,64}$";
  if (check == &host_or_none) return "^[A-Za-z0-9._:-]{0,64}$";
  if (check == &daemon_pattern) return "^(rvd/|\\*)";
  if (check == &rate_or_none) return "^([0-9]+/(s|min|h))?$";
  if (check == &alarm_pattern) return "[ *]";
  if (check == &not_empty || check == &matchers) return ".";
  if (check == &time_of_day) return "^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^24:00$";
  if (check == &days_of_month) return "^-?[0-9]{1,2}(:-?[0-9]{1,2})?$";
  if (check == &weekdays || check == &months) return "^[A-Za-z0-9]+(:[A-Za-z0-9]+)?$";
  if (check == &years) return "^[0-9]{4}(:[0-9]{4})?$";
  if (check == &zone_name) return "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$";
  if (check == &label_name) return "^[A-Za-z_][A-Za-z0-9_.:-]*$";
  if (check == &group_label) return "^([A-Za-z_][A-Za-z0-9_.:-]*|\\.\\.\\.)$";
  return {};
}

bool is_http(std::string_view url) { return starts_with_scheme(url, "http://"); }

bool is_loopback(std::string_view text) {
  const std::string_view authority = authority_of(text);
  const std::string_view place = authority.empty() ? text : authority;
  return place.starts_with("127.") || place.starts_with("localhost") || place.starts_with("[::1]");
}

} // namespace tocsin::forms

// Forms a text value must have: addresses, URLs, names, patterns. One check per form, with its
// remedy.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/table.hpp"

namespace tocsin::forms {

using keys::complaint;

std::optional<complaint> host_port(std::string_view text); ///< "host:port", "[v6]:port", 1-65535
std::optional<complaint>
listen_address(std::string_view text); ///< as host_port, port 0 = any free one
std::optional<complaint> listen_address_or_none(std::string_view text);
std::optional<complaint> http_url(std::string_view text); ///< http:// or https://, no password
std::optional<complaint> http_url_or_none(std::string_view text);
std::optional<complaint> registry_url_or_none(std::string_view text); ///< the same, with the remedy of a schema registry
std::optional<complaint> mail_address(std::string_view text); ///< "local@domain"
std::optional<complaint> simple_name_or_none(std::string_view text);
std::optional<complaint> simple_name(std::string_view text);  ///< letters, digits, . _ -; 1 to 64
std::optional<complaint> host(std::string_view text);         ///< as it stands in a subject
std::optional<complaint> service(std::string_view text);      ///< as it stands in a subject
std::optional<complaint> host_or_none(std::string_view text);
std::optional<complaint> network(std::string_view text); ///< RV network string
std::optional<complaint>
daemon_pattern(std::string_view text);                      ///< glob over "rvd/<host>/<service>"
std::optional<complaint> alarm_pattern(std::string_view text); ///< glob over "<kind> <subject>"
std::optional<complaint> rv_subject(std::string_view text); ///< with '*' and '>' wildcards
std::optional<complaint> rate_or_none(std::string_view text); ///< "60/min", "5/s", "1000/h"
std::optional<complaint> line_fault(std::string_view text); ///< "step etch1.pressure 4 sd at 2m for 1m"
std::optional<complaint> not_empty(std::string_view text);
std::optional<complaint> host_ports_or_none(std::string_view text); ///< host_port, with commas between
std::optional<complaint> topic(std::string_view text); ///< of Kafka: letters, digits, . _ -; 1 to 249
std::optional<complaint> topic_or_none(std::string_view text);

/// The part of a check that a JSON Schema `pattern` can say; empty = nothing.
std::string_view schema_pattern(keys::text_check check);

/// Sets count and window of a rate that passed the check; leaves them for "".
void read_rate(std::string_view text, std::uint32_t& count, duration& window);

/// Why nobody would connect to this host or address without being told to: "a loopback address" …; empty = public, or
/// a name whose address only the DNS knows.
std::string_view private_target(std::string_view url);

bool is_http(std::string_view url); ///< http://, not https://
bool is_loopback(std::string_view host_port_or_url);
/// Whether nobody beyond this machine can be there: 127.0.0.0/8, [::1] or localhost, and no name that only begins so.
bool is_surely_loopback(std::string_view host_port);
std::optional<complaint> host_port_or_none(std::string_view text);

} // namespace tocsin::forms

// The HTTP face of a node: status page, health, metrics and the JSON API described in docs/openapi.yaml.
#pragma once

#include "actors/node.hpp"
#include "io/http_server.hpp"

namespace tocsin {

void add_routes(http_server& server, node& n);
/// Orders of people, alarms and silences.
void add_order_routes(http_server& server, node& n);
/// {"error": text} with that status.
http_response problem(int status, std::string_view text);

} // namespace tocsin
